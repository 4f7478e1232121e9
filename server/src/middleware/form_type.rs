//! Refuses what is posted to a form and is no form: a page elsewhere can send JSON or text only after asking, and nothing
//! here reads them.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What a browser's form can be (HTML, section 4.10.21.6).
const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];

/// Answers 415 to a post that declares no form.
pub async fn form_type(request: Request, next: Next) -> Response {
    if request.method() != Method::POST || is_form(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "This is no form.\n").into_response()
}

fn is_form(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = declared.and_then(|text| text.split(';').next()).unwrap_or_default();
    FORMS.iter().any(|form| essence.trim().eq_ignore_ascii_case(form))
}
