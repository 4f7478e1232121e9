//! How far work in the background has come, on a page that a browser asks for again by itself.

use super::guard::Visit;
use crate::components::html::{Html, Rendered};
use crate::i18n::{Locale, t};
use http::{HeaderName, HeaderValue};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;

/// Makes a browser ask again, with or without scripts (HTML, section 7.11.1).
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// Work that is under way.
pub(super) struct Progress {
    /// What is being done.
    pub(super) what: &'static str,
    /// How much of it is done.
    pub(super) done: u64,
    /// How much there is, where that is known.
    pub(super) total: Option<u64>,
    /// The same in words.
    pub(super) said: String,
    /// The page's address.
    pub(super) here: String,
    /// The form that stops it.
    pub(super) cancel: Option<Html>,
}

/// Whether whoever looks does not want the page asked for again by itself.
fn is_still(visit: &Visit) -> bool {
    visit.query.get("still").is_some()
}

/// Lets the page be asked for again in a while, unless that is not wanted.
pub(super) fn again_soon(visit: &Visit, response: Option<&ResponseOptions>) {
    if let Some(response) = response.filter(|_| !is_still(visit)) {
        // Seconds until then.
        response.insert_header(REFRESH, HeaderValue::from_static("2"));
    }
}

/// So many of a hundred.
pub(super) fn percent(done: u64, total: u64) -> u64 {
    done.min(total) * 100 / total.max(1)
}

/// How much of some work is done, as a bar and in words; of how much, where that is known.
pub(super) fn bar(what: &'static str, done: u64, total: Option<u64>, said: String) -> Html {
    let bar = match total.filter(|total| *total > 0) {
        Some(total) => {
            let percent = percent(done, total).to_string();
            view! { <progress class="progress progress-primary w-full" value=percent max="100" aria-label=what></progress> }
                .rendered()
        }
        None => view! { <progress class="progress w-full" aria-label=what></progress> }.rendered(),
    };
    view! {
        {bar}
        <p class="tabular-nums">{said}</p>
    }
    .rendered()
}

/// The work while it is under way.
pub(super) fn progress(locale: Locale, visit: &Visit, work: Progress) -> Html {
    let (href, word) = if is_still(visit) {
        (work.here, t!(locale, import.refresh_on))
    } else {
        (format!("{}?still=1", work.here), t!(locale, import.refresh_off))
    };
    card(
        work.what,
        view! {
            {bar(work.what, work.done, work.total, work.said)}
            <p class="text-sm">{t!(locale, import.goes_on)}</p>
        },
        view! {
            {work.cancel}
            <a class="link" href=href>{word}</a>
        },
    )
}

/// What is going on, more of it, and what can be done about it.
pub(super) fn card(what: &'static str, inside: impl IntoView, below: impl IntoView) -> Html {
    view! {
        <div class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-3 max-w-2xl">
            <p class="font-medium" role="status">{what}</p>
            {inside.into_view()}
            <div class="flex flex-wrap items-center gap-4">{below.into_view()}</div>
        </div>
    }
    .rendered()
}
