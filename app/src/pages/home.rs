//! 首页: is this terminal all right, and how are the others?

use super::device_address;
use super::guard::{Answer, Visit, guarded};
use super::{home_care, home_imports, home_trend};
use crate::backend::device_log::LogQuery;
use crate::backend::terminals::TerminalCounts;
use crate::backend::verdicts::Health;
use crate::components::html::{Html, Rendered};
use crate::components::{
    failure, format::grouped, icon, log_table::log_table, scan, sn_field::sn_field, text_area::text_area, verdict,
    words,
};
use crate::domain::Outcome;
use crate::error::AppError;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// Failures that are shown.
const FAILURES: usize = 5;

/// Terminals that need attention and are shown.
const ATTENTION: usize = 5;

/// The box for a serial number, how the terminals are doing, the counts and the last failures.
#[component]
pub(super) fn HomePage() -> impl IntoView {
    guarded(home)
}

async fn home(visit: Visit) -> Result<Answer, AppError> {
    let locale = visit.locale();
    let counts = visit.backend.terminals.counts(&visit.caller).await?;
    let failed = LogQuery {
        outcome: Some(Outcome::Failure),
        ..LogQuery::default()
    };
    let mut failures = visit.backend.device_log.list(&visit.caller, &failed).await?.rows;
    failures.truncate(FAILURES);
    let health = visit.backend.verdicts.health(&visit.caller).await?;
    let health = health
        .filter(|health| health.looked_at > 0)
        .map(|health| attention(locale, &health));
    let days = visit.backend.trends.days(&visit.caller).await?;
    let trend = home_trend::trend(&visit, &days).await?;
    let (care, imports) = match visit.caller.platform_viewer() {
        Err(_) => (None, None),
        Ok(by) => (
            Some(home_care::care(&visit, &counts, &days).await?),
            home_imports::imports(&visit, by).await?,
        ),
    };
    let typed = visit.query.field("sn");
    let error = visit.query.get("find").and_then(|_| words::sn_fault(locale, &typed));
    let failures = if failures.is_empty() {
        view! { <p>{t!(locale, home.no_failures)}</p> }.rendered()
    } else {
        let caption = t!(locale, home.failures);
        view! {
            {log_table(locale, visit.rendering.now, visit.is_platform(), caption, failures)}
            <p class="mt-2">
                <a class="link" href="/logs?outcome=failure">{t!(locale, home.all_failures)}</a>
            </p>
        }
        .rendered()
    };
    let body = view! {
        <div class="flex flex-col gap-6">
            <section class="card bg-base-100 border border-base-300 p-4 md:p-6" aria-labelledby="find-title">
                <h2 class="text-lg font-semibold mb-2" id="find-title">{t!(locale, home.find_title)}</h2>
                <form class="flex flex-col gap-2 max-w-xl" method="get" action="/devices/find">
                    {sn_field(locale, typed, Some(t!(locale, home.find_hint)), error, true)}
                    <button class="btn btn-primary self-start" type="submit">{t!(locale, home.find)}</button>
                </form>
                <details class="max-w-xl">
                    <summary class="cursor-pointer font-medium py-2">{t!(locale, home.find_many)}</summary>
                    <form class="flex flex-col gap-2 pt-2" method="get" action="/devices/find">
                        {text_area(
                            "sn-list",
                            "sn",
                            t!(locale, home.find_many_label),
                            t!(locale, home.find_many_hint),
                            "",
                        )}
                        {scan::button(locale, "sn-list")}
                        <button class="btn self-start" type="submit">{t!(locale, home.find_many_submit)}</button>
                    </form>
                </details>
            </section>
            {notice(locale, visit.is_platform(), &counts)}
            {health}
            <section aria-labelledby="counts-title">
                <h2 class="text-lg font-semibold mb-2" id="counts-title">{t!(locale, home.counts)}</h2>
                {tally(locale, visit.is_platform(), &counts)}
            </section>
            {care}
            {trend}
            {imports}
            <section>
                <h2 class="text-lg font-semibold mb-2">{t!(locale, home.failures)}</h2>
                {failures}
            </section>
        </div>
    };
    Ok(Answer::page(t!(locale, common.home), body))
}

/// That there are terminals which are not registered, and what to do about it.
fn notice(locale: Locale, platform: bool, counts: &TerminalCounts) -> Option<impl IntoView + use<>> {
    let count = Some(counts.unregistered()).filter(|count| *count > 0).map(grouped)?;
    let (text, href, word) = if platform {
        let text = t!(locale, home.unregistered_notice_platform, count);
        (text, "/terminals?state=unregistered", t!(locale, home.see_them))
    } else {
        let text = t!(locale, home.unregistered_notice, count);
        (text, "/devices/register", t!(locale, home.register_now))
    };
    Some(view! {
        <div role="status" class="alert alert-warning alert-outline bg-base-100">
            {icon::icon(icon::WAITING)} <p class="text-base-content">{text}</p>
            <a class="btn btn-primary" href=href>{word}</a>
        </div>
    })
}

/// How many terminals are ready, and what is the matter with the rest.
fn attention(locale: Locale, health: &Health) -> impl IntoView + use<> {
    let (ready, all) = (grouped(health.ready), grouped(health.looked_at));
    let summary = t!(locale, home.ready_of, ready, all);
    let first_ones = health
        .more
        .then(|| view! { <p class="text-sm">{t!(locale, home.first_ones, count = grouped(health.looked_at))}</p> });
    let rows = health
        .obstructed
        .iter()
        .take(ATTENTION)
        .map(|one| {
            let said = verdict::said(locale, &one.verdict);
            let sn = one.row.sn.as_str();
            view! {
                <li class="py-3 flex flex-col gap-1">
                    <p class="flex flex-wrap items-center gap-x-3 gap-y-1">
                        <a class="link code" href=device_address(sn, Some(one.row.manufacturer.as_str()))>
                            {one.row.sn_printed.clone()}
                        </a>
                        <span>{one.row.name.clone()}</span>
                        <span class="font-medium text-error">{failure::linked(said.title, said.help)}</span>
                    </p>
                    {said.next.map(|next| view! { <p class="text-sm">{next}</p> })}
                </li>
            }
        })
        .collect_view();
    let others = health.obstructed.len().saturating_sub(ATTENTION);
    let others = (others > 0).then(|| {
        let count = grouped(others as u64);
        view! {
            <p>
                <a class="link" href="/devices?state=registered">{t!(locale, home.others, count)}</a>
            </p>
        }
    });
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6" aria-labelledby="attention-title">
            <h2 class="text-lg font-semibold" id="attention-title">{t!(locale, home.attention)}</h2>
            <p>{summary}</p>
            {first_ones}
            <ul class="divide-y divide-base-300">{rows}</ul>
            {others}
        </section>
    }
}

/// How many terminals are in which state, each a way to the list of them.
fn tally(locale: Locale, platform: bool, counts: &TerminalCounts) -> Html {
    let list = if platform { "/terminals" } else { "/devices" };
    let states = [
        ("", t!(locale, home.all), counts.all()),
        ("?state=registered", t!(locale, word.registered), counts.registered),
        (
            "?state=unregistered",
            t!(locale, word.unregistered),
            counts.unregistered(),
        ),
        ("?state=suspended", t!(locale, word.suspended), counts.suspended),
        ("?state=retired", t!(locale, word.retired), counts.retired),
    ];
    tiles(states.map(|(state, word, count)| (format!("{list}{state}"), word, grouped(count))))
}

/// Numbers with their words, each a way to what was counted.
pub(super) fn tiles(counted: impl IntoIterator<Item = (String, &'static str, String)>) -> Html {
    let tiles = counted
        .into_iter()
        .map(|(href, word, count)| {
            view! {
                <li>
                    <a
                        class="card bg-base-100 border border-base-300 p-4 h-full justify-between hover:border-primary"
                        href=href
                    >
                        <span>{word}</span>
                        <span class="text-3xl font-semibold tabular-nums">{count}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    view! { <ul class="grid gap-3 grid-cols-2 sm:grid-cols-3 lg:grid-cols-5">{tiles}</ul> }.rendered()
}
