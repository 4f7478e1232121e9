//! How the forms about signing in answer when they were sent too often: with the page that they lead back to, status 429
//! (RFC 6585) and when to try again. No redirect: nothing was done that a reload could do again. After the server functions of
//! pages it is the page that is redirected to which says so (`app/src/pages/guard.rs`).

use super::render::page;
use crate::retry_after::retry_after;
use crate::state::AppState;
use app::domain::Timestamp;
use app::flash::Flash;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;

/// The answer to a form; one that leads back because too much was tried is the page that it leads to.
pub(super) async fn or_turned_away(state: AppState, mut parts: Parts, answer: Response) -> Response {
    let Some((flash, until)) = throttled(&answer, state.front.secure) else {
        return answer;
    };
    let Some(Ok(to)) = location(&answer).map(str::parse) else {
        return answer;
    };
    let seconds = retry_after(state.surroundings.now(), until);
    parts.method = Method::GET;
    parts.uri = to;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.extensions.insert(flash);
    let mut shown = page(State(state), Request::from_parts(parts, Body::empty())).await;
    let answer = if matches!(shown.status(), StatusCode::OK | StatusCode::TOO_MANY_REQUESTS) {
        *shown.status_mut() = StatusCode::TOO_MANY_REQUESTS;
        shown
    } else {
        answer
    };
    let (mut head, body) = answer.into_parts();
    head.headers.insert(header::RETRY_AFTER, seconds.into());
    Response::from_parts(head, body)
}

fn location(answer: &Response) -> Option<&str> {
    answer.headers().get(header::LOCATION)?.to_str().ok()
}

/// The message of an answer and when to try again, when that is what it says.
fn throttled(answer: &Response, secure: bool) -> Option<(Flash, Timestamp)> {
    let name = Flash::cookie_name(secure);
    answer
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .filter_map(|cookie| cookie.to_str().ok())
        .filter_map(|cookie| cookie.split(';').next()?.split_once('='))
        .filter(|(known, _)| *known == name)
        .filter_map(|(_, value)| Flash::parse(value))
        .find_map(|flash| {
            let until = flash.retry_at()?;
            Some((flash, until))
        })
}
