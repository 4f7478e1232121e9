//! 终端导入: a manufacturer's list, sent as a file or pasted, and the imports there were.

use super::guard::{Answer, Visit, guarded};
use super::import_report::stage_badge;
use crate::backend::imports::{Field, ImportRow, Sending};
use crate::backend::page::{Cursor, Page};
use crate::components::html::{Html, Rendered};
use crate::components::pager::pager;
use crate::components::stacked_table::{CARD_ROW, Heading, stacked_table};
use crate::components::{format, words};
use crate::domain::ImportBatchId;
use crate::error::{AppError, Invalid};
use crate::flash::{action, actor, redirect};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::codec::{MultipartData, MultipartFormData};
use strum::VariantArray;

/// Blank bytes at the beginning of a file that may be nothing but blank.
const MAX_BLANK: usize = 64 * 1024;

/// What pasted rows are called.
const PASTED: &str = "pasted.txt";

/// Takes a file or pasted rows, piece by piece as they come; leads to what is done with them, or back with the reason.
#[server(prefix = "/actions", endpoint = "import", input = MultipartFormData)]
pub async fn import_terminals(form: MultipartData) -> Result<(), ServerFnError> {
    action("/terminals/import".to_owned(), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let mut form = form;
        let mut sending = None;
        let taken = take(&mut form, &*backend.imports, by, &mut sending).await;
        match (taken, sending) {
            (Ok(()), Some(sending)) => Ok(redirect(address_of(sending.finish().await?))),
            (Ok(()), None) => Err(AppError::Invalid(Invalid::FileMissing)),
            (Err(error), sending) => {
                if let Some(sending) = sending {
                    sending.abandon().await?;
                }
                drain(form).await;
                Err(error)
            }
        }
    })
    .await
}

/// Reads the form's fields: the first file that is not empty, or the pasted rows.
async fn take<'a>(
    form: &mut MultipartData,
    imports: &'a dyn crate::backend::imports::Imports,
    by: crate::caller::PlatformAdmin<'a>,
    sending: &mut Option<Sending<'a>>,
) -> Result<(), AppError> {
    let malformed = |_| AppError::Invalid(Invalid::Form);
    let MultipartData::Server(fields) = form else {
        return Err(AppError::Invalid(Invalid::Form));
    };
    while let Some(mut field) = fields.next_field().await.map_err(malformed)? {
        let name = match field.name() {
            Some("file") => field.file_name().unwrap_or_default().to_owned(),
            Some("rows") => PASTED.to_owned(),
            _ => continue,
        };
        if sending.is_some() {
            continue;
        }
        let mut blank = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(malformed)? {
            // A file that is empty is what a form without one sends.
            if sending.is_none() && chunk.iter().all(u8::is_ascii_whitespace) && blank.len() < MAX_BLANK {
                blank.extend_from_slice(&chunk);
                continue;
            }
            if sending.is_none() {
                *sending = Some(Sending::begin(imports, by, &name).await?);
            }
            if let Some(sending) = sending {
                sending.write(&std::mem::take(&mut blank)).await?;
                sending.write(&chunk).await?;
            }
        }
    }
    Ok(())
}

/// Reads a form to its end, however long it is: a browser shows no answer that comes before it has sent everything.
async fn drain(form: MultipartData) {
    let MultipartData::Server(mut fields) = form else {
        return;
    };
    while let Ok(Some(mut field)) = fields.next_field().await {
        while let Ok(Some(_)) = field.chunk().await {}
    }
}

/// The address of an import.
pub(super) fn address_of(id: ImportBatchId) -> String {
    format!("/terminals/import/{id}")
}

/// The form, what the file has to look like, and the imports there were.
#[component]
pub(super) fn ImportPage() -> impl IntoView {
    guarded(page)
}

async fn page(visit: Visit) -> Result<Answer, AppError> {
    visit.caller.platform_admin()?;
    let viewer = visit.caller.platform_viewer()?;
    let cursor = Cursor::from_query(visit.query.get("after"), visit.query.get("before"));
    let imports = visit.backend.imports.list(viewer, cursor.as_ref()).await?;
    let locale = visit.locale();
    let body = view! {
        <div class="flex flex-col gap-6">
            <p class="max-w-prose">{t!(locale, import.intro)}</p>
            <div class="grid gap-6 lg:grid-cols-2 items-start">{file_form(locale)} {paste_form(locale)}</div>
            {columns(locale)}
            {recent(&visit, &imports)}
        </div>
    };
    Ok(Answer::page(t!(locale, common.import), body))
}

fn file_form(locale: Locale) -> impl IntoView {
    view! {
        <form
            class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4"
            method="post"
            enctype="multipart/form-data"
            action=ImportTerminals::PATH
        >
            <div class="flex flex-col gap-1">
                <label class="font-medium" for="file">{t!(locale, import.file)}</label>
                <input
                    class="file-input w-full"
                    type="file"
                    id="file"
                    name="file"
                    accept=".csv,.txt,.tsv,.xlsx,text/csv,text/plain,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
                    required=true
                    aria-describedby="file-hint"
                />
                <p class="text-sm" id="file-hint">
                    {t!(locale, import.file_hint)}
                    " "
                    <a class="link" href="/inventory-template.csv" download="">
                        {t!(locale, import.template)}
                    </a>
                </p>
            </div>
            <p class="text-sm">{t!(locale, import.first_checked)}</p>
            <button class="btn btn-primary self-start" type="submit">{t!(locale, import.upload)}</button>
        </form>
    }
}

fn paste_form(locale: Locale) -> impl IntoView {
    view! {
        <form
            class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4"
            method="post"
            enctype="multipart/form-data"
            action=ImportTerminals::PATH
        >
            <div class="flex flex-col gap-1">
                <label class="font-medium" for="rows">{t!(locale, import.paste)}</label>
                <textarea
                    class="textarea w-full code"
                    id="rows"
                    name="rows"
                    rows="4"
                    autocomplete="off"
                    spellcheck="false"
                    required=true
                    aria-describedby="rows-hint"
                ></textarea>
                <p class="text-sm" id="rows-hint">{t!(locale, import.paste_hint)}</p>
            </div>
            <button class="btn self-start" type="submit">{t!(locale, import.check_pasted)}</button>
        </form>
    }
}

/// What each column holds.
fn columns(locale: Locale) -> impl IntoView {
    let rows = Field::VARIANTS
        .iter()
        .map(|field| {
            let needed = if field.is_needed() {
                t!(locale, import.yes)
            } else {
                t!(locale, import.no)
            };
            view! {
                <tr
                    role="row"
                    class=CARD_ROW
                >
                    <th role="rowheader" scope="row" class="text-sm align-top max-md:p-0">
                        <span class="whitespace-nowrap">{words::import_field(locale, *field)}</span>
                        " "
                        <span class="code font-normal">{field.code()}</span>
                    </th>
                    <td role="cell">
                        <span class="md:hidden">{t!(locale, import.needed)} " "</span>
                        {needed}
                    </td>
                    <td role="cell">{words::import_column(locale, *field)}</td>
                </tr>
            }
        })
        .collect_view();
    let table = stacked_table(
        t!(locale, import.columns_caption),
        [
            t!(locale, import.column),
            t!(locale, import.needed),
            t!(locale, import.meaning),
        ],
        rows,
    );
    view! {
        <details class="max-w-3xl">
            <summary class="font-semibold cursor-pointer tap">{t!(locale, import.columns)}</summary>
            <div class="mt-2">{table}</div>
        </details>
    }
}

/// The imports there were; nothing when this is the first.
fn recent(visit: &Visit, imports: &Page<ImportRow>) -> Html {
    let locale = visit.locale();
    if imports.rows.is_empty() {
        return ().rendered();
    }
    let now = visit.rendering.now;
    let rows = imports
        .rows
        .iter()
        .map(|row| {
            view! {
                <tr
                    role="row"
                    class=CARD_ROW
                >
                    <td role="cell">
                        <a class="link break-all" href=address_of(row.id)>{row.file_name.clone()}</a>
                    </td>
                    <td role="cell">{stage_badge(locale, row.stage)}</td>
                    <td role="cell" class="whitespace-nowrap">{format::time(locale, now, row.created)}</td>
                    <td role="cell">
                        {row.by.clone().unwrap_or_else(|| t!(locale, import.command_line).to_owned())}
                    </td>
                    {number(t!(locale, import.total), row.rows_total)}
                    {number(t!(locale, import.created), row.rows_created)}
                    {number(t!(locale, import.updated), row.rows_updated)}
                    {number(t!(locale, import.failed), row.rows_failed)}
                </tr>
            }
        })
        .collect_view();
    let table = stacked_table(
        t!(locale, import.recent_caption),
        [
            Heading::from(t!(locale, import.file_name)),
            Heading::from(t!(locale, import.stage)),
            Heading::from(t!(locale, import.sent_at)),
            Heading::from(t!(locale, import.by)),
            Heading::of_numbers(t!(locale, import.total)),
            Heading::of_numbers(t!(locale, import.created)),
            Heading::of_numbers(t!(locale, import.updated)),
            Heading::of_numbers(t!(locale, import.failed)),
        ],
        rows,
    );
    view! {
        <section aria-labelledby="recent-title">
            <h2 class="text-lg font-semibold mb-2" id="recent-title">{t!(locale, import.recent)}</h2>
            {table}
            {pager(locale, imports, "/terminals/import", &[])}
        </section>
    }
    .rendered()
}

/// A cell with a number; on a phone, where no heading stands above it, with its word.
fn number(word: &'static str, count: u64) -> impl IntoView {
    view! {
        <td role="cell" class="md:text-end tabular-nums">
            <span class="md:hidden">{word} " "</span>
            {format::grouped(count)}
        </td>
    }
}
