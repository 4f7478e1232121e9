//! What came of each terminal of a batch; where codes were issued, the sheet with them.

use super::batch::address_of;
use super::guard::{Answer, Visit};
use crate::backend::batches::{Batch, BatchItem, BatchStage, Came, REPEATED, Work};
use crate::backend::registration::IssuedCode;
use crate::components::html::{Html, Rendered};
use crate::components::pager::pager;
use crate::components::stacked_table::{CARD_ROW, stacked_table};
use crate::components::{failure, format, icon, qr, state_badge};
use crate::i18n::{Locale, t};
use crate::pages::device_address;
use crate::request::address;
use leptos::prelude::*;

/// The value of the query parameter `only` that leaves out the terminals that were done.
pub(super) const NOT_DONE: &str = "not_done";

/// The page of a batch with which something was done.
pub(super) fn result(visit: &Visit, work: Work, batch: &Batch) -> Answer {
    let locale = visit.locale();
    let title = match work {
        Work::Register => t!(locale, batch.registered),
        _ => t!(locale, batch.done_title),
    };
    let (again, word) = match (work, visit.is_platform()) {
        (Work::Register, _) => ("/devices/register", t!(locale, common.register)),
        (_, true) => ("/terminals?select=1", t!(locale, batch.choose_again)),
        (_, false) => ("/devices?select=1", t!(locale, batch.choose_again)),
    };
    let rows = batch
        .items
        .rows
        .iter()
        .map(|item| row(locale, work, item))
        .collect_view();
    let [sn, name, state] = columns(locale);
    let columns = [sn, name, state, t!(locale, batch.result), t!(locale, batch.next_step)];
    let table = stacked_table(t!(locale, batch.result_caption), columns, rows);
    let only = visit.query.get("only").unwrap_or_default();
    let body = view! {
        <div class="flex flex-col gap-6">
            {ending(locale, batch)}
            {tally(locale, batch)}
            {sheet(locale, batch)}
            {narrowed(locale, batch, only)}
            <div class="no-print">{table}</div>
            <div class="no-print">{pager(locale, &batch.items, &address_of(batch.id), &[("only", only)])}</div>
            <p class="no-print">
                <a class="btn btn-primary" href=again>{word}</a>
            </p>
        </div>
    };
    Answer::page(title, body)
}

/// How many came to what.
fn tally(locale: Locale, batch: &Batch) -> impl IntoView + use<> {
    let counts = batch.counts;
    let count = format::grouped;
    let waiting = match batch.stage {
        BatchStage::Cancelled | BatchStage::Failed => t!(locale, batch.left_count, count = count(counts.waiting)),
        _ => t!(locale, batch.waiting_count, count = count(counts.waiting)),
    };
    let said = [
        (counts.done, t!(locale, batch.done_count, count = count(counts.done))),
        (
            counts.refused,
            t!(locale, batch.refused_count, count = count(counts.refused)),
        ),
        (counts.waiting, waiting),
    ];
    let said = said
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(_, said)| view! { <li>{said}</li> })
        .collect_view();
    view! { <ul role="status" class="font-medium no-print">{said}</ul> }
}

/// Why a batch ended before its end.
pub(super) fn ending(locale: Locale, batch: &Batch) -> Option<Html> {
    let text = match (batch.stage, batch.problem) {
        (BatchStage::Cancelled, _) => view! { <strong>{t!(locale, batch.stopped)}</strong> }.rendered(),
        (BatchStage::Failed, Some(problem)) => {
            let said = failure::said(locale, problem.code());
            view! { <strong>{said.title}</strong> " " {said.what} }.rendered()
        }
        _ => return None,
    };
    Some(
        view! {
            <div role="alert" class="alert alert-warning alert-outline bg-base-100">
                {icon::icon(icon::ALERT)} <p class="text-base-content">{text}</p>
            </div>
        }
        .rendered(),
    )
}

/// The way to the terminals that were not done alone, and back; nothing where all or none were.
fn narrowed(locale: Locale, batch: &Batch, only: &str) -> Option<Html> {
    let counts = batch.counts;
    if counts.done == 0 || counts.done == counts.all() {
        return None;
    }
    let here = address_of(batch.id);
    let (href, word) = if only == NOT_DONE {
        (here, t!(locale, batch.show_all))
    } else {
        (address(&here, [("only", NOT_DONE)]), t!(locale, batch.show_not_done))
    };
    Some(view! { <p class="no-print"><a class="link" href=href>{word}</a></p> }.rendered())
}

/// The terminals that were chosen, before anything is done.
pub(super) fn chosen_table(locale: Locale, items: &[BatchItem]) -> Html {
    let rows = items
        .iter()
        .map(|item| view! { <tr role="row" class=CARD_ROW>{facts(locale, item)}</tr> })
        .collect_view();
    stacked_table(t!(locale, batch.chosen_caption), columns(locale), rows)
}

/// What says which terminal it is, and its state.
fn columns(locale: Locale) -> [&'static str; 3] {
    [t!(locale, batch.sn), t!(locale, batch.name), t!(locale, batch.state)]
}

/// The same of one.
fn facts(locale: Locale, item: &BatchItem) -> impl IntoView + use<> {
    let sn = match &item.terminal {
        Some(row) => {
            let href = device_address(row.sn.as_str(), Some(row.manufacturer.as_str()));
            view! { <a class="link code" href=href>{row.sn_printed.clone()}</a> }.rendered()
        }
        None => view! { <span class="code break-all">{item.typed.clone()}</span> }.rendered(),
    };
    let name = item.terminal.as_ref().map(|row| row.name.clone());
    let name = name
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| format::NOTHING.to_owned());
    let state = item
        .terminal
        .as_ref()
        .map(|row| state_badge::lifecycle(locale, row.lifecycle));
    view! {
        <td role="cell">{sn}</td>
        <td role="cell">{name}</td>
        <td role="cell">{state}</td>
    }
}

fn row(locale: Locale, work: Work, item: &BatchItem) -> Html {
    let gives_code = matches!(work, Work::Register | Work::IssueCodes);
    let plain = |text: &'static str| failure::linked(text, None);
    let (result, next) = match &item.came {
        Came::Nothing => (plain(t!(locale, batch.not_done)), None),
        Came::Done => {
            let next = match (gives_code, item.code.is_some()) {
                (true, true) => Some(t!(locale, batch.enter_code)),
                (true, false) => Some(t!(locale, batch.enter_code_gone)),
                (false, _) => None,
            };
            (plain(t!(locale, batch.done)), next)
        }
        Came::Refused(why) if why == REPEATED => {
            (plain(t!(locale, batch.repeated)), Some(t!(locale, batch.repeated_next)))
        }
        Came::Refused(why) => {
            let said = failure::said(locale, why);
            (
                failure::linked(said.title, said.help),
                Some(said.next.unwrap_or(said.what)),
            )
        }
    };
    view! {
        <tr role="row" class=CARD_ROW>
            {facts(locale, item)}
            <td role="cell" class="font-medium">{result}</td>
            <td role="cell">{next}</td>
        </tr>
    }
    .rendered()
}

/// The codes as labels to print; nothing when the key was not at hand.
fn sheet(locale: Locale, batch: &Batch) -> Option<Html> {
    let labels: Vec<_> = batch
        .items
        .rows
        .iter()
        .filter_map(|item| Some(label(locale, item, item.code.as_ref()?)))
        .collect();
    (!labels.is_empty()).then(|| {
        view! {
            <section class="flex flex-col gap-3" aria-labelledby="sheet-title">
                <h2 class="text-lg font-semibold" id="sheet-title">{t!(locale, batch.sheet)}</h2>
                <p class="font-medium no-print">{t!(locale, batch.sheet_once)}</p>
                <p class="no-print">{t!(locale, batch.sheet_how)}</p>
                <ul class="grid gap-3 sm:grid-cols-2 xl:grid-cols-3 print:grid-cols-2 print:gap-2">{labels}</ul>
            </section>
        }
        .rendered()
    })
}

fn label(locale: Locale, item: &BatchItem, issued: &IssuedCode) -> impl IntoView + use<> {
    let code = issued.code.to_string();
    let sn = item
        .terminal
        .as_ref()
        .map_or(&item.typed, |row| &row.sn_printed)
        .clone();
    let name = item.terminal.as_ref().map(|row| row.name.clone());
    let picture = qr::qr(&code, t!(locale, batch.qr, sn = sn.clone()), "size-28 shrink-0");
    let until = t!(locale, batch.until, time = format::minute(issued.expires));
    view! {
        <li class="flex gap-3 items-center p-3 bg-base-100 border border-base-300 rounded-box break-inside-avoid">
            {picture}
            <div class="min-w-0">
                <p class="code break-all">{sn}</p>
                <p class="break-words">{name}</p>
                <p class="code text-lg font-bold" data-testid="activation-code">{code}</p>
                <p class="text-sm">{until}</p>
            </div>
        </li>
    }
}
