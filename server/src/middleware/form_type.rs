//! Refuses what is posted to a form and is no form: a page elsewhere can send JSON or text only after asking, and nothing
//! here reads them.

use app::pages::UPLOADS;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What a browser's form can be (HTML, section 4.10.21.6).
const URL_ENCODED: &str = "application/x-www-form-urlencoded";
/// What a form that carries a file is.
const IN_PARTS: &str = "multipart/form-data";

/// Answers 415 to a post that declares no form.
pub async fn form_type(request: Request, next: Next) -> Response {
    if request.method() != Method::POST || is_form(request.uri().path(), request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "This is no form.\n").into_response()
}

fn is_form(path: &str, headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (essence, parameters) = declared.map_or(("", ""), |text| text.split_once(';').unwrap_or((text, "")));
    let is = |form: &str| essence.trim().eq_ignore_ascii_case(form);
    // Parts without a boundary between them cannot be read (RFC 7578, section 4.1).
    let in_parts = is(IN_PARTS) && parameters.to_ascii_lowercase().contains("boundary=");
    in_parts || (is(URL_ENCODED) && !UPLOADS.contains(&path))
}
