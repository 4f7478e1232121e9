//! What is known of a terminal, for its page.

use crate::backend::terminals::Terminal;
use crate::components::format;
use crate::components::html::Rendered;
use crate::domain::{Timestamp, looks_odd};
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The facts, `--` where nothing is known.
pub(super) fn facts(locale: Locale, now: Timestamp, terminal: &Terminal) -> impl IntoView + use<> {
    let row = &terminal.row;
    let merchant = row.merchant.as_ref();
    let text = |text: Option<&str>| {
        text.filter(|text| !text.is_empty())
            .unwrap_or(format::NOTHING)
            .to_owned()
            .rendered()
    };
    let time = |at| format::time_or_nothing(locale, now, at);
    let facts = [
        (t!(locale, devices.sn), text(Some(&row.sn_printed))),
        (t!(locale, devices.manufacturer), text(Some(row.manufacturer.as_str()))),
        (t!(locale, devices.model), text(Some(&row.model))),
        (t!(locale, devices.name), text(Some(&row.name))),
        (
            t!(locale, devices.merchant),
            text(merchant.map(|merchant| merchant.name.as_str())),
        ),
        (
            t!(locale, device.merchant_number),
            text(merchant.map(|merchant| merchant.number.as_str())),
        ),
        (t!(locale, devices.store), text(row.store.as_deref())),
        (t!(locale, device.firmware), text(terminal.firmware.as_deref())),
        (t!(locale, device.app_version), text(terminal.app_version.as_deref())),
        (t!(locale, device.note), text(terminal.note.as_deref())),
        (t!(locale, device.created), time(Some(terminal.created))),
        (t!(locale, device.registered), time(terminal.registered)),
        (t!(locale, device.connected_at), time(terminal.connected)),
        (t!(locale, devices.last_seen), time(row.last_seen)),
        (t!(locale, device.code_expires), time(terminal.code_expires)),
    ];
    let facts = facts
        .into_iter()
        .map(|(word, fact)| {
            view! {
                <div>
                    <dt class="text-sm">{word}</dt>
                    <dd class="font-medium break-words">{fact}</dd>
                </div>
            }
        })
        .collect_view();
    let odd = looks_odd(&row.manufacturer, &row.sn).then(|| {
        let maker = row.manufacturer.as_str();
        view! { <p class="mb-3">{t!(locale, device.odd_sn, maker)}</p> }
    });
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6" aria-labelledby="facts-title">
            <h2 class="text-lg font-semibold mb-3" id="facts-title">{t!(locale, device.facts)}</h2>
            {odd}
            <dl class="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">{facts}</dl>
        </section>
    }
}
