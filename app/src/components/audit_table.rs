//! Rows of the audit log.

use super::change::change;
use super::{failure, format, state_badge, words};
use crate::backend::audit::{AuditRow, Change};
use crate::components::html::{Html, Rendered};
use crate::domain::Timestamp;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The table.
pub(crate) fn audit_table(locale: Locale, now: Timestamp, rows: Vec<AuditRow>) -> impl IntoView + use<> {
    let rows = rows.into_iter().map(|entry| row(locale, now, entry)).collect_view();
    view! {
        <div class="md:overflow-x-auto md:bg-base-100 md:border border-base-300 rounded-box">
            <table
                role="table"
                class="table table-sm max-md:block [&_td]:align-top md:[&_time]:block max-md:[&_td]:block max-md:[&_td]:p-0 max-md:[&_td]:border-0"
            >
                <caption class="sr-only">{t!(locale, audit.caption)}</caption>
                <thead role="rowgroup" class="max-md:sr-only">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!(locale, log.time)}</th>
                        <th role="columnheader" scope="col">{t!(locale, audit.actor)}</th>
                        <th role="columnheader" scope="col">{t!(locale, audit.action)}</th>
                        <th role="columnheader" scope="col">{t!(locale, audit.target)}</th>
                        <th role="columnheader" scope="col">{t!(locale, log.merchant)}</th>
                        <th role="columnheader" scope="col">{t!(locale, log.address)}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup" class="max-md:flex max-md:flex-col max-md:gap-3">{rows}</tbody>
            </table>
        </div>
    }
}

fn row(locale: Locale, now: Timestamp, entry: AuditRow) -> impl IntoView {
    let role = entry
        .role
        .map(|role| view! { <p class="text-sm">{words::role(locale, role)}</p> });
    let reason = entry.reason.as_deref().map(|code| why(locale, code));
    let target = match entry.target {
        Some((kind, which)) => view! {
            <p class="text-sm">{words::target_kind(locale, kind)}</p>
            <p class="font-mono break-all">{which}</p>
        }
        .rendered(),
        None => format::NOTHING.rendered(),
    };
    let merchant = entry
        .merchant
        .map_or_else(|| format::NOTHING.to_owned(), |merchant| merchant.name);
    let session = entry
        .session
        .map(|session| view! { <p>{t!(locale, audit.session_named, name = session)}</p> });
    let request = t!(locale, failure.request_id, id = entry.request);
    view! {
        <tr
            role="row"
            class="max-md:flex max-md:flex-col max-md:gap-2 max-md:p-4 max-md:bg-base-100 max-md:border max-md:border-base-300 max-md:rounded-box"
        >
            <td role="cell">{format::time(locale, now, entry.occurred)}</td>
            <td role="cell">
                <p class="break-all">{entry.actor}</p>
                {role}
            </td>
            <td role="cell" class="min-w-56">
                <span class="flex flex-wrap items-center gap-2">
                    {state_badge::outcome(locale, entry.outcome)} {words::audit_action(locale, entry.action)}
                </span>
                {reason}
                <details class="mt-1">
                    <summary class="cursor-pointer py-1">{t!(locale, audit.details)}</summary>
                    <div class="flex flex-col gap-1 text-sm break-all">
                        {changes(locale, entry.changes)} {session} <p>{request}</p>
                    </div>
                </details>
            </td>
            <td role="cell">{target}</td>
            <td role="cell">{merchant}</td>
            <td role="cell" class="font-mono text-sm">{entry.address.unwrap_or_else(|| format::NOTHING.to_owned())}</td>
        </tr>
    }
}

/// Why it was not done.
fn why(locale: Locale, code: &str) -> impl IntoView + use<> {
    let (said, help) = match code {
        "bad_rows" => (t!(locale, audit.bad_rows), None),
        "changed" => (t!(locale, audit.changed), None),
        code => {
            let said = failure::said(locale, code);
            (said.title, said.help)
        }
    };
    view! { <p class="font-medium">{failure::linked(said, help)}</p> }
}

/// What changed, field by field: the values before and after.
fn changes(locale: Locale, changes: Vec<Change>) -> Html {
    if changes.is_empty() {
        return ().rendered();
    }
    let rows = changes
        .into_iter()
        .map(|changed| {
            view! {
                <div class="flex flex-wrap gap-x-2">
                    <dt class="font-mono">{changed.field}</dt>
                    <dd>{change(locale, changed.before, changed.after)}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl>{rows}</dl> }.rendered()
}
