//! Gives what was refused or broke without a page its page: in the reader's language, with the request's id, what to do and
//! a way back. Programs, which ask for no page, are answered as before.

use crate::pages;
use crate::state::AppState;
use app::caller::{Caller, RequestInfo};
use app::pages::Trouble;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

/// Whose answers are for programs.
const PROGRAMS: [&str; 4] = ["/api", "/healthz", "/readyz", "/pkg"];

/// Seconds after which it is worth trying again when the server could not answer.
const AGAIN: HeaderValue = HeaderValue::from_static("30");

/// Renders a page for an error without one. It lies within [`super::request_info`], which gives the id, and around
/// everything that can fail, also by panicking.
pub async fn error_pages(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !is_for_a_page(&request) {
        return next.run(request).await;
    }
    let mut again = Request::new(Body::empty());
    *again.uri_mut() = request.uri().clone();
    *again.headers_mut() = request.headers().clone();
    if let Some(info) = request.extensions().get::<RequestInfo>() {
        again.extensions_mut().insert(info.clone());
    }
    let safe = request.method().is_safe();
    *again.method_mut() = Method::GET;
    let mut response = next.run(request).await;
    let status = response.status();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().entry(header::RETRY_AFTER).or_insert(AGAIN);
    }
    if !(status.is_client_error() || status.is_server_error()) || is_page(&response) {
        return response;
    }
    if let Some(caller) = response.extensions_mut().remove::<Option<Caller>>() {
        again.extensions_mut().insert(caller);
    }
    let mut page = pages::trouble(&state, again, Trouble { status, safe }).await;
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            page.headers_mut().append(name, value.clone());
        }
    }
    page
}

/// Whether it was a browser that wants to show something.
fn is_for_a_page(request: &Request) -> bool {
    let path = request.uri().path();
    let mut below = PROGRAMS.iter().filter_map(|start| path.strip_prefix(start));
    let program = below.any(|rest| rest.is_empty() || rest.starts_with('/'));
    let accepted = request.headers().get(header::ACCEPT);
    !program && accepted.is_some_and(|accepted| accepted.as_bytes().windows(9).any(|part| part == b"text/html"))
}

fn is_page(response: &Response) -> bool {
    let declared = response.headers().get(header::CONTENT_TYPE);
    declared.is_some_and(|declared| declared.as_bytes().starts_with(b"text/html"))
}
