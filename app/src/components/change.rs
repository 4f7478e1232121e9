//! A value that changes: what it was, and what it is.

use super::format;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The value before, where one is told, and after. Each is written in its own direction.
pub(crate) fn change(locale: Locale, before: Option<String>, after: Option<String>) -> impl IntoView {
    let before = before.map(|before| {
        view! {
            <span class="sr-only">{t!(locale, audit.before)}</span>
            <del>
                <bdi>{before}</bdi>
            </del>
            " → "
        }
    });
    view! {
        {before}
        <span class="sr-only">{t!(locale, audit.after)}</span>
        " "
        <ins class="no-underline">
            <bdi>{after.unwrap_or_else(|| format::NOTHING.to_owned())}</bdi>
        </ins>
    }
}
