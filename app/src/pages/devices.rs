//! 设备管理 and 终端管理: one list under two scopes.

use super::device_address;
use super::guard::{Answer, Visit, guarded};
use crate::backend::page::Cursor;
use crate::backend::terminals::{TerminalFilters, TerminalQuery, TerminalRow};
use crate::components::field::{Field, select};
use crate::components::html::Rendered;
use crate::components::{empty::empty, format, icon, pager::pager, state_badge};
use crate::domain::{Lifecycle, Timestamp};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;

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

/// The query parameters of the list, without its place.
const FILTERS: [&str; 4] = ["q", "state", "store", "model"];

async fn list(visit: Visit, title: &'static str, path: &'static str) -> Result<Answer, AppError> {
    let (locale, now, platform) = (visit.locale(), visit.rendering.now, visit.is_platform());
    let filters = visit.backend.terminals.filters(&visit.caller).await?;
    let page = visit
        .backend
        .terminals
        .list(&visit.caller, &asked(&visit.query))
        .await?;
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let pager = pager(locale, &page, path, &kept);
    let body = if page.rows.is_empty() {
        nothing(locale, platform, narrowed, path).rendered()
    } else {
        table(locale, now, platform, page.rows).rendered()
    };
    let body = view! { {form(locale, platform, path, &visit.query, filters, narrowed)} {body} {pager} };
    Ok(Answer::page(title, body))
}

/// What the query parameters ask for. What is malformed asks for nothing.
fn asked(query: &Query) -> TerminalQuery {
    let lifecycles = match query.get("state") {
        Some("unregistered") => vec![Lifecycle::Unassigned, Lifecycle::Awaiting],
        state => state.and_then(|state| state.parse().ok()).into_iter().collect(),
    };
    TerminalQuery {
        search: query.text("q"),
        lifecycles,
        store: query.get("store").and_then(|store| store.parse().ok()),
        model: query.text("model"),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
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
                <div class="flex flex-wrap gap-2 max-lg:col-span-2 lg:pt-7">
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
fn table(locale: Locale, now: Timestamp, platform: bool, rows: Vec<TerminalRow>) -> impl IntoView + use<> {
    let words = RowWords {
        view: t!(locale, common.view),
        last_seen: t!(locale, devices.last_seen),
        never: t!(locale, common.never),
    };
    // Where two makers use a serial number, the link says which one is meant.
    let shared: Vec<bool> = (0..rows.len())
        .map(|at| {
            let same = |other: Option<&TerminalRow>| other.is_some_and(|other| other.sn == rows[at].sn);
            same(at.checked_sub(1).and_then(|before| rows.get(before))) || same(rows.get(at + 1))
        })
        .collect();
    let rows = rows
        .into_iter()
        .zip(shared)
        .map(|(terminal, shared)| row(locale, now, platform, words, terminal, shared))
        .collect_view();
    view! {
            <div class="md:overflow-x-auto md:bg-base-100 md:border border-base-300 rounded-box">
                <table
     role="table"
     class="table table-sm [&_td]:text-sm max-md:block max-md:[&_td]:p-0 max-md:[&_td]:border-0 max-md:[&_td]:content-center"
    >
                    <caption class="sr-only">{t!(locale, devices.caption)}</caption>
                    <thead role="rowgroup" class="max-md:sr-only">
                        <tr role="row">
                            <th role="columnheader" scope="col">{t!(locale, devices.sn)}</th>
                            <th role="columnheader" scope="col">{t!(locale, devices.name)}</th>
                            {platform.then(|| view! { <th role="columnheader" scope="col">{t!(locale, devices.merchant)}</th> })}
                            <th role="columnheader" scope="col">{t!(locale, devices.store)}</th>
                            {platform.then(|| view! { <th role="columnheader" scope="col">{t!(locale, devices.manufacturer)}</th> })}
                            <th role="columnheader" scope="col">{t!(locale, devices.model)}</th>
                            <th role="columnheader" scope="col">{t!(locale, devices.state)}</th>
                            <th role="columnheader" scope="col">{t!(locale, devices.last_seen)}</th>
                            <th role="columnheader" scope="col">{t!(locale, devices.actions)}</th>
                        </tr>
                    </thead>
                    <tbody role="rowgroup" class="max-md:flex max-md:flex-col max-md:gap-3">{rows}</tbody>
                </table>
            </div>
        }
}

/// Words that every row has.
#[derive(Clone, Copy)]
struct RowWords {
    view: &'static str,
    last_seen: &'static str,
    never: &'static str,
}

fn row(
    locale: Locale,
    now: Timestamp,
    platform: bool,
    words: RowWords,
    terminal: TerminalRow,
    shared: bool,
) -> impl IntoView {
    let sn = terminal.sn.as_str().to_owned();
    let manufacturer = terminal.manufacturer.as_str().to_owned();
    let href = device_address(&sn, shared.then_some(manufacturer.as_str()));
    let copy = t!(locale, common.copy, sn = sn.as_str());
    let view_which = t!(locale, common.view_which, sn = sn.as_str());
    let or_nothing = |text: Option<String>| {
        text.filter(|text| !text.is_empty())
            .unwrap_or_else(|| format::NOTHING.to_owned())
    };
    let (seen, ago) = match terminal.last_seen {
        Some(at) => (format::minute(at), format::age(locale, now, at)),
        None => (words.never.to_owned(), String::new()),
    };
    let merchant = platform.then(|| {
        let name = or_nothing(terminal.merchant.map(|merchant| merchant.name));
        view! { <td role="cell">{name}</td> }
    });
    let maker = platform.then(|| view! { <td role="cell">{manufacturer}</td> });
    view! {
        <tr
            role="row"
            class="max-md:grid max-md:grid-cols-[1fr_auto] max-md:gap-2 max-md:p-4 max-md:bg-base-100 max-md:border max-md:border-base-300 max-md:rounded-box"
        >
            <td role="cell">
                <span class="flex items-center gap-1">
                    <a class="link code" href=href.clone()>{terminal.sn_printed}</a>
                    <button
                        type="button"
                        class="btn btn-ghost btn-sm px-2 group invisible [html.js_&]:visible after:content-[attr(data-done)]"
                        data-copy=sn
                        aria-label=copy
                    >
                        <svg class="size-4 group-data-done:hidden" aria-hidden="true">
                            <use_ href=icon::COPY />
                        </svg>
                    </button>
                </span>
            </td>
            <td role="cell" class="max-md:col-span-2 max-md:font-medium">{or_nothing(Some(terminal.name))}</td>
            {merchant}
            <td role="cell">{or_nothing(terminal.store)}</td>
            {maker}
            <td role="cell" class="whitespace-nowrap">{terminal.model}</td>
            <td role="cell" class="max-md:row-start-1 max-md:col-start-2">{state_badge::lifecycle(locale, terminal.lifecycle)}</td>
            <td role="cell" class="tabular-nums max-md:col-start-1">
                <span class="md:hidden">{words.last_seen}" "</span>
                <span class="whitespace-nowrap">{seen}</span>
                " "
                <span class="whitespace-nowrap text-sm">{ago}</span>
            </td>
            <td role="cell">
                <a class="btn btn-sm whitespace-nowrap" href=href aria-label=view_which>{words.view}</a>
            </td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::RequestInfo;
    use crate::request::Rendering;

    #[test]
    fn the_address_says_what_is_asked_for() {
        let query = |path_and_query: &str| {
            Rendering {
                locale: Locale::zh,
                now: Timestamp(0),
                request: RequestInfo::default(),
                path_and_query: path_and_query.to_owned(),
                flash: None,
                secure_cookies: true,
            }
            .query()
        };
        let asked = |path| super::asked(&query(path));
        assert_eq!(
            asked("/devices?q=+&state=nonsense&store=1&after=x"),
            TerminalQuery::default()
        );
        let unregistered = asked("/devices?state=unregistered&q=%E5%BA%97").lifecycles;
        assert_eq!(unregistered, [Lifecycle::Unassigned, Lifecycle::Awaiting]);
        assert_eq!(asked("/devices?state=retired").lifecycles, [Lifecycle::Retired]);
    }
}
