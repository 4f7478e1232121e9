//! Rows of the device log. One may be unfolded in its place.

use super::log_entry::unfolded;
use super::sentence::sentence;
use super::{format, state_badge, words};
use crate::backend::device_log::{LogEntry, LogRow};
use crate::components::html::{Html, Rendered};
use crate::domain::{LogEntryId, Timestamp};
use crate::i18n::{Locale, t};
use crate::pages::{device_address, help_address};
use crate::request::address;
use leptos::prelude::*;

/// How the rows are shown.
pub(crate) struct LogTable<'a> {
    pub(crate) locale: Locale,
    pub(crate) now: Timestamp,
    /// Adds the merchant.
    pub(crate) platform: bool,
    /// What is read out first.
    pub(crate) caption: &'static str,
    /// The query parameters of the list, which the ways to an entry keep.
    pub(crate) kept: &'a [(&'a str, &'a str)],
    /// The entry that is unfolded.
    pub(crate) opened: Option<&'a LogEntry>,
}

/// A table from which each entry leads to the page of the log. `platform` adds the merchant; `caption` is read out first.
pub(crate) fn log_table(
    locale: Locale,
    now: Timestamp,
    platform: bool,
    caption: &'static str,
    rows: Vec<LogRow>,
) -> impl IntoView + use<> {
    let table = LogTable {
        locale,
        now,
        platform,
        caption,
        kept: &[],
        opened: None,
    };
    table.view(rows)
}

/// Where a row stands on its page.
pub(crate) fn anchor(id: LogEntryId) -> String {
    format!("e-{}", id.0.simple())
}

impl LogTable<'_> {
    /// Its markup.
    pub(crate) fn view(&self, rows: Vec<LogRow>) -> impl IntoView + use<> {
        let locale = self.locale;
        let rows = rows.into_iter().map(|entry| self.row(entry)).collect_view();
        let head = |word: &'static str| view! { <th role="columnheader" scope="col">{word}</th> };
        let merchant = self.platform.then(|| head(t!(locale, log.merchant)));
        view! {
            <div class="md:overflow-x-auto md:bg-base-100 md:border border-base-300 rounded-box">
                <table
                    role="table"
                    class="table table-sm max-md:block [&_td]:align-top md:[&_time]:block max-md:[&_td]:block max-md:[&_td]:p-0 max-md:[&_td]:border-0"
                >
                    <caption class="sr-only">{self.caption}</caption>
                    <thead role="rowgroup" class="max-md:sr-only">
                        <tr role="row">
                            {head(t!(locale, log.time))} {head(t!(locale, log.kind))} {head(t!(locale, log.sn))}
                            {head(t!(locale, log.details))} {merchant} {head(t!(locale, log.actor))}
                        </tr>
                    </thead>
                    <tbody role="rowgroup" class="max-md:flex max-md:flex-col max-md:gap-3">{rows}</tbody>
                </table>
            </div>
        }
    }

    /// The way to an entry: to this page with it unfolded, or, from the unfolded one, to this page as it was.
    fn way(&self, row: &LogRow) -> impl IntoView + use<> {
        let locale = self.locale;
        let open = self.opened.is_some_and(|opened| opened.row.id == row.id);
        let id = row.id.to_string();
        let unfold = [("open", id.as_str())].into_iter().filter(|_| !open);
        let href = format!(
            "{}#{}",
            address("/logs", self.kept.iter().copied().chain(unfold)),
            anchor(row.id)
        );
        let label = (!open).then(|| {
            let (at, sentence) = (format::minute(row.received), sentence(locale, row));
            t!(locale, log.open_which, at, sentence)
        });
        let word = if open {
            t!(locale, log.close)
        } else {
            t!(locale, log.open)
        };
        view! {
            <a class="link tap no-print" href=href aria-label=label aria-expanded=open.then_some("true")>
                {word}
            </a>
        }
    }

    fn row(&self, entry: LogRow) -> impl IntoView + use<> {
        let locale = self.locale;
        let opened = self.opened.filter(|opened| opened.row.id == entry.id);
        let below = opened.map(|opened| {
            let columns = if self.platform { "6" } else { "5" };
            view! {
                <tr role="row" class="max-md:block">
                    <td
                        role="cell"
                        colspan=columns
                        class="bg-base-200 max-md:border! max-md:border-base-300 max-md:rounded-box max-md:bg-base-100"
                    >
                        {unfolded(locale, self.now, self.platform, opened)}
                    </td>
                </tr>
            }
        });
        let merchant = self.platform.then(|| {
            let name = entry
                .merchant
                .as_ref()
                .map_or_else(|| format::NOTHING.to_owned(), |merchant| merchant.name.clone());
            view! { <td role="cell">{name}</td> }
        });
        let actor = actor(locale, &entry);
        let store = entry
            .store
            .clone()
            .map(|store| view! { <p class="text-sm max-md:hidden">{store}</p> });
        let name = entry
            .terminal_name
            .clone()
            .map(|name| view! { <p class="text-sm max-md:hidden">{name}</p> });
        let turned_away = entry.turned_away.map(|count| {
            let count = format::grouped(count);
            view! { <p>{t!(locale, log.turned_away, count)}</p> }
        });
        let next = entry.reason.map(|told| {
            let words::Texts { next, .. } = words::told(locale, told);
            view! {
                {turned_away}
                <p class="text-sm">{next}</p>
                <p class="text-sm">
                    {t!(locale, failure.who)} {words::who(locale, told)} " "
                    <a class="link" href=help_address(told.code())>
                        {t!(locale, verdict.more)}
                    </a>
                </p>
            }
        });
        view! {
            <tr
                role="row"
                id=anchor(entry.id)
                class="max-md:flex max-md:flex-col max-md:gap-2 max-md:p-4 max-md:bg-base-100 max-md:border max-md:border-base-300 max-md:rounded-box target:outline-2 target:outline-primary"
            >
                <td role="cell">
                    {format::time(locale, self.now, entry.received)} <p>{self.way(&entry)}</p>
                </td>
                <td role="cell">
                    <span class="flex flex-wrap items-center gap-2 md:flex-col md:items-start md:gap-1">
                        {state_badge::outcome(locale, entry.outcome)} {words::log_kind(locale, entry.kind)}
                    </span>
                </td>
                <td role="cell">{serial_number(&entry)} {name} {store}</td>
                <td role="cell" class="min-w-56">
                    <p>{sentence(locale, &entry)}</p>
                    {next}
                </td>
                {merchant}
                <td role="cell" class="break-words">{actor}</td>
            </tr>
            {below}
        }
    }
}

/// The serial number, which leads to its terminal where the caller may see one.
pub(crate) fn serial_number(entry: &LogRow) -> Html {
    match (&entry.terminal_sn, &entry.sn_sent) {
        (Some(sn), _) => {
            let href = device_address(sn, None);
            view! { <a class="link code" href=href>{sn.clone()}</a> }.rendered()
        }
        (None, Some(sent)) => {
            let shown: String = sent.chars().take(80).collect();
            view! { <span class="font-mono break-all">{shown}</span> }.rendered()
        }
        (None, None) => format::NOTHING.rendered(),
    }
}

/// Who did it: by name where that is told, else what kind of party.
pub(crate) fn actor(locale: Locale, entry: &LogRow) -> String {
    entry
        .actor_label
        .clone()
        .unwrap_or_else(|| words::actor(locale, entry.actor).to_owned())
}
