//! The list of terminals with a box to tick before each: what is ticked is handled together on [`super::batch`].

use super::batch::ChooseTerminals;
use crate::backend::terminals::TerminalRow;
use crate::components::{format, state_badge};
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// Whether the address asks for boxes: `select=1`, or `select=all` with all of them ticked.
pub(super) fn wanted(query: &Query) -> bool {
    query.get("select").is_some()
}

/// The link from the list to the boxes, or back.
pub(super) fn toggle(locale: Locale, path: &str, query: &Query, kept: &[(&str, &str)]) -> impl IntoView + use<> {
    let select = wanted(query);
    let mark = if select { "" } else { "1" };
    let href = address(path, kept.iter().copied().chain([("select", mark)]));
    let word = if select {
        t!(locale, batch.select_end)
    } else {
        t!(locale, batch.select)
    };
    view! {
        <a class="btn btn-sm" href=href>
            {word}
        </a>
    }
}

/// A page of the list with boxes. `kept` are the query parameters of the list and its place.
pub(super) fn table(
    locale: Locale,
    platform: bool,
    path: &'static str,
    query: &Query,
    kept: &[(&str, &str)],
    rows: Vec<TerminalRow>,
) -> impl IntoView + use<> {
    let all = query.get("select") == Some("all");
    let place = ["after", "before"].map(|name| (name, query.get(name).unwrap_or_default()));
    let with = |mark| {
        let here = kept.iter().copied().chain(place).chain([("select", mark)]);
        address(path, here)
    };
    let (tick, word) = if all {
        (with("1"), t!(locale, batch.select_none))
    } else {
        (with("all"), t!(locale, batch.select_all))
    };
    let asked = address("", kept.iter().copied().chain([("select", "1")]));
    let asked = asked.trim_start_matches('?').to_owned();
    let rows = rows
        .into_iter()
        .map(|terminal| row(locale, platform, all, terminal))
        .collect_view();
    let chosen = t!(locale, batch.chosen_count, count = "{}");
    let head = |word: &'static str| view! { <th role="columnheader" scope="col">{word}</th> };
    view! {
        <form class="flex flex-col gap-3" method="post" action=ChooseTerminals::PATH>
            <input type="hidden" name="list" value=path />
            <input type="hidden" name="query" value=asked />
            <p>{t!(locale, batch.select_hint)} <span class="js-only max-md:hidden">{t!(locale, batch.select_keys)}</span></p>
            <p class="flex flex-wrap gap-2 items-center">
                <button class="btn btn-primary" type="submit">{t!(locale, batch.next)}</button>
                <button class="btn" type="submit" name="which" value="all">{t!(locale, batch.next_all)}</button>
                <a class="btn" href=tick>{word}</a>
                <span class="tabular-nums" role="status" data-chosen=chosen></span>
            </p>
            <div class="md:overflow-x-auto min-[88rem]:overflow-x-visible md:bg-base-100 md:border border-base-300 rounded-box">
                <table role="table" class="table table-sm cards">
                    <caption class="sr-only">{t!(locale, batch.select_caption)}</caption>
                    <thead role="rowgroup" class="min-[88rem]:sticky min-[88rem]:top-0 min-[88rem]:z-1 min-[88rem]:bg-base-100">
                        <tr role="row">
                            {head(t!(locale, devices.sn))} {head(t!(locale, devices.name))}
                            {platform.then(|| head(t!(locale, devices.merchant)))} {head(t!(locale, devices.store))}
                            {head(t!(locale, devices.model))} {head(t!(locale, devices.state))}
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
        </form>
    }
}

fn row(locale: Locale, platform: bool, ticked: bool, terminal: TerminalRow) -> impl IntoView {
    let or_nothing = |text: Option<String>| {
        text.filter(|text| !text.is_empty())
            .unwrap_or_else(|| format::NOTHING.to_owned())
    };
    let label = t!(locale, batch.choose_one, sn = terminal.sn_printed.as_str());
    let merchant = platform.then(|| {
        let name = or_nothing(terminal.merchant.map(|merchant| merchant.name));
        view! {
            <td role="cell">
                <bdi>{name}</bdi>
            </td>
        }
    });
    view! {
        <tr role="row">
            <td role="cell">
                <label class="tap flex items-center gap-3">
                    <input
                        class="checkbox"
                        type="checkbox"
                        name="ids[]"
                        value=terminal.id.to_string()
                        checked=ticked
                        aria-label=label
                    />
                    <span class="code">{terminal.sn_printed}</span>
                </label>
            </td>
            <td role="cell" class="card-name">
                <bdi>{or_nothing(Some(terminal.name))}</bdi>
            </td>
            {merchant}
            <td role="cell">
                <bdi>{or_nothing(terminal.store)}</bdi>
            </td>
            <td role="cell" class="whitespace-nowrap">
                {terminal.model}
            </td>
            <td role="cell" class="card-state">
                {state_badge::lifecycle(locale, terminal.lifecycle)}
            </td>
        </tr>
    }
}
