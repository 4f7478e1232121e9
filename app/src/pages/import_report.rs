//! What became of an inventory file.

use super::guard::{Answer, Visit, guarded};
use crate::backend::imports::{ImportReport, MAX_ERRORS, RowError};
use crate::components::{format, icon, words};
use crate::domain::ImportBatchId;
use crate::error::AppError;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The report whose key the path has.
#[component]
pub(super) fn ImportReportPage() -> impl IntoView {
    guarded(report)
}

async fn report(visit: Visit) -> Result<Answer, AppError> {
    let by = visit.caller.platform_viewer()?;
    let id: ImportBatchId = visit.param("id").parse().map_err(|_| AppError::NotFound)?;
    let report = visit.backend.imports.get(by, id).await?.ok_or(AppError::NotFound)?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let again = visit.caller.platform_admin().is_ok().then(|| {
        view! { <a class="btn" href="/terminals/import">{t!(locale, import.again)}</a> }
    });
    let body = view! {
        <div class="flex flex-col gap-6">
            <p>
                <strong class="break-all">{report.file_name.clone()}</strong>
                " · "
                {t!(locale, import.read_at)}
                " "
                {format::time(locale, now, report.created)}
            </p>
            {verdict(locale, &report)}
            {tally(locale, &report)}
            {(!report.errors.is_empty()).then(|| errors(locale, &report))}
            <p class="flex flex-wrap gap-2">
                <a class="btn btn-primary" href="/terminals">{t!(locale, import.see_terminals)}</a>
                {again}
            </p>
        </div>
    };
    Ok(Answer::page(t!(locale, import.report), body))
}

/// Whether anything was imported.
fn verdict(locale: Locale, report: &ImportReport) -> impl IntoView + use<> {
    let (class, drawing, text) = match (report.done, report.rows_failed) {
        (true, 0) => (
            "alert alert-success alert-outline bg-base-100",
            icon::OK,
            t!(locale, import.done),
        ),
        (true, _) => (
            "alert alert-warning alert-outline bg-base-100",
            icon::ALERT,
            t!(locale, import.done_partly),
        ),
        (false, _) => (
            "alert alert-error alert-outline bg-base-100",
            icon::ALERT,
            t!(locale, import.not_done),
        ),
    };
    view! {
        <div role="status" class=class>
            {icon::icon(drawing)} <p class="text-base-content">{text}</p>
        </div>
    }
}

fn tally(locale: Locale, report: &ImportReport) -> impl IntoView + use<> {
    let counts = [
        (t!(locale, import.total), report.rows_total),
        (t!(locale, import.created), report.rows_created),
        (t!(locale, import.updated), report.rows_updated),
        (t!(locale, import.skipped), report.rows_skipped),
        (t!(locale, import.failed), report.rows_failed),
    ];
    let counts = counts
        .into_iter()
        .map(|(word, count)| {
            view! {
                <div class="card bg-base-100 border border-base-300 p-4">
                    <dt>{word}</dt>
                    <dd class="text-2xl font-semibold tabular-nums">{format::grouped(count)}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="grid gap-3 grid-cols-2 sm:grid-cols-3 lg:grid-cols-5">{counts}</dl> }
}

/// The faults, one row each.
fn errors(locale: Locale, report: &ImportReport) -> impl IntoView + use<> {
    let caption = t!(locale, import.errors_caption);
    let rows = report.errors.iter().map(|error| fault(locale, error)).collect_view();
    let listed = report.errors.len() as u64;
    let mut lines: Vec<u64> = report.errors.iter().map(|error| error.line).collect();
    lines.dedup();
    let cut = report.rows_failed > lines.len() as u64 || report.errors.len() == MAX_ERRORS;
    let more = cut.then(|| {
        let count = format::grouped(listed);
        view! { <p class="mt-2">{t!(locale, import.errors_more, count)}</p> }
    });
    view! {
        <section aria-labelledby="errors-title">
            <h2 class="text-lg font-semibold mb-2" id="errors-title">{t!(locale, import.errors)}</h2>
            <div class="overflow-x-auto bg-base-100 border border-base-300 rounded-box" tabindex="0" role="region" aria-label=caption>
                <table class="table">
                    <caption class="sr-only">{caption}</caption>
                    <thead>
                        <tr>
                            <th scope="col" class="text-end">{t!(locale, import.line)}</th>
                            <th scope="col">{t!(locale, import.column)}</th>
                            <th scope="col">{t!(locale, import.wrong)}</th>
                            <th scope="col">{t!(locale, import.found)}</th>
                            <th scope="col">{t!(locale, import.fix)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {more}
        </section>
    }
}

fn fault(locale: Locale, error: &RowError) -> impl IntoView + use<> {
    let (what, fix) = words::row_fault(locale, error.fault);
    let or_nothing = |text: &Option<String>| {
        let text = text
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or(format::NOTHING);
        text.chars().take(200).collect::<String>()
    };
    view! {
        <tr>
            <td class="text-end tabular-nums">{format::grouped(error.line)}</td>
            <td class="font-mono">{or_nothing(&error.column)}</td>
            <td>{what}</td>
            <td class="font-mono break-all">{or_nothing(&error.found)}</td>
            <td>{fix}</td>
        </tr>
    }
}
