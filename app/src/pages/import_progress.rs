//! An import that is not at its end: how far it is, on its own page and on the platform's first one.

use super::guard::Visit;
use super::import::address_of;
use super::progress::{self, Progress, card, percent};
use crate::backend::imports::{ImportReport, Stage};
use crate::components::format;
use crate::components::html::Html;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// What is going on.
fn going_on(locale: Locale, stage: Stage) -> &'static str {
    match stage {
        Stage::Running => t!(locale, import.is_running),
        Stage::Undoing => t!(locale, import.is_undoing),
        _ => t!(locale, import.is_checking),
    }
}

/// How many rows have been worked through, in words; of how many, where that is known.
fn said(locale: Locale, rows_read: u64, to_do: Option<u64>) -> String {
    let read = format::grouped(rows_read);
    match to_do {
        Some(total) => t!(
            locale,
            import.rows_of,
            read = read,
            total = format::grouped(total),
            percent = percent(rows_read, total).to_string()
        ),
        None => t!(locale, import.rows_so_far, read = read),
    }
}

/// The same with a bar.
pub(super) fn bar(locale: Locale, stage: Stage, rows_read: u64, to_do: Option<u64>) -> Html {
    progress::bar(
        going_on(locale, stage),
        rows_read,
        to_do,
        said(locale, rows_read, to_do),
    )
}

/// The import while it is worked on. A browser asks again by itself, until that is not wanted.
pub(super) fn progress(visit: &Visit, report: &ImportReport, cancel: Option<Html>) -> Html {
    let locale = visit.locale();
    let changed = report.rows_created + report.rows_updated;
    let total = report.stage.rows_to_do(report.rows_total, changed);
    let work = Progress {
        what: going_on(locale, report.stage),
        done: report.rows_read,
        total,
        said: said(locale, report.rows_read, total),
        here: address_of(report.id),
        cancel,
    };
    progress::progress(locale, visit, work)
}

/// The import while its file is being sent, or after somebody has stopped sending it: no server goes on with it.
pub(super) fn sending(locale: Locale, report: &ImportReport, cancel: Option<Html>) -> Html {
    card(
        t!(locale, import.is_uploading),
        view! { <p>{t!(locale, import.uploading_hint)}</p> },
        view! {
            {cancel}
            <a class="link" href=address_of(report.id)>{t!(locale, import.look_again)}</a>
        },
    )
}
