//! The verdict as people see it: the answer, and the checks that led to it.

use super::{format, icon, words};
use crate::components::html::{Html, Rendered};
use crate::domain::{Answer, Checked, Finding, Timestamp, Verdict};
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The answer in a word, for lists.
pub(crate) fn badge(locale: Locale, verdict: &Verdict) -> impl IntoView + use<> {
    let (class, drawing, word) = match verdict.answer() {
        Answer::Ready => (
            "badge badge-success gap-1 whitespace-nowrap",
            icon::OK,
            t!(locale, verdict.ready),
        ),
        Answer::NotSure(_) => (
            "badge badge-neutral gap-1 whitespace-nowrap",
            icon::UNKNOWN,
            t!(locale, verdict.not_sure),
        ),
        Answer::No(_) => (
            "badge badge-error gap-1 whitespace-nowrap",
            icon::ALERT,
            t!(locale, verdict.no),
        ),
    };
    view! {
        <span class=class>
            <svg class="size-4 shrink-0" aria-hidden="true">
                <use_ href=drawing />
            </svg>
            {word}
        </span>
    }
}

/// The answer in words alone, as a list has it.
pub(crate) fn answer_words(locale: Locale, answer: Answer) -> &'static str {
    match answer {
        Answer::Ready => t!(locale, verdict.ready),
        Answer::NotSure(_) => t!(locale, verdict.not_sure),
        Answer::No(obstacle) => words::obstacle(locale, obstacle).title,
    }
}

/// The answer in a line: for lists, where the state has a badge already.
pub(crate) fn line(locale: Locale, answer: Answer) -> Html {
    let (class, drawing) = match answer {
        Answer::Ready => ("size-4 shrink-0 text-success", icon::OK),
        Answer::NotSure(_) => ("size-4 shrink-0", icon::UNKNOWN),
        Answer::No(_) => ("size-4 shrink-0 text-error", icon::ALERT),
    };
    view! {
        <span class="inline-flex items-center gap-1">
            <svg class=class aria-hidden="true">
                <use_ href=drawing />
            </svg>
            {answer_words(locale, answer)}
        </span>
    }
    .rendered()
}

/// What the answer means, and what to do about it.
pub(crate) struct Said {
    /// What is the matter.
    pub(crate) title: &'static str,
    /// The same as a sentence.
    pub(crate) what: String,
    /// What to do next, when there is something to do.
    pub(crate) next: Option<&'static str>,
    /// Who can do it.
    pub(crate) who: Option<&'static str>,
    /// Where the help says more.
    pub(crate) help: Option<String>,
}

/// Puts the answer into words.
pub(crate) fn said(locale: Locale, verdict: &Verdict) -> Said {
    match verdict.answer() {
        Answer::Ready => Said {
            title: t!(locale, verdict.ready),
            what: t!(locale, verdict.ready_text).to_owned(),
            next: None,
            who: None,
            help: None,
        },
        Answer::NotSure(check) => Said {
            title: t!(locale, verdict.not_sure),
            what: t!(locale, verdict.not_sure_text, check = words::check(locale, check)),
            next: Some(t!(locale, verdict.not_sure_next)),
            who: None,
            help: None,
        },
        Answer::No(obstacle) => {
            let words::Texts { title, what, next, .. } = words::obstacle(locale, obstacle);
            Said {
                title,
                what: what.to_owned(),
                next: Some(next),
                who: Some(words::who_clears(locale, obstacle)),
                help: Some(crate::pages::help_address(obstacle.code())),
            }
        }
    }
}

/// The answer, large enough to be read across a counter.
pub(crate) fn answer(locale: Locale, verdict: &Verdict) -> Html {
    let (class, drawing, word) = match verdict.answer() {
        Answer::Ready => ("verdict verdict-ready", icon::OK, t!(locale, verdict.ready)),
        Answer::NotSure(_) => ("verdict", icon::UNKNOWN, t!(locale, verdict.not_sure)),
        Answer::No(_) => ("verdict verdict-no", icon::ALERT, t!(locale, verdict.no)),
    };
    let Said {
        title,
        what,
        next,
        who,
        help,
    } = said(locale, verdict);
    let reason = (title != word).then(|| view! { <p class="text-lg font-semibold">{title}</p> });
    view! {
        <section class=class aria-labelledby="verdict-title">
            <h2 class="sr-only" id="verdict-title">{t!(locale, verdict.title)}</h2>
            <p class="verdict-word">
                <svg class="size-8 shrink-0" aria-hidden="true">
                    <use_ href=drawing />
                </svg>
                {word}
            </p>
            {reason}
            <p>{what}</p>
            {next
                .map(|next| {
                    view! {
                        <p>
                            <strong>{t!(locale, failure.what_to_do)}</strong>
                            {next}
                        </p>
                    }
                })}
            <p class="text-sm">
                {who.map(|who| t!(locale, verdict.who, who))}
                {help
                    .map(|help| {
                        view! {
                            " "
                            <a class="link" href=help>
                                {t!(locale, verdict.more)}
                            </a>
                        }
                    })}
            </p>
        </section>
    }
    .rendered()
}

/// All checks in their order, each with the instant that it is true as of.
pub(crate) fn checklist(locale: Locale, now: Timestamp, verdict: &Verdict) -> Html {
    let checks = verdict
        .checks
        .iter()
        .map(|checked| check(locale, now, checked))
        .collect_view();
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-2" aria-labelledby="checklist-title">
            <h2 class="text-lg font-semibold" id="checklist-title">{t!(locale, verdict.checklist)}</h2>
            <p class="text-sm">{t!(locale, verdict.checklist_text)}</p>
            <ol class="flex flex-col divide-y divide-base-300">{checks}</ol>
        </section>
    }
    .rendered()
}

fn check(locale: Locale, now: Timestamp, checked: &Checked) -> impl IntoView + use<> {
    let (class, drawing, word) = match checked.finding {
        Finding::Pass => ("size-5 shrink-0 text-success", icon::OK, t!(locale, verdict.pass)),
        Finding::Fail(_) => ("size-5 shrink-0 text-error", icon::ALERT, t!(locale, verdict.fail)),
        Finding::Unknown => ("size-5 shrink-0", icon::UNKNOWN, t!(locale, verdict.unknown)),
    };
    let matter = match checked.finding {
        Finding::Fail(obstacle) => {
            let href = crate::pages::help_address(obstacle.code());
            let title = words::obstacle(locale, obstacle).title;
            view! { <a class="link font-medium" href=href>{title}</a> }.rendered()
        }
        Finding::Pass | Finding::Unknown => words::check(locale, checked.check).rendered(),
    };
    let age = match checked.as_of {
        Some(at) => format::age(locale, now, at),
        None => t!(locale, verdict.never_told).to_owned(),
    };
    view! {
        <li class="flex items-center gap-2 py-2">
            <svg class=class aria-hidden="true">
                <use_ href=drawing />
            </svg>
            <span class="sr-only">{word}</span>
            <span class="grow">{matter}</span>
            <span class="text-sm text-end">{age}</span>
        </li>
    }
}
