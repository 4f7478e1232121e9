//! A terminal's state and a log entry's outcome: icon, word and colour.

use super::{icon, words};
use crate::domain::{Lifecycle, Outcome};
use crate::i18n::Locale;
use leptos::prelude::*;

/// A terminal's state.
pub(crate) fn lifecycle(locale: Locale, lifecycle: Lifecycle) -> impl IntoView {
    let (class, href) = match lifecycle {
        Lifecycle::Unassigned | Lifecycle::Awaiting => ("badge badge-warning gap-1 whitespace-nowrap", icon::WAITING),
        Lifecycle::Registered => ("badge badge-success gap-1 whitespace-nowrap", icon::OK),
        Lifecycle::Suspended => ("badge badge-error gap-1 whitespace-nowrap", icon::SUSPENDED),
        Lifecycle::Retired => ("badge badge-neutral gap-1 whitespace-nowrap", icon::RETIRED),
    };
    badge(class, href, words::lifecycle(locale, lifecycle))
}

/// How something ended.
pub(crate) fn outcome(locale: Locale, outcome: Outcome) -> impl IntoView {
    let (class, href) = match outcome {
        Outcome::Success => ("badge badge-success gap-1 whitespace-nowrap", icon::OK),
        Outcome::Failure => ("badge badge-error gap-1 whitespace-nowrap", icon::ALERT),
        Outcome::Info => ("badge badge-neutral gap-1 whitespace-nowrap", icon::LOG),
    };
    badge(class, href, words::outcome(locale, outcome))
}

/// An icon and a word in a colour.
pub(super) fn badge(class: &'static str, href: &'static str, word: &'static str) -> impl IntoView {
    view! {
        <span class=class>
            <svg class="size-4 shrink-0" aria-hidden="true">
                <use_ href=href />
            </svg>
            {word}
        </span>
    }
}
