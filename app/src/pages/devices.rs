//! 设备管理 and 终端管理: one list under two scopes.

use super::devices_filters::{self, FILTERS};
use super::guard::{Answer, Visit, guarded};
use super::{device_address, devices_select};
use crate::backend::terminals::{SortKey, TerminalFilters};
use crate::backend::verdicts::Judged;
use crate::components::field::{Field, select};
use crate::components::html::{Html, Rendered};
use crate::components::stencil::Stencil;
use crate::components::{empty::empty, format, icon, pager::pager, state_badge, verdict};
use crate::domain::{self, Lifecycle, Timestamp};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;
use strum::VariantArray;

/// The merchant's terminals.
#[component]
pub(super) fn DevicesPage() -> impl IntoView {
    guarded(async move |visit| {
        if visit.is_platform() {
            let query = visit
                .rendering
                .path_and_query
                .strip_prefix("/devices")
                .unwrap_or_default();
            return Ok(Answer::Elsewhere(format!("/terminals{query}")));
        }
        let title = t!(visit.locale(), common.devices);
        list(visit, title, "/devices").await
    })
}

/// Everybody's terminals, for the platform.
#[component]
pub(super) fn TerminalsPage() -> impl IntoView {
    guarded(async move |visit| {
        visit.caller.platform_viewer()?;
        let title = t!(visit.locale(), common.terminals);
        list(visit, title, "/terminals").await
    })
}

async fn list(visit: Visit, title: &'static str, path: &'static str) -> Result<Answer, AppError> {
    let (locale, now, platform) = (visit.locale(), visit.rendering.now, visit.is_platform());
    let asked = devices_filters::asked(&visit.query);
    let filters = visit.backend.terminals.filters(&visit.caller).await?;
    let page = visit.backend.verdicts.page(&visit.caller, &asked).await?;
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = asked.is_narrowed();
    let amount = if narrowed && asked.cursor.is_none() && !page.rows.is_empty() {
        let amount = visit.backend.terminals.amount(&visit.caller, &asked).await?;
        Some(devices_filters::amount_line(locale, amount))
    } else {
        None
    };
    // Whoever may do something with several terminals may tick them.
    let may_select = visit.caller.code_issuer().is_ok();
    let selects = may_select && devices_select::wanted(&visit.query);
    let toggle = may_select.then(|| devices_select::toggle(locale, path, &visit.query, &kept));
    let mark = ("select", if selects { "1" } else { "" });
    let place = kept.iter().copied().chain([mark]).collect::<Vec<_>>();
    let pager = pager(locale, &page, path, &place);
    let head = |by| devices_filters::head(locale, path, &kept, &visit.query, by);
    let body = if page.rows.is_empty() {
        nothing(locale, platform, narrowed, path).rendered()
    } else if selects {
        let rows = page.rows.into_iter().map(|judged| judged.row).collect();
        devices_select::table(locale, platform, path, &visit.query, &kept, rows).rendered()
    } else {
        table(locale, now, platform, &head, &page.rows).rendered()
    };
    let body =
        view! { {form(locale, platform, path, &visit.query, filters, narrowed)} {amount} {toggle} {body} {pager} };
    Ok(Answer::page(title, body))
}

/// The states that the list can be narrowed to: values and words.
fn states(locale: Locale, platform: bool) -> Vec<(String, String)> {
    let unregistered = [
        ("unassigned", t!(locale, word.unregistered_unassigned)),
        ("awaiting", t!(locale, word.unregistered_awaiting)),
    ];
    let states = [
        ("", t!(locale, common.any)),
        ("registered", t!(locale, word.registered)),
        ("unregistered", t!(locale, word.unregistered)),
    ];
    let rest = [
        ("suspended", t!(locale, word.suspended)),
        ("retired", t!(locale, word.retired)),
    ];
    let unregistered = unregistered.into_iter().filter(|_| platform);
    let all = states.into_iter().chain(unregistered).chain(rest);
    all.map(|(value, word)| (value.to_owned(), word.to_owned())).collect()
}

fn form(
    locale: Locale,
    platform: bool,
    path: &'static str,
    query: &Query,
    filters: TerminalFilters,
    narrowed: bool,
) -> impl IntoView + use<> {
    let hint = if platform {
        t!(locale, devices.search_hint_platform)
    } else {
        t!(locale, devices.search_hint)
    };
    let search = Field {
        name: "q",
        label: t!(locale, devices.search).to_owned(),
        hint: Some(hint),
        value: query.field("q"),
        kind: "search",
        ..Field::default()
    };
    let any = || std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let stores = filters.stores.into_iter().map(|(id, name)| (id.to_string(), name));
    let stores = (!platform).then(|| {
        select(
            "store",
            t!(locale, devices.store),
            any().chain(stores),
            &query.field("store"),
        )
    });
    let models = filters.models.into_iter().map(|model| (model.clone(), model));
    view! {
        <search>
            <form class="grid gap-3 grid-cols-2 lg:grid-cols-5 items-start mb-4" method="get" action=path>
                <div class="max-lg:col-span-2">{search.view()}</div>
                {select("state", t!(locale, devices.state), states(locale, platform), &query.field("state"))}
                {stores}
                {select("model", t!(locale, devices.model), any().chain(models), &query.field("model"))}
                {devices_filters::sort_field(locale, query)}
                {devices_filters::folded(locale, platform, query)}
                <div class="flex flex-wrap gap-2 max-lg:col-span-2 ">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href=path>{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}

fn nothing(locale: Locale, platform: bool, narrowed: bool, path: &str) -> impl IntoView + use<> {
    let (title, text, href, word) = match (narrowed, platform) {
        (true, _) => (
            t!(locale, devices.nothing_found),
            t!(locale, devices.nothing_found_text),
            path,
            t!(locale, common.clear),
        ),
        (false, true) => (
            t!(locale, devices.empty_platform),
            t!(locale, devices.empty_text_platform),
            "/terminals/import",
            t!(locale, common.import),
        ),
        (false, false) => (
            t!(locale, devices.empty),
            t!(locale, devices.empty_text),
            "/devices/register",
            t!(locale, common.register),
        ),
    };
    empty(title, text, Some((address(href, []), word)))
}

/// The terminals: rows of a table on a wide screen, cards on a phone's. A table that is shown as blocks is none to a
/// screen reader, so that its parts say what they are.
fn table(
    locale: Locale,
    now: Timestamp,
    platform: bool,
    head: &dyn Fn(SortKey) -> Html,
    rows: &[Judged],
) -> impl IntoView + use<> {
    view! {
        <div class="md:overflow-x-auto 2xl:overflow-x-visible md:bg-base-100 md:border border-base-300 rounded-box">
            <table role="table" class="table table-sm cards">
                <caption class="sr-only">{t!(locale, devices.caption)}</caption>
                <thead role="rowgroup" class="2xl:sticky 2xl:top-0 2xl:z-1 2xl:bg-base-100">
                    <tr role="row">
                        {head(SortKey::Sn)}
                        {head(SortKey::Name)}
                        <th role="columnheader" scope="col">
                            {platform.then(|| [t!(locale, devices.merchant), " · "])} {t!(locale, devices.store)}
                        </th>
                        <th role="columnheader" scope="col">{t!(locale, devices.model)}</th>
                        <th role="columnheader" scope="col">{t!(locale, devices.state)}</th>
                        <th role="columnheader" scope="col">{t!(locale, devices.verdict)}</th>
                        {head(SortKey::LastSeen)}
                        <th role="columnheader" scope="col">{t!(locale, devices.actions)}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{table_rows(locale, now, platform, rows)}</tbody>
            </table>
        </div>
    }
}

/// What differs from row to row.
#[derive(Clone, Copy, PartialEq, VariantArray)]
enum Place {
    Href,
    Sn,
    Printed,
    Name,
    Merchant,
    Store,
    Manufacturer,
    Model,
    State,
    Verdict,
    Seen,
    Ago,
}

/// A row with its places open.
fn row(locale: Locale, platform: bool, place: &dyn Fn(Place) -> String) -> Html {
    let copy = t!(locale, common.copy, sn = place(Place::Sn));
    let view_which = t!(locale, common.view_which, sn = place(Place::Sn));
    view! {
        <tr role="row">
            <td role="cell">
                <span class="flex items-center gap-1">
                    <a class="link code" href=place(Place::Href)>{place(Place::Printed)}</a>
                    <button type="button" class="btn btn-ghost btn-sm copy" data-copy=place(Place::Sn) aria-label=copy>
                        <svg aria-hidden="true">
                            <use_ href=icon::COPY />
                        </svg>
                    </button>
                </span>
            </td>
            <td role="cell" class="card-name">
                <bdi>{place(Place::Name)}</bdi>
            </td>
            <td role="cell">
                {platform.then(|| view! { <bdi class="block">{place(Place::Merchant)}</bdi> })}
                <bdi>{place(Place::Store)}</bdi>
            </td>
            <td role="cell" class="whitespace-nowrap">
                {platform.then(|| view! { <span class="block">{place(Place::Manufacturer)}</span> })}
                {place(Place::Model)}
            </td>
            <td role="cell" class="card-state">{place(Place::State)}</td>
            <td role="cell" class="card-name">{place(Place::Verdict)}</td>
            <td role="cell" class="card-start tabular-nums">
                <span class="md:hidden">{t!(locale, devices.last_seen)} " "</span>
                <span class="whitespace-nowrap">{place(Place::Seen)}</span>
                " "
                <span class="whitespace-nowrap text-sm">{place(Place::Ago)}</span>
            </td>
            <td role="cell">
                <a class="btn btn-sm whitespace-nowrap" href=place(Place::Href) aria-label=view_which>
                    {t!(locale, common.view)}
                </a>
            </td>
        </tr>
    }
    .rendered()
}

fn table_rows(locale: Locale, now: Timestamp, platform: bool, rows: &[Judged]) -> Html {
    let badges: Vec<_> = Lifecycle::VARIANTS
        .iter()
        .map(|state| (*state, state_badge::lifecycle(locale, *state).to_html()))
        .collect();
    let mut verdicts: Vec<(domain::Answer, String)> = Vec::new();
    let stencil = Stencil::of(|place| row(locale, platform, place));
    stencil.fill(rows, |at, Judged { row: terminal, verdict }, place, fill| match place {
        Place::Href => {
            let maker = shared(rows, at).then_some(terminal.manufacturer.as_str());
            fill.text(&device_address(terminal.sn.as_str(), maker));
        }
        Place::Sn => fill.text(terminal.sn.as_str()),
        Place::Printed => fill.text(&terminal.sn_printed),
        Place::Name => fill.text(or_nothing(Some(&terminal.name))),
        Place::Merchant => fill.text(or_nothing(
            terminal.merchant.as_ref().map(|merchant| merchant.name.as_str()),
        )),
        Place::Store => fill.text(or_nothing(terminal.store.as_deref())),
        Place::Manufacturer => fill.text(terminal.manufacturer.as_str()),
        Place::Model => fill.text(&terminal.model),
        Place::State => {
            let badge = badges.iter().find(|(state, _)| *state == terminal.lifecycle);
            fill.html(badge.map_or("", |(_, badge)| badge));
        }
        Place::Verdict => {
            let answer = verdict.answer();
            let known = verdicts.iter().position(|(known, _)| *known == answer);
            let known = known.unwrap_or_else(|| {
                verdicts.push((answer, verdict::line(locale, answer).to_html()));
                verdicts.len() - 1
            });
            fill.html(&verdicts[known].1);
        }
        Place::Seen => match terminal.last_seen {
            Some(seen) => fill.text(&format::minute(seen)),
            None => fill.text(t!(locale, common.never)),
        },
        Place::Ago => {
            if let Some(seen) = terminal.last_seen {
                fill.text(&format::age(locale, now, seen));
            }
        }
    })
}

fn or_nothing(text: Option<&str>) -> &str {
    text.filter(|text| !text.is_empty()).unwrap_or(format::NOTHING)
}

/// Whether a neighbour has the same serial number: then the link says whose is meant.
fn shared(rows: &[Judged], at: usize) -> bool {
    let same = |other: Option<usize>| {
        other
            .and_then(|other| rows.get(other))
            .is_some_and(|other| other.row.sn == rows[at].row.sn)
    };
    same(at.checked_sub(1)) || same(at.checked_add(1))
}
