//! `POST /language`: the language of the pages, remembered by a cookie.

use crate::state::AppState;
use app::request::{is_local, locale_of};
use axum::Form;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

/// Name of the cookie. The prefix `__Host-` (RFC 6265bis, section 4.1.3.2) needs `Secure`.
pub(super) fn cookie_name(secure: bool) -> &'static str {
    if secure {
        "__Host-tillkeeper_language"
    } else {
        "tillkeeper_language"
    }
}

/// A year in seconds.
const REMEMBERED: u32 = 365 * 24 * 60 * 60;

/// The form's fields.
#[derive(Deserialize)]
pub struct LanguageForm {
    language: String,
    #[serde(default)]
    back: String,
}

/// Remembers the language and leads back.
///
/// **Permissions:** anyone.
pub async fn language(State(state): State<AppState>, Form(form): Form<LanguageForm>) -> Response {
    let locale = locale_of(Some(&form.language), None);
    let name = cookie_name(state.front.secure);
    let secure = if state.front.secure { "; Secure" } else { "" };
    let cookie = format!("{name}={locale}; Path=/; Max-Age={REMEMBERED}; HttpOnly; SameSite=Lax{secure}");
    let back = if is_local(&form.back) { form.back.as_str() } else { "/" };
    ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
}
