//! 审计日志: what people did in the portal, from where, before and after.

use super::guard::{Answer, Visit, guarded};
use crate::backend::audit::AuditQuery;
use crate::backend::page::Cursor;
use crate::components::audit_table::audit_table;
use crate::components::export_links::export_links;
use crate::components::field::{Field, select};
use crate::components::html::Rendered;
use crate::components::phone_fold::phone_fold;
use crate::components::{empty::empty, format, pager::pager, words};
use crate::domain::{AuditAction, Outcome};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::Query;
use chrono_tz::Tz;
use leptos::prelude::*;
use strum::VariantArray;

/// Where the page is.
pub(super) const PATH: &str = "/audit";

/// The query parameters of the list, without its place.
const FILTERS: [&str; 6] = ["actor", "action", "outcome", "merchant", "from", "to"];

/// How an entry can have ended.
const OUTCOMES: [Outcome; 2] = [Outcome::Success, Outcome::Failure];

/// The log; the platform's own.
#[component]
pub(super) fn AuditPage() -> impl IntoView {
    guarded(audit)
}

async fn audit(visit: Visit) -> Result<Answer, AppError> {
    let (by, locale) = (visit.caller.platform_viewer()?, visit.locale());
    let page = visit
        .backend
        .audit
        .list(by, &asked(&visit.query, visit.rendering.zone))
        .await?;
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let pager = pager(locale, &page, PATH, &kept);
    let list = if page.rows.is_empty() {
        let way = narrowed.then(|| (PATH.to_owned(), t!(locale, common.clear)));
        empty(
            t!(locale, audit.nothing_found),
            t!(locale, audit.nothing_found_text),
            way,
        )
        .rendered()
    } else {
        audit_table(locale, visit.rendering.now, page.rows).rendered()
    };
    let body = view! {
        <p class="mb-4">{t!(locale, audit.intro)}</p>
        {form(locale, &visit.query, narrowed)}
        <p class="flex flex-wrap gap-x-4 mb-4 no-print">{export_links(locale, PATH, &kept)}</p>
        {list}
        {pager}
    };
    Ok(Answer::page(t!(locale, common.audit), body))
}

/// What the query parameters ask for, with days as they are in a time zone. What is malformed asks for nothing; the form
/// says so of a date.
pub fn asked(query: &Query, zone: Tz) -> AuditQuery {
    let date = |name| query.date(name).ok().flatten();
    let outcome = query.get("outcome").and_then(|outcome| outcome.parse().ok());
    AuditQuery {
        actor: query.text("actor"),
        action: query.get("action").and_then(|action| action.parse().ok()),
        outcome: outcome.filter(|outcome| OUTCOMES.contains(outcome)),
        merchant_no: query.text("merchant"),
        from: date("from").and_then(|day| format::day_begins(zone, day)),
        until: date("to").and_then(|day| format::day_ends(zone, day)),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
}

fn form(locale: Locale, query: &Query, narrowed: bool) -> impl IntoView + use<> {
    let field = |name, label: &str, kind, error| {
        Field {
            name,
            label: label.to_owned(),
            kind,
            error,
            value: query.field(name),
            ..Field::default()
        }
        .view()
    };
    let date_field = |name, label| {
        let error = query
            .date(name)
            .err()
            .map(|found| t!(locale, failure.date_wrong, found));
        field(name, label, "date", error)
    };
    let any = || std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let actions = AuditAction::VARIANTS.iter().map(|action| {
        (
            action.code().to_owned(),
            words::audit_action(locale, *action).to_owned(),
        )
    });
    let outcomes = OUTCOMES.map(|outcome| (outcome.code().to_owned(), words::outcome(locale, outcome).to_owned()));
    let used = query.used(&FILTERS[1..]);
    let wrong = ["from", "to"].iter().any(|name| query.date(name).is_err());
    let fields = view! {
        {select("action", t!(locale, audit.action), any().chain(actions), &query.field("action"))}
        {select("outcome", t!(locale, log.outcome), any().chain(outcomes), &query.field("outcome"))}
        {field("merchant", t!(locale, audit.merchant_no), "search", None)}
        {date_field("from", t!(locale, log.from))}
        {date_field("to", t!(locale, log.to))}
    };
    view! {
        <search>
            <form class="grid gap-3 grid-cols-2 lg:grid-cols-4 items-start mb-4" method="get" action=PATH>
                <div class="max-md:col-span-full">{field("actor", t!(locale, audit.actor), "search", None)}</div>
                {phone_fold(t!(locale, common.filters), used, wrong, fields)}
                <div class="flex flex-wrap gap-2 max-lg:col-span-2 lg:pt-7">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href=PATH>{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}
