//! 设备日志: what happened to the terminals. The form is in [`super::logs_form`].

use super::guard::{Answer, Visit, guarded};
use super::logs_form::{form, recent};
use crate::backend::device_log::{LogCount, LogEntry, LogQuery, LogRow};
use crate::backend::page::{Cursor, PAGE_ROWS, Page};
use crate::components::export_links::export_links;
use crate::components::html::{Html, Rendered};
use crate::components::log_entry::unfolded;
use crate::components::log_table::LogTable;
use crate::components::sentence::sentence;
use crate::components::{empty::empty, format, pager::pager, words};
use crate::domain::{LogEntryId, MerchantNo, Timestamp, Told};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use chrono_tz::Tz;
use leptos::prelude::*;

/// The query parameters of the list, without its place.
pub(super) const FILTERS: [&str; 10] = [
    "sn", "kind", "outcome", "reason", "merchant", "store", "by", "actor", "from", "to",
];

/// An entry in words.
pub struct Words {
    /// What happened.
    pub event: &'static str,
    /// Why not.
    pub explanation: &'static str,
    /// All of it.
    pub sentence: String,
}

/// An entry in words, for cells of a file.
pub fn words(locale: Locale, row: &LogRow) -> Words {
    Words {
        event: words::log_kind(locale, row.kind),
        explanation: row.reason.map_or("", |told| words::told(locale, told).title),
        sentence: sentence(locale, row),
    }
}

/// The headings of the workbook, in the order of the columns of the file.
pub fn headings(locale: Locale) -> [&'static str; 21] {
    [
        t!(locale, log.entry_id),
        t!(locale, log.received),
        t!(locale, log.sn_sent),
        t!(locale, log.sn),
        t!(locale, devices.name),
        t!(locale, log.merchant_no),
        "kind",
        t!(locale, log.kind),
        t!(locale, log.outcome),
        "reason",
        t!(locale, log.reason),
        t!(locale, log.by),
        t!(locale, log.actor),
        t!(locale, log.address),
        t!(locale, log.field.turned_away),
        t!(locale, log.occurred),
        t!(locale, log.store),
        t!(locale, log.details),
        t!(locale, log.correlation),
        t!(locale, log.place),
        t!(locale, log.detail),
    ]
}

/// The log within the caller's scope.
#[component]
pub(super) fn LogsPage() -> impl IntoView {
    guarded(logs)
}

async fn logs(visit: Visit) -> Result<Answer, AppError> {
    let (locale, platform) = (visit.locale(), visit.is_platform());
    let query = asked(&visit.query, visit.rendering.zone);
    let log = &visit.backend.device_log;
    let page = log.list(&visit.caller, &query).await?;
    let wanted = visit.query.get("open").and_then(|id| id.parse::<LogEntryId>().ok());
    let opened = match wanted {
        Some(id) => log.get(&visit.caller, id).await?,
        None => None,
    };
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let place = ["after", "before"].map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let here: Vec<_> = kept.iter().chain(&place).copied().collect();
    let many = page.next.is_some() || page.previous.is_some();
    let count = if many {
        log.count(&visit.caller, &query).await?
    } else {
        LogCount {
            entries: page.rows.len() as u64,
            exact: true,
        }
    };
    let stores = stores(&visit, query.merchant_no.as_deref()).await?;
    let elsewhere = opened
        .as_ref()
        .filter(|opened| page.rows.iter().all(|row| row.id != opened.row.id))
        .map(|opened| card(&visit, &here, opened));
    let gone = (wanted.is_some() && opened.is_none())
        .then(|| view! { <p role="alert" class="mb-4 font-medium">{t!(locale, log.not_here)}</p> });
    let stopped = stopped(locale, &page, &query);
    let pager = pager(locale, &page, "/logs", &kept);
    let list = if !page.rows.is_empty() {
        let table = LogTable {
            locale,
            now: visit.rendering.now,
            platform,
            caption: t!(locale, log.caption),
            kept: &here,
            opened: opened.as_ref(),
        };
        table.view(page.rows).rendered()
    } else {
        nothing(locale, &page, narrowed, &kept)
    };
    let body = view! {
        {form(locale, platform, &visit.query, narrowed, stores)}
        <div class="flex flex-wrap gap-x-2 md:gap-x-4 gap-y-2 mb-4 items-center no-print">
            <div class="flex flex-wrap gap-x-4 gap-y-2 max-md:flex-nowrap max-md:w-full max-md:-m-1 max-md:p-1 max-md:overflow-x-auto max-md:whitespace-nowrap max-md:[&>*]:shrink-0">{recent(locale, visit.rendering.now, &kept)}</div>
            {exports(locale, count, &kept)}
        </div>
        {gone}
        {elsewhere}
        {list}
        {stopped}
        {pager}
    };
    Ok(Answer::page(t!(locale, common.logs), body))
}

/// The stores that the list can be narrowed to: a merchant's own, or those of the merchant that the platform has chosen.
async fn stores(visit: &Visit, merchant: Option<&str>) -> Result<Vec<(String, String)>, AppError> {
    let number = match (visit.is_platform(), merchant) {
        (true, Some(text)) => MerchantNo::parse(text).ok(),
        _ => None,
    };
    let stores = visit.backend.stores.list(&visit.caller, number.as_ref()).await?;
    Ok(stores
        .into_iter()
        .map(|store| (store.id.to_string(), store.name))
        .collect())
}

/// What the query parameters ask for, with days as they are in a time zone. What is malformed asks for nothing; the form
/// says so of a date.
pub fn asked(query: &Query, zone: Tz) -> LogQuery {
    let date = |name| query.date(name).ok().flatten();
    LogQuery {
        sn: query.text("sn"),
        exact_sn: None,
        kind: query.get("kind").and_then(|kind| kind.parse().ok()),
        outcome: query.get("outcome").and_then(|outcome| outcome.parse().ok()),
        reason: query.get("reason").and_then(Told::parse),
        merchant_no: query.text("merchant"),
        store: query.get("store").and_then(|store| store.parse().ok()),
        by: query.get("by").and_then(|by| by.parse().ok()),
        actor: query.text("actor"),
        from: date("from").and_then(|day| format::day_begins(zone, day)),
        until: date("to").and_then(|day| format::day_ends(zone, day)),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
}

/// How many entries match, and the files that they can be had as.
fn exports(locale: Locale, count: LogCount, kept: &[(&str, &str)]) -> impl IntoView + use<> {
    let number = format::grouped(count.entries);
    let count = match (count.exact, count.entries) {
        (true, _) => Some(t!(locale, log.count, count = number)),
        (false, 0) => None,
        (false, _) => Some(t!(locale, log.about, count = number)),
    };
    view! {
        {count.map(|count| view! { <span class="tabular-nums md:ms-auto">{count}</span> })}
        {export_links(locale, "/logs", kept)}
    }
}

/// How far a search got that stopped before it had looked at everything, and which way it went.
fn reached(page: &Page<LogRow>, query: &LogQuery) -> Option<(Timestamp, bool)> {
    let before = matches!(&query.cursor, Some(cursor) if cursor.parameter() == "before");
    let edge = if before { &page.previous } else { &page.next };
    let edge = edge.as_ref().filter(|_| page.rows.len() < PAGE_ROWS)?;
    // Keys begin with the instant (RFC 9562, section 5.7).
    let at = i64::try_from(edge.id.as_u128() >> 80).ok()?;
    Some((Timestamp(at), before))
}

/// What is said below the rows when the search stopped.
fn stopped(locale: Locale, page: &Page<LogRow>, query: &LogQuery) -> Option<impl IntoView + use<>> {
    let (at, before) = reached(page, query).filter(|_| !page.rows.is_empty())?;
    let at = format::minute(at);
    let text = if before {
        t!(locale, log.looked_forward, at)
    } else {
        t!(locale, log.looked_back, at)
    };
    Some(view! { <p class="mt-4">{text}</p> })
}

/// What stands where there are no rows.
fn nothing(locale: Locale, page: &Page<LogRow>, narrowed: bool, kept: &[(&str, &str)]) -> Html {
    if let Some(next) = &page.next {
        let at = format::minute(Timestamp(i64::try_from(next.id.as_u128() >> 80).unwrap_or_default()));
        let place = next.to_string();
        let further = kept.iter().copied().chain([(next.parameter(), place.as_str())]);
        let href = address("/logs", further);
        return view! {
            <div class="card bg-base-100 border border-base-300 p-8 items-center text-center gap-3">
                <h2 class="text-lg font-semibold">{t!(locale, log.nothing_yet, at)}</h2>
                <p class="max-w-prose">{t!(locale, log.nothing_yet_text)}</p>
                <a class="btn btn-primary" href=href>{t!(locale, log.look_further)}</a>
            </div>
        }
        .rendered();
    }
    if narrowed {
        let way = Some(("/logs".to_owned(), t!(locale, common.clear)));
        empty(t!(locale, log.nothing_found), t!(locale, log.nothing_found_text), way).rendered()
    } else {
        empty(t!(locale, log.empty), t!(locale, log.empty_text), None).rendered()
    }
}

/// An unfolded entry that is not among the rows.
fn card(visit: &Visit, here: &[(&str, &str)], opened: &LogEntry) -> impl IntoView + use<> {
    let locale = visit.locale();
    let close = address("/logs", here.iter().copied());
    let id = crate::components::log_table::anchor(opened.row.id);
    view! {
        <section class="card bg-base-100 border border-primary p-2 md:p-4 mb-4" id=id aria-labelledby="opened-title">
            <div class="flex flex-wrap items-center gap-4 px-2 md:px-4">
                <h2 class="text-lg font-semibold" id="opened-title">{t!(locale, log.opened)}</h2>
                <a class="link tap ms-auto no-print" href=close>{t!(locale, log.close)}</a>
            </div>
            {unfolded(locale, visit.rendering.now, visit.is_platform(), opened)}
        </section>
    }
}
