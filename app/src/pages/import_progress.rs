//! An import that is not at its end: how far it is, on its own page and on the platform's first one.

use super::import::address_of;
use crate::backend::imports::{ImportReport, Stage};
use crate::components::format;
use crate::components::html::{Html, Rendered};
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

/// How many rows have been worked through, as a bar and in numbers; of how many, where that is known.
pub(super) fn bar(locale: Locale, stage: Stage, rows_read: u64, to_do: Option<u64>) -> Html {
    let what = going_on(locale, stage);
    let read = format::grouped(rows_read);
    let (bar, said) = match to_do {
        Some(total) => {
            let percent = (rows_read.min(total) * 100 / total).to_string();
            let said = t!(
                locale,
                import.rows_of,
                read = read,
                total = format::grouped(total),
                percent = percent.clone()
            );
            let bar = view! { <progress class="progress progress-primary w-full" value=percent max="100" aria-label=what></progress> };
            (bar.rendered(), said)
        }
        None => {
            let bar = view! { <progress class="progress w-full" aria-label=what></progress> };
            (bar.rendered(), t!(locale, import.rows_so_far, read = read))
        }
    };
    view! {
        {bar}
        <p class="tabular-nums">{said}</p>
    }
    .rendered()
}

/// The import while it is worked on. A browser asks again by itself, until that is not wanted.
pub(super) fn progress(locale: Locale, report: &ImportReport, cancel: Option<Html>, still: bool) -> Html {
    let changed = report.rows_created + report.rows_updated;
    let to_do = report.stage.rows_to_do(report.rows_total, changed);
    let here = address_of(report.id);
    let (href, word) = if still {
        (here, t!(locale, import.refresh_on))
    } else {
        (format!("{here}?still=1"), t!(locale, import.refresh_off))
    };
    card(
        going_on(locale, report.stage),
        view! {
            {bar(locale, report.stage, report.rows_read, to_do)}
            <p class="text-sm">{t!(locale, import.goes_on)}</p>
        },
        view! {
            {cancel}
            <a class="link" href=href>{word}</a>
        },
    )
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

fn card(what: &'static str, inside: impl IntoView, below: impl IntoView) -> Html {
    view! {
        <div class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-3 max-w-2xl">
            <p class="font-medium" role="status">{what}</p>
            {inside.into_view()}
            <div class="flex flex-wrap items-center gap-4">{below.into_view()}</div>
        </div>
    }
    .rendered()
}
