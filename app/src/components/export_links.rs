//! The files that a list can be had as.

use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;

/// Links to the list at `path` as CSV and as a workbook: all rows that match `kept`, the query parameters of the list
/// without its place.
pub(crate) fn export_links(locale: Locale, path: &str, kept: &[(&str, &str)]) -> impl IntoView + use<> {
    let link = |ending: &str, word: &'static str| {
        let href = address(&format!("{path}/export.{ending}"), kept.iter().copied());
        // The name of the file is the answer's.
        view! {
            <a class="link tap min-h-8 content-center" href=href download="" rel="nofollow">
                {word}
            </a>
        }
    };
    view! { {link("csv", t!(locale, common.export_csv))} {link("xlsx", t!(locale, common.export_xlsx))} }
}
