//! `POST /preferences`: colours, size of text and single keys, remembered by a cookie.

use super::render::cookie;
use crate::state::AppState;
use app::preferences::Preferences;
use app::request::is_local;
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};

/// A year in seconds.
const REMEMBERED: u32 = 365 * 24 * 60 * 60;

/// Remembers what the form's fields say beside what was remembered before, and leads back.
///
/// **Permissions:** anyone.
pub async fn preferences(
    State(state): State<AppState>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let before = cookie(&headers, Preferences::COOKIE).map(Preferences::parse);
    let chosen = fields
        .iter()
        .fold(before.unwrap_or_default(), |preferences, (field, value)| {
            preferences.with(field, value)
        });
    let secure = if state.front.secure { "; Secure" } else { "" };
    let (name, value) = (Preferences::COOKIE, chosen.to_cookie());
    let cookie = format!("{name}={value}; Path=/; Max-Age={REMEMBERED}; HttpOnly; SameSite=Lax{secure}");
    let back = fields
        .iter()
        .find(|(field, back)| field == "back" && is_local(back))
        .map_or("/", |(_, back)| back);
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}
