//! `POST /preferences`: colours, size of text and single keys, remembered by a cookie.

use super::remembered::Remembered;
use super::render::cookie;
use crate::state::AppState;
use app::preferences::Preferences;
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

/// Remembers what the form's fields say beside what was remembered before, and leads back.
///
/// **Permissions:** anyone.
pub async fn preferences(
    State(state): State<AppState>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let secure = state.front.secure;
    let before = cookie(&headers, Remembered::Preferences.cookie_name(secure)).map(Preferences::parse);
    let chosen = fields
        .iter()
        .fold(before.unwrap_or_default(), |preferences, (field, value)| {
            preferences.with(field, value)
        });
    let back = fields.iter().find(|(field, _)| field == "back");
    let back = back.map_or("/", |(_, back)| back);
    Remembered::Preferences.answer(secure, chosen.to_cookie(), back)
}
