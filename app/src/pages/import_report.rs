//! One import: how far it is, what it would do, what it did, and what can be done with it now.

use super::guard::{Answer, Visit, guarded};
use super::import_errors::errors;
use super::import_mapping::mapping;
use super::import_preview::preview;
use super::import_progress::{progress, sending};
use super::import_steps::{CancelImport, UndoImport};
use super::progress::again_soon;
use crate::backend::imports::{ImportReport, Stage};
use crate::components::html::{Html, Rendered};
use crate::components::{failure, format, icon, words};
use crate::domain::ImportBatchId;
use crate::error::{AppError, Invalid};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_axum::ResponseOptions;

/// The import whose key the path has.
#[component]
pub(super) fn ImportReportPage() -> impl IntoView {
    let response = use_context::<ResponseOptions>();
    guarded(|visit| report(visit, response))
}

async fn report(visit: Visit, response: Option<ResponseOptions>) -> Result<Answer, AppError> {
    let by = visit.caller.platform_viewer()?;
    let id: ImportBatchId = visit.param("id").parse().map_err(|_| AppError::NotFound)?;
    let report = visit.backend.imports.get(by, id).await?.ok_or(AppError::NotFound)?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let acts = visit.caller.platform_admin().is_ok();
    if report.stage.is_working() {
        again_soon(&visit, response.as_ref());
    }
    let inside = match report.stage {
        Stage::Uploading => sending(locale, &report, cancel(locale, &report, acts)),
        Stage::Checking | Stage::Running | Stage::Undoing => progress(&visit, &report, cancel(locale, &report, acts)),
        Stage::Mapping => to_map(locale, &report, acts).rendered(),
        Stage::Checked => preview(locale, &report, acts).rendered(),
        _ => ended(locale, &report, acts).rendered(),
    };
    let body = view! {
        <div class="flex flex-col gap-6">
            <p>
                <strong class="break-all">{report.file_name.clone()}</strong>
                " · "
                {stage_badge(locale, report.stage)}
                " · "
                {t!(locale, import.sent_at)}
                " "
                {format::time(locale, now, report.created)}
            </p>
            {inside}
        </div>
    };
    let title = match report.stage {
        Stage::Mapping => t!(locale, import.mapping),
        Stage::Checked => t!(locale, import.preview),
        stage if stage == Stage::Uploading || stage.is_working() => t!(locale, import.progress),
        _ => t!(locale, import.report),
    };
    Ok(Answer::page(title, body))
}

/// How far an import is, in a word.
pub(super) fn stage_badge(locale: Locale, stage: Stage) -> impl IntoView + use<> {
    let class = match stage {
        Stage::Done => "badge badge-outline badge-success",
        Stage::Failed => "badge badge-outline badge-error",
        Stage::Mapping | Stage::Checked => "badge badge-outline badge-warning",
        _ => "badge badge-outline",
    };
    view! { <span class=class>{words::import_stage(locale, stage)}</span> }
}

/// A form with one button that does something to an import.
fn button(report: &ImportReport, path: &'static str, class: &'static str, word: &'static str) -> impl IntoView + use<> {
    view! {
        <form method="post" action=path>
            <input type="hidden" name="import" value=report.id.to_string() />
            <button class=class type="submit">{word}</button>
        </form>
    }
}

/// The way to stop it, for whoever may.
pub(super) fn cancel(locale: Locale, report: &ImportReport, acts: bool) -> Option<Html> {
    (acts && report.stage.can_cancel())
        .then(|| button(report, CancelImport::PATH, "btn", t!(locale, import.cancel)).rendered())
}

fn to_map(locale: Locale, report: &ImportReport, acts: bool) -> impl IntoView + use<> {
    view! {
        <p class="max-w-prose">{t!(locale, import.mapping_intro)}</p>
        {acts.then(|| mapping(locale, report))}
        <div>{cancel(locale, report, acts)}</div>
    }
}

/// What became of it.
fn ended(locale: Locale, report: &ImportReport, acts: bool) -> impl IntoView + use<> {
    let undo = (acts && report.can_undo).then(|| {
        view! {
            <div>
                {button(report, UndoImport::PATH, "btn", t!(locale, import.undo))}
                <p class="text-sm mt-1 max-w-prose">{t!(locale, import.undo_hint)}</p>
            </div>
        }
    });
    let again = acts.then(|| view! { <a class="btn" href="/terminals/import">{t!(locale, import.again)}</a> });
    let notice = match report.undo_problem {
        _ if report.rows_touched > 0 => {
            let count = format::grouped(report.rows_touched);
            Some(t!(locale, import.not_undone, count))
        }
        Some(Invalid::NoLongerAllowed) => Some(t!(locale, import.undo_stopped).to_owned()),
        Some(_) => Some(t!(locale, import.undo_broke_off).to_owned()),
        None => None,
    };
    let notice = notice.map(|text| {
        view! {
            <div role="alert" class="alert alert-warning alert-outline bg-base-100">
                {icon::icon(icon::ALERT)} <p class="text-base-content">{text}</p>
            </div>
        }
    });
    view! {
        {notice}
        {verdict(locale, report)}
        {tally(locale, report, false)}
        {(!report.errors.is_empty()).then(|| errors(locale, report))}
        <div class="flex flex-wrap gap-2">
            <a class="btn btn-primary" href="/terminals">{t!(locale, import.see_terminals)}</a>
            {again}
        </div>
        {undo}
    }
}

/// Whether anything was imported.
fn verdict(locale: Locale, report: &ImportReport) -> impl IntoView + use<> {
    let some = report.rows_created + report.rows_updated > 0;
    let (class, drawing, text) = match (report.stage, report.rows_failed) {
        (Stage::Done, 0) => ("alert-success", icon::OK, t!(locale, import.done)),
        (Stage::Done, _) => ("alert-warning", icon::ALERT, t!(locale, import.done_partly)),
        (Stage::Undone, _) => ("alert-info", icon::OK, t!(locale, import.undone)),
        (Stage::Cancelled, _) if some => ("alert-warning", icon::ALERT, t!(locale, import.cancelled_partly)),
        (Stage::Cancelled, _) => ("alert-info", icon::OK, t!(locale, import.cancelled)),
        _ if some => ("alert-error", icon::ALERT, t!(locale, import.failed_partly)),
        _ => ("alert-error", icon::ALERT, t!(locale, import.not_done)),
    };
    let class = format!("alert {class} alert-outline bg-base-100");
    let problem = report.problem.map(|problem| {
        let said = failure::said(locale, problem.what.code());
        // Nothing was wrong with the rows when somebody let them in, and there is nothing left to tick.
        let what = match problem.what {
            Invalid::BadRows => t!(locale, import.went_bad),
            Invalid::NoMoreTries => t!(locale, import.broke_off),
            Invalid::NoLongerAllowed => t!(locale, import.no_longer_allowed),
            _ => said.what,
        };
        let line = problem
            .line
            .map(|line| t!(locale, import.at_line, line = format::grouped(line)));
        view! {
            <p class="text-base-content">
                <strong>{said.title}</strong>
                " "
                {line}
                " "
                {what}
            </p>
        }
    });
    view! {
        <div role="status" class=class>
            {icon::icon(drawing)} <div class="flex flex-col gap-1"><p class="text-base-content">{text}</p> {problem}</div>
        </div>
    }
}

/// How many rows there are, and what becomes of them, or will.
pub(super) fn tally(locale: Locale, report: &ImportReport, before: bool) -> impl IntoView + use<> {
    let (created, updated) = if before {
        (t!(locale, import.will_create), t!(locale, import.will_update))
    } else {
        (t!(locale, import.created), t!(locale, import.updated))
    };
    let counts = [
        (t!(locale, import.total), report.rows_total),
        (created, report.rows_created),
        (updated, report.rows_updated),
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
