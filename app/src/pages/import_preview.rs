//! What the rows of a file would do, before somebody says whether they go in.

use super::import_errors::errors;
use super::import_mapping::mapping;
use super::import_report::{cancel, tally};
use super::import_steps::ConfirmImport;
use crate::backend::imports::{Effect, FactChange, ImportReport, PreviewRow};
use crate::components::change::change;
use crate::components::html::{Html, Rendered};
use crate::components::stacked_table::{CARD_ROW, Heading, stacked_table};
use crate::components::{format, icon, words};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

/// Lists of so many rows need not be opened.
const OPEN_ROWS: usize = 10;

/// What the rows would do.
pub(super) fn preview(locale: Locale, report: &ImportReport, acts: bool) -> impl IntoView + use<> {
    let bad = report.rows_failed;
    let changes = report.rows_created + report.rows_updated;
    let (class, drawing, text) = match (bad, changes) {
        (0, 0) => (
            "alert alert-info alert-outline bg-base-100",
            icon::OK,
            t!(locale, import.nothing_to_do).to_owned(),
        ),
        (0, _) => (
            "alert alert-success alert-outline bg-base-100",
            icon::OK,
            t!(locale, import.all_good).to_owned(),
        ),
        (_, 0) => (
            "alert alert-warning alert-outline bg-base-100",
            icon::ALERT,
            t!(locale, import.nothing_good, count = format::grouped(bad)),
        ),
        _ => (
            "alert alert-warning alert-outline bg-base-100",
            icon::ALERT,
            t!(locale, import.some_bad, count = format::grouped(bad)),
        ),
    };
    let confirm = (acts && changes > 0).then(|| {
        let skip = (bad > 0).then(|| {
            view! {
                <label class="flex items-center gap-2 tap">
                    <input class="checkbox" type="checkbox" name="skip_bad_rows" value="true" required=true />
                    {t!(locale, import.skip)}
                </label>
            }
        });
        view! {
            <form method="post" action=ConfirmImport::PATH class="flex flex-col items-start gap-3">
                <input type="hidden" name="import" value=report.id.to_string() />
                {skip}
                <button class="btn btn-primary" type="submit">
                    {t!(locale, import.confirm, count = format::grouped(changes))}
                </button>
            </form>
        }
    });
    let columns = acts.then(|| {
        view! {
            <details>
                <summary class="font-semibold cursor-pointer tap">{t!(locale, import.mapping_change)}</summary>
                <div class="mt-2">{mapping(locale, report)}</div>
            </details>
        }
    });
    view! {
        <div role="status" class=class>
            {icon::icon(drawing)} <p class="text-base-content">{text}</p>
        </div>
        {tally(locale, report, true)}
        <div class="flex flex-wrap items-end gap-3">{confirm} {cancel(locale, report, acts)}</div>
        {(!report.errors.is_empty()).then(|| errors(locale, report))}
        {Effect::VARIANTS.iter().map(|effect| listed(locale, report, *effect)).collect_view()}
        {columns}
    }
}

/// The first rows that have an effect; nothing when there are none.
fn listed(locale: Locale, report: &ImportReport, effect: Effect) -> Option<Html> {
    let rows: Vec<&PreviewRow> = report.preview.iter().filter(|row| row.effect == effect).collect();
    if rows.is_empty() {
        return None;
    }
    let (title, count) = match effect {
        Effect::Created => (t!(locale, import.preview_created), report.rows_created),
        Effect::Updated => (t!(locale, import.preview_updated), report.rows_updated),
        Effect::Skipped => (t!(locale, import.preview_skipped), report.rows_skipped),
    };
    let headings = [
        Heading::of_numbers(t!(locale, import.line)),
        t!(locale, import.field_sn).into(),
        t!(locale, import.field_name).into(),
        t!(locale, import.merchant).into(),
        t!(locale, import.field_store).into(),
    ];
    let shown = rows.len();
    let cards = rows.into_iter().map(|row| card(locale, row)).collect_view();
    let table = if effect == Effect::Updated {
        let [line, sn, name, merchant, store] = headings;
        let changes = t!(locale, import.changes).into();
        stacked_table(title, [line, sn, name, merchant, store, changes], cards)
    } else {
        stacked_table(title, headings, cards)
    };
    let more = count.saturating_sub(shown as u64);
    let more = (more > 0).then(|| {
        let count = format::grouped(more);
        view! { <p class="mt-2">{t!(locale, import.preview_more, count)}</p> }
    });
    let open = shown <= OPEN_ROWS;
    let summary = format!("{title} ({})", format::grouped(count));
    let list = view! {
        <details open=open>
            <summary class="font-semibold cursor-pointer tap">{summary}</summary>
            <div class="mt-2">{table} {more}</div>
        </details>
    };
    Some(list.rendered())
}

/// A row of the file. Nothing in it is so long, or written in such a direction, that the others lose their places.
fn card(locale: Locale, row: &PreviewRow) -> impl IntoView + use<> {
    let word = |word: &'static str| view! { <span class="md:hidden">{word} " "</span> };
    let text = |text: Option<&str>| {
        let text = text.filter(|text| !text.is_empty()).unwrap_or(format::NOTHING);
        view! { <bdi class="wrap-anywhere">{text.to_owned()}</bdi> }
    };
    let number = row.merchant.as_ref().map(|merchant| {
        view! { <span class="block text-sm tabular-nums max-md:break-all md:whitespace-nowrap">{merchant.number.clone()}</span> }
    });
    let changes = (row.effect == Effect::Updated).then(|| {
        let changes = row.changes.iter().map(|changed| fact(locale, changed)).collect_view();
        view! {
            <td role="cell" class="md:min-w-56">
                <dl class="flex flex-col gap-1">{changes}</dl>
            </td>
        }
    });
    view! {
        <tr
            role="row"
            class=CARD_ROW
        >
            <td role="cell" class="md:text-end tabular-nums">{word(t!(locale, import.line))} {format::grouped(row.line)}</td>
            <td role="cell" class="font-mono break-all md:min-w-40 max-md:font-semibold">
                <bdi>{row.sn.clone()}</bdi>
            </td>
            <td role="cell" class="md:min-w-32">{word(t!(locale, import.field_name))} {text(Some(&row.name))}</td>
            <td role="cell" class="md:min-w-32">
                {word(t!(locale, import.merchant))} {text(row.merchant.as_ref().map(|merchant| merchant.name.as_str()))} {number}
            </td>
            <td role="cell" class="md:min-w-28">{word(t!(locale, import.field_store))} {text(row.store.as_deref())}</td>
            {changes}
        </tr>
    }
}

/// A fact that a row changes.
fn fact(locale: Locale, FactChange { field, before, after }: &FactChange) -> impl IntoView + use<> {
    let nothing = before.is_none().then(|| format!("{} → ", format::NOTHING));
    view! {
        <div class="flex flex-wrap gap-x-2">
            <dt>{words::import_field(locale, *field)}</dt>
            <dd class="wrap-anywhere min-w-0">{nothing} {change(locale, before.clone(), after.clone())}</dd>
        </div>
    }
}
