//! On the platform's first page: the imports that are under way, and what became of the last ones.

use super::guard::Visit;
use super::import::address_of;
use super::import_progress::bar;
use super::import_report::stage_badge;
use crate::backend::imports::{ImportRow, Stage};
use crate::caller::PlatformViewer;
use crate::components::format;
use crate::components::html::{Html, Rendered};
use crate::domain::Timestamp;
use crate::error::AppError;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// Imports that are shown, unless more are under way.
const SHOWN: usize = 5;

/// The imports; nothing where there was none.
pub(super) async fn imports(visit: &Visit, by: PlatformViewer<'_>) -> Result<Option<Html>, AppError> {
    let locale = visit.locale();
    let rows = visit.backend.imports.list(by, None).await?.rows;
    if rows.is_empty() {
        return Ok(None);
    }
    let (working, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.stage.is_working());
    let room = SHOWN.saturating_sub(working.len());
    let items = working
        .iter()
        .chain(others.iter().take(room))
        .map(|row| item(locale, visit.rendering.now, row))
        .collect_view();
    // Support may look at an import, and has no page to begin one.
    let all = visit.caller.platform_admin().is_ok().then(|| {
        view! {
            <p class="mt-2">
                <a class="link" href="/terminals/import#recent-title">{t!(locale, home.imports_all)}</a>
            </p>
        }
    });
    Ok(Some(
        view! {
            <section class="card bg-base-100 border border-base-300 p-4 md:p-6" aria-labelledby="imports-title">
                <h2 class="text-lg font-semibold" id="imports-title">{t!(locale, home.imports)}</h2>
                <ul class="divide-y divide-base-300">{items}</ul>
                {all}
            </section>
        }
        .rendered(),
    ))
}

fn item(locale: Locale, now: Timestamp, row: &ImportRow) -> impl IntoView + use<> {
    let below = match row.stage {
        stage if stage.is_working() => {
            let changed = row.rows_created + row.rows_updated;
            bar(locale, stage, row.rows_read, stage.rows_to_do(row.rows_total, changed))
        }
        // Nothing has come of it yet.
        Stage::Uploading | Stage::Mapping | Stage::Checked => ().rendered(),
        _ => {
            let outcome = t!(
                locale,
                home.imports_outcome,
                created = format::grouped(row.rows_created),
                updated = format::grouped(row.rows_updated),
                failed = format::grouped(row.rows_failed)
            );
            view! { <p class="tabular-nums">{outcome}</p> }.rendered()
        }
    };
    view! {
        <li class="py-3 flex flex-col gap-1">
            <p class="flex flex-wrap items-center gap-x-3 gap-y-1">
                <a class="link break-all" href=address_of(row.id)>{row.file_name.clone()}</a>
                {stage_badge(locale, row.stage)}
                <span>{format::time(locale, now, row.created)}</span>
            </p>
            {below}
        </li>
    }
}
