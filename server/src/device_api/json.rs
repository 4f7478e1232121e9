//! Request bodies: JSON or a problem.

use super::problem::Problem;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

/// Most characters of a message that repeats what was sent.
const DETAIL_CHARS: usize = 300;

/// A JSON body (RFC 8259) of the media type `application/json`. A field that nobody knows, or one of the wrong form, is
/// refused with its name and its place.
pub(super) struct JsonBody<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type"));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let code = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
                _ => "body_unreadable",
            };
            Problem::new(rejection.status(), code)
        })?;
        parse(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // What is wrong is looked for only where something is: keeping the path takes time.
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        let error = error.into_inner();
        let invalid = |detail: &str| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid")
                .with_detail(detail)
                .at(pointer)
        };
        match error.classify() {
            Category::Data => invalid(&cut(&error.to_string())),
            // serde_json calls it no JSON when anything but a text stands where a code must.
            Category::Syntax if serde_json::from_slice::<IgnoredAny>(body).is_ok() => {
                invalid("the value has the wrong type")
            }
            Category::Syntax | Category::Eof | Category::Io => malformed(&error),
        }
    })?;
    json.end().map_err(|error| malformed(&error))?;
    Ok(value)
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "json_malformed").with_detail(cut(&error.to_string()))
}

fn cut(message: &str) -> String {
    message.chars().take(DETAIL_CHARS).collect()
}

/// A path as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |pointer, segment| match segment {
        Segment::Seq { index } => format!("{pointer}/{index}"),
        Segment::Map { key } | Segment::Enum { variant: key } => {
            let key: String = key.chars().take(DETAIL_CHARS).collect();
            format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
        }
        Segment::Unknown => pointer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Body {
        #[expect(dead_code, reason = "only its form matters")]
        apps: Vec<App>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct App {
        #[expect(dead_code, reason = "only its form matters")]
        version: String,
    }

    fn told(body: &str) -> (String, String) {
        let problem = parse::<Body>(body.as_bytes()).unwrap_err();
        let problem = serde_json::to_value(&problem).unwrap();
        let text = |name: &str| problem[name].as_str().unwrap_or("-").to_owned();
        (format!("{} {}", text("code"), text("pointer")), text("detail"))
    }

    #[test]
    fn the_wrong_place_is_named() {
        let version = r#"{"apps":[{"version":"1"},{"version":2}]}"#;
        assert_eq!(told(version).0, "body_invalid /apps/1/version");
        let (what, detail) = told(r#"{"apps":[],"a/b~":1}"#);
        assert_eq!(what, "body_invalid /a~1b~0");
        assert!(detail.contains("unknown field `a/b~`"), "{detail}");
        assert_eq!(told("{}").0, "body_invalid ");
        assert_eq!(told("[]").0, "body_invalid ");
        assert_eq!(told(r#"{"apps":[]} x"#).0, "json_malformed -");
        assert_eq!(told(r#"{"apps":["#).0, "json_malformed -");
        assert_eq!(told("\u{feff}{}").0, "json_malformed -");
        assert!(told(&format!("{{\"{}\":1}}", "x".repeat(9000))).1.chars().count() <= DETAIL_CHARS);
    }
}
