//! Refuses requests that change something and come from another site's page (cross-site request forgery).
//!
//! Browsers say where a request comes from in `Sec-Fetch-Site` (W3C Fetch Metadata) or, older ones, in `Origin` (RFC 6454).
//! A request with neither is no browser's form and carries no cookie that a browser would have added.

use crate::state::{AppState, Front};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Answers 403 to unsafe methods from other sites.
pub async fn origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || is_own(request.headers(), &state.front) {
        return next.run(request).await;
    }
    tracing::warn!(path = request.uri().path(), "refused a request from another site");
    (StatusCode::FORBIDDEN, "This request comes from another site.\n").into_response()
}

fn is_own(headers: &HeaderMap, front: &Front) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(&header::ORIGIN) else {
        return !headers.contains_key(header::ORIGIN);
    };
    match &front.public_origin {
        Some(public) => origin.eq_ignore_ascii_case(public),
        None => text(&header::HOST).is_some_and(|host| origin.eq_ignore_ascii_case(&format!("http://{host}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn own(public: Option<&str>, headers: &[(&'static str, &'static str)]) -> bool {
        let front = Front {
            public_origin: public.map(str::to_owned),
            secure: false,
            trusted_proxies: Vec::new(),
            require_second_factor: true,
            site_dir: Default::default(),
        };
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_own(&headers, &front)
    }

    #[test]
    fn forms_of_this_site_and_no_others() {
        let public = Some("https://pos.example");
        assert!(own(public, &[("sec-fetch-site", "same-origin")]));
        assert!(own(public, &[("origin", "https://pos.example")]));
        assert!(own(
            None,
            &[("origin", "http://localhost:3000"), ("host", "localhost:3000")]
        ));
        assert!(own(public, &[]));
        assert!(!own(public, &[("sec-fetch-site", "cross-site")]));
        assert!(!own(public, &[("sec-fetch-site", "same-site")]));
        assert!(!own(
            public,
            &[("sec-fetch-site", "cross-site"), ("origin", "https://pos.example")]
        ));
        assert!(!own(public, &[("origin", "null")]));
        assert!(!own(public, &[("origin", "https://pos.example.evil")]));
        assert!(!own(None, &[("origin", "http://evil"), ("host", "localhost:3000")]));
    }
}
