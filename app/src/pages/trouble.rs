//! What is shown where no page could answer: what a layer refused, what took too long, what broke.

use super::guard;
use crate::i18n::{Locale, t};
use http::StatusCode;
use leptos::prelude::*;

/// An answer that had no page. The server puts it into the context instead of asking the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its status.
    pub status: StatusCode,
    /// Whether the request only asked for something, so that its address can be asked for again (RFC 9110, section 9.2.1).
    pub safe: bool,
}

impl Trouble {
    /// The code of the words.
    fn code(self) -> &'static str {
        match self.status {
            StatusCode::FORBIDDEN => "foreign_form",
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => "not_found",
            StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
            StatusCode::TOO_MANY_REQUESTS => crate::domain::Reason::TooManyAttempts.code(),
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            status if status.is_client_error() => crate::error::Invalid::Form.code(),
            _ => "internal",
        }
    }
}

/// The page.
#[component]
pub(crate) fn TroublePage(trouble: Trouble) -> impl IntoView {
    guard::trouble(trouble.status, trouble.code(), trouble.safe)
}

/// The title and the sentence of the codes that only this page has.
pub(crate) fn words(locale: Locale, code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "foreign_form" => (
            t!(locale, failure.foreign_form.title),
            t!(locale, failure.foreign_form.text),
        ),
        "body_too_large" => (
            t!(locale, failure.body_too_large.title),
            t!(locale, failure.body_too_large.text),
        ),
        "unavailable" => (
            t!(locale, failure.unavailable.title),
            t!(locale, failure.unavailable.text),
        ),
        _ => return None,
    })
}
