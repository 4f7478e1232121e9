//! Rows of the device log.

use super::{format, state_badge, words};
use crate::backend::device_log::LogRow;
use crate::components::html::Rendered;
use crate::domain::Timestamp;
use crate::i18n::{Locale, t};
use crate::pages::{device_address, help_address};
use leptos::prelude::*;

/// The table. `platform` adds the merchant; `caption` is read out first.
pub(crate) fn log_table(
    locale: Locale,
    now: Timestamp,
    platform: bool,
    caption: &'static str,
    rows: Vec<LogRow>,
) -> impl IntoView + use<> {
    let rows = rows
        .into_iter()
        .map(|entry| row(locale, now, platform, entry))
        .collect_view();
    view! {
        <div class="md:overflow-x-auto md:bg-base-100 md:border border-base-300 rounded-box">
            <table
                role="table"
                class="table table-sm [&_td]:text-sm max-md:block [&_td]:align-top md:[&_time]:block max-md:[&_td]:block max-md:[&_td]:p-0 max-md:[&_td]:border-0"
            >
                <caption class="sr-only">{caption}</caption>
                <thead role="rowgroup" class="max-md:sr-only">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!(locale, log.time)}</th>
                        <th role="columnheader" scope="col">{t!(locale, log.kind)}</th>
                        <th role="columnheader" scope="col">{t!(locale, log.sn)}</th>
                        <th role="columnheader" scope="col">{t!(locale, log.details)}</th>
                        {platform.then(|| view! { <th role="columnheader" scope="col">{t!(locale, log.merchant)}</th> })}
                        <th role="columnheader" scope="col">{t!(locale, log.actor)}</th>
                        <th role="columnheader" scope="col">{t!(locale, log.address)}</th>
                    </tr>
                </thead>
                <tbody role="rowgroup" class="max-md:flex max-md:flex-col max-md:gap-3">{rows}</tbody>
            </table>
        </div>
    }
}

fn row(locale: Locale, now: Timestamp, platform: bool, entry: LogRow) -> impl IntoView {
    let sn = match (entry.terminal_sn, entry.sn_sent) {
        (Some(sn), _) => {
            let href = device_address(&sn, None);
            view! { <a class="link code" href=href>{sn}</a> }.rendered()
        }
        (None, Some(sent)) => {
            let shown: String = sent.chars().take(80).collect();
            view! { <span class="font-mono break-all">{shown}</span> }.rendered()
        }
        (None, None) => format::NOTHING.rendered(),
    };
    let details = match entry.reason {
        Some(told) => {
            let words::Texts { title, next, .. } = words::told(locale, told);
            let turned_away = entry.turned_away.map(|count| {
                let count = format::grouped(count);
                view! { <p>{t!(locale, log.turned_away, count)}</p> }
            });
            view! {
                <p class="font-medium">
                    <a class="link" href=help_address(told.code())>
                        {title}
                    </a>
                </p>
                {turned_away}
                <p class="text-sm">{next}</p>
                <p class="text-sm">{t!(locale, failure.who)} {words::who(locale, told)}</p>
            }
            .rendered()
        }
        None => format::NOTHING.rendered(),
    };
    let merchant = platform.then(|| {
        let name = entry
            .merchant
            .map_or_else(|| format::NOTHING.to_owned(), |merchant| merchant.name);
        view! { <td role="cell">{name}</td> }
    });
    let actor = entry
        .actor_label
        .unwrap_or_else(|| words::actor(locale, entry.actor).to_owned());
    let address = entry.address.unwrap_or_else(|| format::NOTHING.to_owned());
    view! {
        <tr
            role="row"
            class="max-md:flex max-md:flex-col max-md:gap-2 max-md:p-4 max-md:bg-base-100 max-md:border max-md:border-base-300 max-md:rounded-box"
        >
            <td role="cell">{format::time(locale, now, entry.received)}</td>
            <td role="cell">
                <span class="flex flex-wrap items-center gap-2 md:flex-col md:items-start md:gap-1">
                    {state_badge::outcome(locale, entry.outcome)} {words::log_kind(locale, entry.kind)}
                </span>
            </td>
            <td role="cell">
                {sn} {entry.terminal_name.map(|name| view! { <p class="text-sm">{name}</p> })}
            </td>
            <td role="cell" class="min-w-56">{details}</td>
            {merchant}
            <td role="cell" class="whitespace-nowrap">{actor}</td>
            <td role="cell" class="font-mono text-sm">{address}</td>
        </tr>
    }
}
