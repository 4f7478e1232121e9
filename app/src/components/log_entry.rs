//! An entry of the device log with all that it says, and the others of the same request.

use super::log_table::{actor, serial_number};
use super::sentence::sentence;
use super::{format, state_badge, words};
use crate::backend::device_log::{LogEntry, LogRow, RELATED};
use crate::components::html::{Html, Rendered};
use crate::domain::{Lifecycle, LifecycleReason, Timestamp};
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;

/// All fields of an entry, and the entries beside it.
pub(crate) fn unfolded(locale: Locale, now: Timestamp, platform: bool, entry: &LogEntry) -> impl IntoView + use<> {
    view! {
        <div class="flex flex-col gap-4 p-2 md:p-4">
            <p class="font-medium">{sentence(locale, &entry.row)}</p>
            {fields(locale, now, platform, entry)}
            {detail(locale, &entry.row)}
            {related(locale, entry)}
        </div>
    }
}

fn pairs(pairs: Vec<(String, Html)>) -> impl IntoView {
    let pairs = pairs
        .into_iter()
        .map(|(word, value)| {
            view! {
                <div>
                    <dt class="text-sm">{word}</dt>
                    <dd class="font-medium break-words">{value}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="grid gap-3 sm:grid-cols-2 lg:grid-cols-3">{pairs}</dl> }
}

fn fields(locale: Locale, now: Timestamp, platform: bool, entry: &LogEntry) -> impl IntoView + use<> {
    let row = &entry.row;
    let text = |text: Option<String>| text.unwrap_or_else(|| format::NOTHING.to_owned()).rendered();
    let code = |text: String| view! { <span class="font-mono break-all">{text}</span> }.rendered();
    let time = |at| {
        view! { <span class="tabular-nums">{format::exact(at)}</span> " " <span class="text-sm">{format::age(locale, now, at)}</span> }
            .rendered()
    };
    let chain = if platform && row.merchant.is_none() {
        t!(locale, log.chain_platform)
    } else {
        t!(locale, log.chain_merchant)
    };
    let number = format::grouped(row.sequence.unsigned_abs());
    let kind = format!("{} · {}", words::log_kind(locale, row.kind), row.kind.code());
    let reason = |told: Option<crate::domain::Told>| {
        text(told.map(|told| format!("{} · {}", words::told(locale, told).title, told.code())))
    };
    let terminal = view! {
        {serial_number(row)}
        {row.terminal_name.clone().map(|name| view! { " " <span>{name}</span> })}
        {row.store.clone().map(|store| view! { " · " <span>{store}</span> })}
    };
    let mut all = vec![
        (t!(locale, log.occurred), time(row.occurred)),
        (t!(locale, log.received), time(row.received)),
        (t!(locale, log.kind), kind.rendered()),
        (
            t!(locale, log.outcome),
            state_badge::outcome(locale, row.outcome).rendered(),
        ),
        (t!(locale, log.sn_sent), text(row.sn_sent.clone())),
        (t!(locale, log.terminal), terminal.rendered()),
    ];
    if platform {
        let merchant = row.merchant.as_ref();
        let merchant = merchant.map(|merchant| format!("{} · {}", merchant.name, merchant.number));
        all.push((t!(locale, log.merchant), text(merchant)));
        all.push((t!(locale, log.reason_true), reason(row.reason)));
        all.push((t!(locale, log.reason_told), reason(entry.told)));
    } else {
        all.push((t!(locale, log.reason), reason(row.reason)));
    }
    // What kind of party a name is of; whoever is not named is told by the kind alone.
    let named = row.actor_label.as_ref();
    let kind = named.map(|_| format!("{} · ", words::party(locale, row.actor)));
    let who = format!("{}{}", kind.unwrap_or_default(), actor(locale, row));
    all.extend([
        (t!(locale, log.actor), who.rendered()),
        (t!(locale, log.address), text(row.address.clone())),
        (
            t!(locale, log.place),
            t!(locale, log.place_of, chain, number).rendered(),
        ),
        (t!(locale, log.entry_id), code(row.id.to_string())),
        (t!(locale, log.correlation), code(row.correlation.clone())),
    ]);
    let all = all.into_iter().map(|(word, value)| (word.to_owned(), value)).collect();
    pairs(all)
}

/// What else the entry tells, in words where there are any.
fn detail(locale: Locale, row: &LogRow) -> Option<impl IntoView + use<>> {
    if row.detail.is_empty() {
        return None;
    }
    let told = row
        .detail
        .iter()
        .map(|(place, value)| {
            (
                place_in_words(locale, place),
                value_in_words(locale, place, value).rendered(),
            )
        })
        .collect();
    Some(view! {
        <section class="flex flex-col gap-2">
            <h2 class="font-semibold">{t!(locale, log.detail)}</h2>
            {pairs(told)}
        </section>
    })
}

/// What stands at a place of the detail: in words where the place is known, else the place.
fn place_in_words(locale: Locale, place: &str) -> String {
    let (when, field) = match place.split_once('.') {
        Some((when @ ("before" | "after"), field)) => (when, field),
        _ => ("", place),
    };
    let word = match field {
        "import" => t!(locale, log.field.import),
        "rows" => t!(locale, log.field.rows),
        "business_day" => t!(locale, log.field.business_day),
        "operator_no" => t!(locale, log.field.operator_no),
        "last_seen_at" => t!(locale, log.field.last_seen_at),
        "package" => t!(locale, log.field.package),
        "version" => t!(locale, log.field.version),
        "error_code" => t!(locale, log.field.error_code),
        "lifecycle" => t!(locale, log.field.lifecycle),
        "reason" => t!(locale, log.field.reason),
        "note" => t!(locale, log.field.note),
        "merchant" => t!(locale, log.field.merchant),
        "store" => t!(locale, log.field.store),
        "name" => t!(locale, log.field.name),
        "replaced_by" => t!(locale, log.field.replaced_by),
        "replaces" => t!(locale, log.field.replaces),
        "turned_away" => t!(locale, log.field.turned_away),
        "from" => t!(locale, log.field.from),
        "until" => t!(locale, log.field.until),
        _ => field,
    };
    match when {
        "before" => t!(locale, log.before, field = word),
        "after" => t!(locale, log.after, field = word),
        _ => word.to_owned(),
    }
}

fn value_in_words(locale: Locale, place: &str, value: &str) -> String {
    let field = place.rsplit('.').next().unwrap_or_default();
    let known = match field {
        "lifecycle" => value
            .parse::<Lifecycle>()
            .ok()
            .map(|state| words::lifecycle(locale, state).to_owned()),
        "reason" => value
            .parse::<LifecycleReason>()
            .ok()
            .map(|reason| words::lifecycle_reason(locale, reason).to_owned()),
        "last_seen_at" | "from" | "until" => value.parse().ok().map(|at| format::minute(Timestamp(at))),
        _ => None,
    };
    known.unwrap_or_else(|| value.to_owned())
}

/// The other entries of the request, each a way to itself.
fn related(locale: Locale, entry: &LogEntry) -> impl IntoView + use<> {
    let items = entry
        .related
        .iter()
        .map(|row| {
            let href = address("/logs", [("open", row.id.to_string().as_str())]);
            view! {
                <li class="flex flex-wrap items-center gap-x-3 gap-y-1">
                    <span class="tabular-nums whitespace-nowrap">{format::minute(row.received)}</span>
                    {state_badge::outcome(locale, row.outcome)}
                    <a class="link" href=href>
                        {sentence(locale, row)}
                    </a>
                </li>
            }
        })
        .collect_view();
    let list = if entry.related.is_empty() {
        view! { <p>{t!(locale, log.no_related)}</p> }.rendered()
    } else {
        view! { <ul class="flex flex-col gap-2">{items}</ul> }.rendered()
    };
    let more = entry.more.then(|| {
        let count = format::grouped(RELATED as u64);
        view! { <p class="text-sm">{t!(locale, log.more_related, count)}</p> }
    });
    view! {
        <section class="flex flex-col gap-2">
            <h2 class="font-semibold">{t!(locale, log.related)}</h2>
            {list}
            {more}
        </section>
    }
}
