//! The way to the pages before and after.

use crate::backend::page::{Cursor, Page};
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;

/// Links to the pages before and after; nothing when there is only one. `kept` are the other query parameters.
pub(crate) fn pager<T>(locale: Locale, page: &Page<T>, path: &str, kept: &[(&str, &str)]) -> impl IntoView + use<T> {
    let link = |cursor: Option<&Cursor>, rel: &'static str, word: &'static str| {
        cursor.map(|cursor| {
            let place = cursor.to_string();
            let here = [(cursor.parameter(), place.as_str())];
            let href = address(path, kept.iter().copied().chain(here));
            view! { <a class="btn" rel=rel href=href>{word}</a> }
        })
    };
    let previous = link(page.previous.as_ref(), "prev", t!(locale, common.previous));
    let next = link(page.next.as_ref(), "next", t!(locale, common.next));
    (previous.is_some() || next.is_some()).then(|| {
        view! {
            <nav class="flex gap-2 mt-4" aria-label=t!(locale, common.pages)>
                {previous}
                {next}
            </nav>
        }
    })
}
