//! 设备日志: what happened to the terminals.

use super::guard::{Answer, Visit, guarded};
use crate::backend::device_log::{LogQuery, LogRow};
use crate::backend::page::Cursor;
use crate::components::field::{Field, select};
use crate::components::html::Rendered;
use crate::components::{empty::empty, format, log_table::log_table, pager::pager, words};
use crate::domain::{LogKind, Outcome, Timestamp, Told};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;
use strum::VariantArray;

/// The query parameters of the list, without its place.
const FILTERS: [&str; 6] = ["sn", "kind", "outcome", "reason", "from", "to"];

/// Where the list can be had as a file.
pub const EXPORT: &str = "/logs/export.csv";

/// What happened, and why not, in words: two cells of the file.
pub fn words(locale: Locale, row: &LogRow) -> (&'static str, &'static str) {
    let why = row.reason.map_or("", |told| words::told(locale, told).title);
    (words::log_kind(locale, row.kind), why)
}

/// The log within the caller's scope.
#[component]
pub(super) fn LogsPage() -> impl IntoView {
    guarded(logs)
}

async fn logs(visit: Visit) -> Result<Answer, AppError> {
    let (locale, platform) = (visit.locale(), visit.is_platform());
    let page = visit
        .backend
        .device_log
        .list(&visit.caller, &asked(&visit.query))
        .await?;
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let pager = pager(locale, &page, "/logs", &kept);
    let list = if !page.rows.is_empty() {
        let caption = t!(locale, log.caption);
        log_table(locale, visit.rendering.now, platform, caption, page.rows).rendered()
    } else if narrowed {
        let way = Some(("/logs".to_owned(), t!(locale, common.clear)));
        empty(t!(locale, log.nothing_found), t!(locale, log.nothing_found_text), way).rendered()
    } else {
        empty(t!(locale, log.empty), t!(locale, log.empty_text), None).rendered()
    };
    let export = address(EXPORT, kept);
    let body = view! {
        {form(locale, platform, &visit.query, narrowed)}
        <p class="flex flex-wrap gap-x-4 gap-y-2 mb-4">
            {recent(locale, visit.rendering.now, &kept)}
            <a class="link tap" href=export download="device-log.csv">
                {t!(locale, log.export)}
            </a>
        </p>
        {list}
        {pager}
    };
    Ok(Answer::page(t!(locale, common.logs), body))
}

/// What the query parameters ask for. What is malformed asks for nothing; the form says so of a date.
pub fn asked(query: &Query) -> LogQuery {
    let date = |name| query.date(name).ok().flatten();
    LogQuery {
        sn: query.text("sn"),
        kind: query.get("kind").and_then(|kind| kind.parse().ok()),
        outcome: query.get("outcome").and_then(|outcome| outcome.parse().ok()),
        reason: query.get("reason").and_then(Told::parse),
        from: date("from").and_then(format::day_begins),
        until: date("to").and_then(format::day_ends),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
}

/// Ways to the last days, with the other filters as they are.
fn recent(locale: Locale, now: Timestamp, kept: &[(&str, &str)]) -> impl IntoView + use<> {
    let choices = [
        (0, t!(locale, log.today)),
        (6, t!(locale, log.week)),
        (29, t!(locale, log.month)),
    ];
    choices
        .into_iter()
        .map(|(days, word)| {
            let from = format::day(now.plus_ms(-days * Timestamp::DAY_MS));
            let other = kept.iter().copied().filter(|(name, _)| !matches!(*name, "from" | "to"));
            let here = kept.contains(&("from", from.as_str())) && kept.contains(&("to", ""));
            let href = address("/logs", other.chain([("from", from.as_str())]));
            view! {
                <a class="link tap aria-[current]:font-bold" href=href aria-current=here.then_some("true")>
                    {word}
                </a>
            }
        })
        .collect_view()
}

/// Whether a reader can ever be shown a reason: merchants are told one reason for several, the platform never that one.
fn can_be_told(platform: bool, told: Told) -> bool {
    match told {
        Told::SnOrCodeWrong => !platform,
        Told::Itself(reason) => platform || reason.told(true) == told,
    }
}

fn form(locale: Locale, platform: bool, query: &Query, narrowed: bool) -> impl IntoView + use<> {
    let field = |name, label: &str, kind, error| Field {
        name,
        label: label.to_owned(),
        kind,
        error,
        value: query.field(name),
        ..Field::default()
    };
    let date_field = |name, label| {
        let error = query
            .date(name)
            .err()
            .map(|found| t!(locale, failure.date_wrong, found));
        field(name, label, "date", error).view()
    };
    let any = || std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let option = |code: &str, word: &str| (code.to_owned(), word.to_owned());
    let kinds = LogKind::VARIANTS
        .iter()
        .map(|kind| option(kind.code(), words::log_kind(locale, *kind)));
    let outcomes = Outcome::VARIANTS
        .iter()
        .map(|outcome| option(outcome.code(), words::outcome(locale, *outcome)));
    let reasons = Told::all()
        .filter(|told| can_be_told(platform, *told))
        .map(|told| option(told.code(), words::told(locale, told).title));
    view! {
        <search>
            <form class="grid gap-3 grid-cols-2 lg:grid-cols-4 items-start mb-4" method="get" action="/logs">
                {field("sn", t!(locale, log.sn), "search", None).view()}
                {select("kind", t!(locale, log.kind), any().chain(kinds), &query.field("kind"))}
                {select("outcome", t!(locale, log.outcome), any().chain(outcomes), &query.field("outcome"))}
                {select("reason", t!(locale, log.reason), any().chain(reasons), &query.field("reason"))}
                {date_field("from", t!(locale, log.from))}
                {date_field("to", t!(locale, log.to))}
                <div class="flex flex-wrap gap-2 max-lg:col-span-2 lg:pt-7">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href="/logs">{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;

    #[test]
    fn a_merchant_cannot_ask_for_what_it_is_never_told() {
        let hidden: Vec<_> = Reason::VARIANTS
            .iter()
            .filter(|reason| !can_be_told(false, Told::Itself(**reason)))
            .map(|reason| reason.code())
            .collect();
        assert_eq!(hidden, ["sn_unknown", "code_invalid", "registered_elsewhere"]);
        assert!(Told::all().filter(|told| can_be_told(true, *told)).count() == Reason::VARIANTS.len());
    }
}
