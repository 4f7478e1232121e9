//! What whoever asks sees of an answer.

use crate::client::Answer;
use axum::http::StatusCode;
use std::fmt;

/// How an address answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It does what it is for.
    Yes,
    /// It leads to the sign-in page.
    SignIn,
    /// It is not there, or what it is about is not.
    Missing,
    /// It is there, and not for this role.
    Forbidden,
    /// A terminal's token is needed, whoever is signed in.
    Token,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Seen::Yes => "yes",
            Seen::SignIn => "sign in",
            Seen::Missing => "404",
            Seen::Forbidden => "403",
            Seen::Token => "token",
        })
    }
}

/// What whoever asked was told.
pub(super) fn seen(path: &str, answer: &Answer) -> Seen {
    let location = answer.location().unwrap_or_default();
    // The message for the next page is a cookie.
    let told = |code: &str| {
        let cookies = answer.headers.get_all("set-cookie").iter();
        let needle = format!("%22code%22%3A%22{code}%22");
        cookies
            .filter_map(|cookie| cookie.to_str().ok())
            .any(|cookie| cookie.contains(&needle))
    };
    match answer.status {
        StatusCode::UNAUTHORIZED => Seen::Token,
        StatusCode::NOT_FOUND => Seen::Missing,
        StatusCode::FORBIDDEN => Seen::Forbidden,
        StatusCode::SEE_OTHER if told("not_found") => Seen::Missing,
        StatusCode::SEE_OTHER if told("forbidden") => Seen::Forbidden,
        StatusCode::SEE_OTHER if location.starts_with("/sign-in") && !path.starts_with("/sign") => {
            if path == "/actions/welcome" {
                Seen::Yes
            } else {
                Seen::SignIn
            }
        }
        _ => Seen::Yes,
    }
}
