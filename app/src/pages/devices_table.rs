//! The table of the list of terminals, without boxes to tick; that one is in [`super::devices_select`].

use super::{device_address, devices_layout};
use crate::backend::list_settings::{Layout, ListColumn};
use crate::backend::terminals::SortKey;
use crate::backend::verdicts::Judged;
use crate::components::html::{Html, Rendered};
use crate::components::stencil::Stencil;
use crate::components::{format, icon, state_badge, verdict};
use crate::domain::{self, Lifecycle, Timestamp};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::tachys::view::RenderHtml;
use strum::VariantArray;

/// The terminals: rows of a table on a wide screen, cards on a phone's. A table that is shown as blocks is none to a
/// screen reader, so that its parts say what they are.
pub(super) fn table(
    locale: Locale,
    now: Timestamp,
    platform: bool,
    layout: &Layout,
    head: &dyn Fn(SortKey) -> Html,
    rows: &[Judged],
) -> impl IntoView + use<> {
    let heads = ListColumn::VARIANTS.iter().filter(|column| layout.shows(**column));
    let heads = joined(heads.map(|column| match column {
        ListColumn::Name => head(SortKey::Name),
        ListColumn::LastSeen => head(SortKey::LastSeen),
        column => {
            let word = devices_layout::column_words(locale, platform, *column);
            view! {
                <th role="columnheader" scope="col">
                    {word}
                </th>
            }
            .rendered()
        }
    }));
    let class = if layout.compact {
        "table table-xs cards"
    } else {
        "table table-sm cards"
    };
    view! {
        <div class="md:overflow-x-auto min-[88rem]:overflow-x-visible md:bg-base-100 md:border border-base-300 rounded-box">
            <table role="table" class=class>
                <caption class="sr-only">{t!(locale, devices.caption)}</caption>
                <thead role="rowgroup" class="min-[88rem]:sticky min-[88rem]:top-0 min-[88rem]:z-1 min-[88rem]:bg-base-100">
                    <tr role="row">
                        {head(SortKey::Sn)}
                        {heads}
                    </tr>
                </thead>
                <tbody role="rowgroup">{table_rows(locale, now, platform, layout, rows)}</tbody>
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
fn row(locale: Locale, platform: bool, layout: &Layout, place: &dyn Fn(Place) -> String) -> Html {
    let copy = t!(locale, common.copy, sn = place(Place::Sn));
    let shown = ListColumn::VARIANTS.iter().filter(|column| layout.shows(**column));
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
            {joined(shown.map(|column| cell(locale, platform, *column, place)))}
        </tr>
    }
    .rendered()
}

/// Pieces of markup as one.
fn joined(pieces: impl Iterator<Item = Html>) -> Html {
    Html::new(pieces.map(RenderHtml::to_html).collect::<String>())
}

/// A cell of a column.
fn cell(locale: Locale, platform: bool, column: ListColumn, place: &dyn Fn(Place) -> String) -> Html {
    match column {
        ListColumn::Name => view! {
            <td role="cell" class="card-name">
                <bdi>{place(Place::Name)}</bdi>
            </td>
        }
        .rendered(),
        ListColumn::Place => view! {
            <td role="cell">
                {platform.then(|| view! { <bdi class="block">{place(Place::Merchant)}</bdi> })}
                <bdi>{place(Place::Store)}</bdi>
            </td>
        }
        .rendered(),
        ListColumn::Model => view! {
            <td role="cell" class="whitespace-nowrap">
                {platform.then(|| view! { <span class="block">{place(Place::Manufacturer)}</span> })}
                {place(Place::Model)}
            </td>
        }
        .rendered(),
        ListColumn::State => view! { <td role="cell" class="card-state">{place(Place::State)}</td> }.rendered(),
        ListColumn::Verdict => view! { <td role="cell" class="card-name">{place(Place::Verdict)}</td> }.rendered(),
        ListColumn::LastSeen => view! {
            <td role="cell" class="card-start tabular-nums">
                <span class="md:hidden">{t!(locale, devices.last_seen)} " "</span>
                <span class="whitespace-nowrap">{place(Place::Seen)}</span>
                " "
                <span class="whitespace-nowrap text-sm">{place(Place::Ago)}</span>
            </td>
        }
        .rendered(),
        ListColumn::Actions => {
            let view_which = t!(locale, common.view_which, sn = place(Place::Sn));
            view! {
                <td role="cell">
                    <a class="btn btn-sm whitespace-nowrap" href=place(Place::Href) aria-label=view_which>
                        {t!(locale, common.view)}
                    </a>
                </td>
            }
            .rendered()
        }
    }
}

fn table_rows(locale: Locale, now: Timestamp, platform: bool, layout: &Layout, rows: &[Judged]) -> Html {
    let badges: Vec<_> = Lifecycle::VARIANTS
        .iter()
        .map(|state| (*state, state_badge::lifecycle(locale, *state).to_html()))
        .collect();
    let mut verdicts: Vec<(domain::Answer, String)> = Vec::new();
    let stencil = Stencil::of(|place| row(locale, platform, layout, place));
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
