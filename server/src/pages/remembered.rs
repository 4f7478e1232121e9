//! What a browser remembers for a year of whoever reads: the language, and how the pages look.

use app::request::is_local;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use std::fmt::Display;

/// A year in seconds.
const REMEMBERED: u32 = 365 * 24 * 60 * 60;

/// What is remembered, each in a cookie of its own.
#[derive(Clone, Copy)]
pub(super) enum Remembered {
    /// The language of the pages.
    Language,
    /// How they look and are worked.
    Preferences,
}

impl Remembered {
    /// Name of the cookie. The prefix `__Host-` (RFC 6265bis, section 4.1.3.2) needs `Secure`.
    pub(super) fn cookie_name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Language, true) => "__Host-tillkeeper_language",
            (Self::Language, false) => "tillkeeper_language",
            (Self::Preferences, true) => "__Host-tillkeeper_preferences",
            (Self::Preferences, false) => "tillkeeper_preferences",
        }
    }

    /// Remembers a value, in which no character needs escaping, and leads `back`; to the first page when that is elsewhere.
    pub(super) fn answer(self, secure: bool, value: impl Display, back: &str) -> Response {
        let (name, secure) = (self.cookie_name(secure), if secure { "; Secure" } else { "" });
        let cookie = format!("{name}={value}; Path=/; Max-Age={REMEMBERED}; HttpOnly; SameSite=Lax{secure}");
        let back = if is_local(back) { back } else { "/" };
        ([(header::SET_COOKIE, cookie)], Redirect::to(back)).into_response()
    }
}
