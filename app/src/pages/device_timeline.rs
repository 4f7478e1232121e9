//! The way of a terminal's registration, on its page: how far it has come and at which step it is stuck.

use super::help_address;
use crate::backend::codes::{CodeRow, CodeState};
use crate::backend::device_log::LogRow;
use crate::backend::terminals::Terminal;
use crate::components::html::{Html, Rendered};
use crate::components::{format, words};
use crate::domain::{ActorKind, Check, Finding, Lifecycle, LogKind, Timestamp, Told, Verdict};
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The last time that a terminal asked to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// When.
    at: Timestamp,
    /// Why it was refused, when it was.
    refused: Option<Told>,
}

/// A step: what it is, whether it is behind, since when, and what went wrong with it.
struct Step {
    word: &'static str,
    done: bool,
    at: Option<Timestamp>,
    trouble: Option<Told>,
}

/// The last time that the terminal itself asked, among the newest entries about its serial number. What is older than the
/// record was about another one.
pub(super) fn last_call(entries: &[LogRow], since: Timestamp) -> Option<Call> {
    let asked = |entry: &&LogRow| {
        entry.actor == ActorKind::Terminal
            && matches!(entry.kind, LogKind::RegistrationFailed | LogKind::RegistrationSucceeded)
            && entry.received >= since
    };
    entries.iter().find(asked).map(|entry| Call {
        at: entry.received,
        refused: entry.reason,
    })
}

/// The steps, each with its instant where one is known.
pub(super) fn timeline(
    locale: Locale,
    now: Timestamp,
    terminal: &Terminal,
    verdict: &Verdict,
    codes: &[CodeRow],
    call: Option<Call>,
) -> Html {
    let steps = steps(locale, terminal, verdict, codes, call);
    let going_on = !matches!(terminal.row.lifecycle, Lifecycle::Suspended | Lifecycle::Retired);
    let stuck = steps.iter().position(|step| !step.done).filter(|_| going_on);
    let steps = steps
        .into_iter()
        .enumerate()
        .map(|(place, step)| view_of(locale, now, step, stuck == Some(place)))
        .collect_view();
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6" aria-labelledby="timeline-title">
            <h2 class="text-lg font-semibold" id="timeline-title">{t!(locale, device.timeline)}</h2>
            <ol class="steps steps-vertical">{steps}</ol>
        </section>
    }
    .rendered()
}

fn steps(locale: Locale, terminal: &Terminal, verdict: &Verdict, codes: &[CodeRow], call: Option<Call>) -> [Step; 6] {
    let step = |word, done, at: Option<Timestamp>| Step {
        word,
        done,
        at: at.filter(|_| done),
        trouble: None,
    };
    let connected = terminal.connected;
    // A code that is over gets nobody further.
    let works = codes.iter().any(|code| code.state == CodeState::Issued);
    let issued = codes.first().map(|code| code.issued);
    let refused = call.and_then(|call| call.refused).filter(|_| connected.is_none());
    let app = verdict.checks.iter().find(|it| it.check == Check::AppInstalled);
    let app = app.filter(|it| it.finding == Finding::Pass);
    [
        step(t!(locale, device.step_assigned), terminal.row.merchant.is_some(), None),
        step(t!(locale, device.step_code), connected.is_some() || works, issued),
        Step {
            trouble: refused,
            ..step(
                t!(locale, device.step_called),
                connected.is_some() || call.is_some(),
                connected.or(call.map(|call| call.at)),
            )
        },
        step(t!(locale, device.step_connected), connected.is_some(), connected),
        step(t!(locale, device.step_app), app.is_some(), app.and_then(|it| it.as_of)),
        step(
            t!(locale, device.step_signed_in),
            terminal.signed_in.is_some(),
            terminal.signed_in,
        ),
    ]
}

fn view_of(locale: Locale, now: Timestamp, step: Step, here: bool) -> impl IntoView {
    let (class, state) = match (step.done, here) {
        (true, _) => ("step step-primary", t!(locale, device.done)),
        (false, true) => ("step step-warning", t!(locale, device.stuck)),
        (false, false) => ("step", t!(locale, device.to_come)),
    };
    let trouble = step.trouble.map(|told| {
        view! {
            <p class="text-sm">
                {t!(locale, device.step_refused)}
                <a class="link" href=help_address(told.code())>
                    {words::told(locale, told).title}
                </a>
            </p>
        }
    });
    view! {
        <li class=class data-content=step.done.then_some("✓") aria-current=here.then_some("step")>
            <div class="text-start py-2">
                <p class="font-medium">{step.word}</p>
                <p class="text-sm">{state}</p>
                {step.at.map(|at| view! { <p>{format::time(locale, now, at)}</p> })}
                {trouble}
            </div>
        </li>
    }
}
