//! The answer to the box on the first page: one terminal's own page, or a line for each of a list.

use super::device::looks_like_merchant_no;
use super::device_address;
use super::guard::{Answer, Visit, guarded};
use crate::backend::verdicts::{Judged, MOST_JUDGED};
use crate::components::html::{Html, Rendered};
use crate::components::{failure, format, verdict, words};
use crate::domain::{Finding, ListedSn, SerialNumber, Timestamp, Verdict, parse_list};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;
use std::collections::BTreeMap;

/// One serial number leads on; several get a line each.
#[component]
pub(super) fn FindPage() -> impl IntoView {
    guarded(find)
}

async fn find(visit: Visit) -> Result<Answer, AppError> {
    let typed = visit.rendering.lines("sn");
    let entries = parse_list(&typed);
    // One terminal, however many times it was scanned, has a page of its own.
    let mut distinct = entries.iter().filter(|entry| !entry.repeated);
    match (distinct.next(), distinct.next()) {
        (None, _) => Ok(back(&typed)),
        (Some(ListedSn { sn: Ok(sn), .. }), None) => Ok(Answer::Elsewhere(device_address(sn.as_str(), None))),
        (Some(_), None) => Ok(back(&typed)),
        (Some(_), Some(_)) => list(&visit, &entries).await,
    }
}

/// Back to the box, which says what is wrong.
fn back(typed: &str) -> Answer {
    Answer::Elsewhere(address("/", [("find", "1"), ("sn", typed)]))
}

async fn list(visit: &Visit, entries: &[ListedSn]) -> Result<Answer, AppError> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let numbers: Vec<SerialNumber> = entries
        .iter()
        .filter(|entry| !entry.repeated)
        .filter_map(|entry| entry.sn.clone().ok())
        .take(MOST_JUDGED)
        .collect();
    let mut judged: BTreeMap<String, Vec<Judged>> = BTreeMap::new();
    for one in visit.backend.verdicts.list(&visit.caller, &numbers).await? {
        judged.entry(one.row.sn.to_string()).or_default().push(one);
    }
    let repeated = entries.iter().filter(|entry| entry.repeated).count();
    let left_out = entries
        .iter()
        .filter(|entry| !entry.repeated && entry.sn.is_ok())
        .count()
        - numbers.len();
    let missing = Verdict::of(None, now);
    let rows = entries
        .iter()
        .filter(|entry| !entry.repeated)
        .flat_map(|entry| match &entry.sn {
            Err(_) => vec![malformed(locale, &entry.typed)],
            Ok(sn) if !numbers.contains(sn) => Vec::new(),
            Ok(sn) => match judged.get(sn.as_str()) {
                None => vec![line(locale, now, sn, None, &missing)],
                Some(found) => found
                    .iter()
                    .map(|one| line(locale, now, sn, Some((one, found.len() > 1)), &one.verdict))
                    .collect(),
            },
        })
        .collect_view();
    let repeated = (repeated > 0).then(|| {
        let count = format::grouped(repeated as u64);
        view! { <p>{t!(locale, home.repeated, count)}</p> }
    });
    let left_out = (left_out > 0).then(|| {
        let count = format::grouped(left_out as u64);
        view! { <p role="alert">{t!(locale, home.left_out, count)}</p> }
    });
    let body = view! {
        <div class="flex flex-col gap-4">
            {tally(locale, &judged, entries)} {repeated} {left_out}
            <div class="md:overflow-x-auto md:bg-base-100 md:border border-base-300 rounded-box">
                <table role="table" class="table table-sm cards">
                    <caption class="sr-only">{t!(locale, home.results)}</caption>
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!(locale, devices.sn)}</th>
                            <th role="columnheader" scope="col">{t!(locale, devices.name)}</th>
                            <th role="columnheader" scope="col">{t!(locale, verdict.title)}</th>
                            <th role="columnheader" scope="col">{t!(locale, home.why)}</th>
                            <th role="columnheader" scope="col">{t!(locale, devices.last_seen)}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
            <p>
                <a class="btn" href="/">{t!(locale, home.find_more)}</a>
            </p>
        </div>
    };
    Ok(Answer::page(t!(locale, home.results), body))
}

/// How many of the list are ready, and how many are not.
fn tally(locale: Locale, judged: &BTreeMap<String, Vec<Judged>>, entries: &[ListedSn]) -> impl IntoView + use<> {
    let asked = entries.iter().filter(|entry| !entry.repeated).count() as u64;
    let all = judged.values().flatten();
    let ready = all
        .filter(|one| one.verdict.checks.iter().all(|it| it.finding == Finding::Pass))
        .count() as u64;
    let (asked, ready) = (format::grouped(asked), format::grouped(ready));
    view! { <p class="text-lg font-semibold">{t!(locale, home.tally, asked, ready)}</p> }
}

fn line(locale: Locale, now: Timestamp, sn: &SerialNumber, found: Option<(&Judged, bool)>, verdict: &Verdict) -> Html {
    let said = verdict::said(locale, verdict);
    let shared = found.filter(|(_, shared)| *shared);
    let maker = shared.map(|(one, _)| one.row.manufacturer.to_string());
    let href = device_address(sn.as_str(), maker.as_deref());
    let name = found
        .map(|(one, _)| one.row.name.clone())
        .filter(|name| !name.is_empty());
    let seen = found.and_then(|(one, _)| one.row.last_seen);
    let merchant_no = found.is_none() && looks_like_merchant_no(sn);
    let next = said.next.map(|next| match merchant_no {
        true => t!(locale, device.missing_merchant_no),
        false => next,
    });
    view! {
        <tr role="row">
            <td role="cell">
                <a class="link code" href=href>{sn.to_string()}</a>
                {maker.map(|maker| view! { " " <span class="text-sm">{maker}</span> })}
            </td>
            <td role="cell" class="card-name">{name.unwrap_or_else(|| format::NOTHING.to_owned())}</td>
            <td role="cell" class="card-state">{verdict::badge(locale, verdict)}</td>
            <td role="cell" class="card-name min-w-56">
                <p>{failure::linked(said.title, said.help)}</p>
                {next.map(|next| view! { <p class="text-sm font-normal">{next}</p> })}
            </td>
            <td role="cell" class="card-start">{format::time_or_nothing(locale, now, seen)}</td>
        </tr>
    }
    .rendered()
}

fn malformed(locale: Locale, typed: &str) -> Html {
    let shown: String = typed.chars().take(80).collect();
    let fault = words::sn_fault(locale, typed).unwrap_or_default();
    view! {
        <tr role="row">
            <td role="cell">
                <span class="font-mono break-all">{shown}</span>
            </td>
            <td role="cell" class="card-name">{format::NOTHING}</td>
            <td role="cell" class="card-state">
                <span class="badge badge-error gap-1 whitespace-nowrap">{t!(locale, home.malformed)}</span>
            </td>
            <td role="cell" class="card-name min-w-56">{fault}</td>
            <td role="cell" class="card-start">{format::NOTHING}</td>
        </tr>
    }
    .rendered()
}
