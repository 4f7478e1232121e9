//! The one way in which the API refuses: problem details (RFC 9457) with a stable `code`.

use app::caller::RequestInfo;
use app::error::AppError;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem; always `about:blank`, the `code` tells them apart.
    #[serde(rename = "type")]
    #[schema(example = "about:blank")]
    kind: &'static str,
    /// The name of the status.
    #[schema(example = "Unprocessable Entity")]
    title: &'static str,
    /// The status of the response.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    status: u16,
    /// The stable code: what a program decides by.
    #[schema(example = "sn_or_code_wrong")]
    code: &'static str,
    /// What is wrong with this request, for a person.
    #[schema(value_type = String, example = "The serial number or the activation code is wrong.")]
    detail: Box<str>,
    /// Where in the body it is wrong, as a JSON pointer (RFC 6901); only of a body that is JSON and of the wrong form.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "/sn")]
    pointer: Option<Box<str>>,
    /// The request's id, which also stands in the header `x-request-id`: tell it to whoever helps.
    #[schema(value_type = String, example = "019aae2f5c5d7000b34fd0d9b1e2a3f4")]
    instance: Box<str>,
    #[serde(skip)]
    #[schema(ignore)]
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    /// A problem that is told as its code always is.
    pub fn new(status: StatusCode, code: &'static str) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: sentence(code).into(),
            pointer: None,
            instance: Box::default(),
            header: None,
        }
    }

    /// What an answer that nobody worded becomes.
    pub fn of_status(status: StatusCode) -> Self {
        let code = match status {
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::METHOD_NOT_ALLOWED => "method_not_allowed",
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "content_type",
            StatusCode::SERVICE_UNAVAILABLE => "timed_out",
            status if status.is_client_error() => "request_malformed",
            _ => "internal",
        };
        Self::new(status, code)
    }

    /// The same with what is wrong in particular.
    pub fn with_detail(self, detail: impl Into<Box<str>>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }

    /// The same with the place in the body, as a JSON pointer.
    pub fn at(self, pointer: impl Into<Box<str>>) -> Self {
        Self {
            pointer: Some(pointer.into()),
            ..self
        }
    }

    /// The same with a header of the answer; there is one.
    pub fn with_header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self {
            header: Some(Box::new((name, value))),
            ..self
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// What a code means, for a person who reads it at the terminal or in its log.
fn sentence(code: &str) -> &'static str {
    match code {
        "not_found" => "There is nothing at this address.",
        "method_not_allowed" => "This address does not take this method; the header Allow names those it takes.",
        "content_type" => "The body must be declared as application/json.",
        "body_too_large" => "The body is too large.",
        "body_unreadable" => "The body could not be read to its end.",
        "json_malformed" => "The body is no JSON.",
        "body_invalid" => "A field of the body is wrong.",
        "request_malformed" => "The request cannot be understood.",
        "timed_out" => "The answer took too long. Try again.",
        "unavailable" => "The service cannot be reached right now. Try again in half a minute.",
        "internal" => "Something broke. Try again; if it stays so, tell your platform the instance.",
        "idempotency_key_malformed" => "An Idempotency-Key has 1 to 255 visible ASCII characters, and comes once.",
        "idempotency_key_reused" => "This Idempotency-Key was used for another request. Take a fresh one.",
        "idempotency_key_running" => "The request with this Idempotency-Key is being worked on. Try again in a second.",
        "token_missing" => "Send the terminal's token: Authorization: Bearer <token>.",
        "token_invalid" => "This token is nobody's. Register the terminal with a fresh activation code.",
        "not_authorized" => "The app may not run on this terminal. The platform authorizes apps; remove it.",
        "not_in_this_state" => "The terminal's state does not allow it.",
        "sn_or_code_wrong" => "The serial number or the activation code is wrong.",
        "sn_malformed" => "This is no serial number.",
        "code_expired" => "The activation code has expired. Ask for a new one.",
        "code_used" => "The activation code was used before. Ask for a new one.",
        "code_revoked" => "The activation code was withdrawn. Use the newest one.",
        "merchant_suspended" => "The merchant is suspended. Its owner can ask the platform why.",
        "terminal_suspended" => "The terminal is suspended. Its merchant or the platform can resume it.",
        "terminal_retired" => "The terminal is retired and cannot be used again.",
        "model_mismatch" => "The platform's record says another model.",
        "quota_exceeded" => "The merchant has as many registered terminals as it may.",
        "too_many_attempts" => "Too many wrong attempts. The header Retry-After says when to try again.",
        _ => "The request was refused; the code says why.",
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let problem = Self::new(error.status(), error.code());
        match error {
            AppError::SerialNumber(error) => problem.with_detail(error.to_string()).at("/sn"),
            _ => problem,
        }
    }
}

/// The bare answer; [`rendered`] gives it its body once the request's id is known.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Gives an answer that is a problem its body. What was refused without a problem (by a layer or by the router) becomes
/// one by its status.
pub(super) fn rendered(mut response: Response, request: &RequestInfo) -> Response {
    let problem = response.extensions_mut().remove::<Problem>();
    let status = response.status();
    let problem = match problem {
        Some(problem) => problem,
        None if !(status.is_client_error() || status.is_server_error()) || is_problem(&response) => return response,
        None => Problem::of_status(status),
    };
    let problem = Problem {
        instance: request.id.as_str().into(),
        ..problem
    };
    let mut answer = (status, Json(&problem)).into_response();
    let headers = answer.headers_mut();
    // Such as the Allow of a method that is not taken.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            headers.append(name, value.clone());
        }
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if let Some((name, value)) = problem.header.map(|header| *header) {
        headers.insert(name, value);
    }
    answer
}

fn is_problem(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == MEDIA_TYPE)
}
