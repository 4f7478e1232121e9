//! On the platform's first page: what somebody should look after, each a number and the way to the list that has so many.
//! A merchant's terminals are judged one by one instead; all of them would be too many.

use super::guard::Visit;
use super::home::tiles;
use super::{devices_filters, logs};
use crate::backend::device_log::LogCount;
use crate::backend::terminals::{Amount, TerminalCounts};
use crate::backend::trends::Day;
use crate::components::format;
use crate::components::html::{Html, Rendered};
use crate::domain::{LogKind, Timestamp};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;

/// Days after which silence is worth a look.
const SILENT_DAYS: i64 = 7;

/// Days that the log is looked back on: of what happens daily, and of what should never happen.
const WEEK: i64 = 7;
const MONTH: i64 = 30;

/// What there is to look after. What there is none of is left out.
pub(super) async fn care(visit: &Visit, counts: &TerminalCounts, days: &[Day]) -> Result<Html, AppError> {
    let locale = visit.locale();
    let mut found = terminals(visit, counts).await?;
    found.extend(entries(visit, days).await?);
    let inside = if found.is_empty() {
        view! { <p>{t!(locale, home.care_nothing)}</p> }.rendered()
    } else {
        tiles(found)
    };
    Ok(view! {
        <section aria-labelledby="care-title">
            <h2 class="text-lg font-semibold mb-2" id="care-title">{t!(locale, home.care)}</h2>
            {inside}
        </section>
    }
    .rendered())
}

/// Terminals, counted as their lists are.
async fn terminals(visit: &Visit, counts: &TerminalCounts) -> Result<Vec<(String, &'static str, String)>, AppError> {
    let locale = visit.locale();
    let last_day = format::day(visit.rendering.now.plus_ms(-(SILENT_DAYS + 1) * Timestamp::DAY_MS));
    let lists = [
        (
            t!(locale, home.care_not_connected),
            address("", [("problem", "not_connected")]),
        ),
        (
            t!(locale, home.care_silent),
            address(
                "",
                [("state", "registered"), ("seen_to", &last_day), ("sort", "last_seen")],
            ),
        ),
    ];
    let queries = lists
        .each_ref()
        .map(|(_, query)| devices_filters::asked(&Query::parse(&query[1..]), visit.rendering.zone));
    let amounts = visit.backend.verdicts.amounts(&visit.caller, &queries).await?;
    let counted = lists.into_iter().zip(amounts).filter_map(|((word, query), amount)| {
        let number = match amount {
            Some(Amount::Exactly(0)) => return None,
            // Some, but a sample had none of them.
            Some(amount) => devices_filters::amount_words(locale, amount).unwrap_or_else(|| format::NOTHING.to_owned()),
            None => format::NOTHING.to_owned(),
        };
        Some((format!("/terminals{query}"), word, number))
    });
    let suspended = (counts.suspended > 0).then(|| {
        let href = address("/terminals", [("state", "suspended")]);
        (href, t!(locale, home.care_suspended), format::grouped(counts.suspended))
    });
    Ok(counted.chain(suspended).collect())
}

/// What the log tells of. Today's failures have been counted for the bars.
async fn entries(visit: &Visit, days: &[Day]) -> Result<Vec<(String, &'static str, String)>, AppError> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let mut found = Vec::new();
    if let Some(today) = days.last().filter(|today| today.failed > 0) {
        let date = today.date.to_string();
        let kind = LogKind::RegistrationFailed.code();
        let href = address("/logs", [("kind", kind), ("from", &date), ("to", &date)]);
        found.push((href, t!(locale, home.care_refused), format::grouped(today.failed)));
    }
    for (kind, since, word) in [
        (LogKind::CodeExpired, WEEK, t!(locale, home.care_codes)),
        (LogKind::AppFailed, WEEK, t!(locale, home.care_apps)),
        (LogKind::TamperReported, MONTH, t!(locale, home.care_tampered)),
    ] {
        let from = format::day(now.plus_ms(-(since - 1) * Timestamp::DAY_MS));
        let query = address("", [("kind", kind.code()), ("from", &from)]);
        let asked = logs::asked(&Query::parse(&query[1..]), visit.rendering.zone);
        let count = visit.backend.device_log.count(&visit.caller, &asked).await?;
        if let Some(number) = number(locale, count) {
            found.push((format!("/logs{query}"), word, number));
        }
    }
    Ok(found)
}

/// How many entries there are; nothing of none.
fn number(locale: Locale, count: LogCount) -> Option<String> {
    let LogCount { entries, exact } = count;
    let amount = if exact {
        Amount::Exactly(entries)
    } else {
        Amount::About(entries)
    };
    (entries > 0)
        .then(|| devices_filters::amount_words(locale, amount))
        .flatten()
}
