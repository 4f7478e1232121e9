//! 终端导入: a manufacturer's list becomes the inventory.

use super::guard::{Answer, guarded};
use crate::backend::imports::{MAX_FILE_BYTES, Upload};
use crate::error::{AppError, Invalid};
use crate::flash::{action, actor, redirect};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::codec::{MultipartData, MultipartFormData};

/// Reads the file; leads to the report, or back with the reason.
#[server(prefix = "/actions", endpoint = "import", input = MultipartFormData)]
pub async fn import_terminals(form: MultipartData) -> Result<(), ServerFnError> {
    action("/terminals/import".to_owned(), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let report = backend.imports.create(by, upload(form).await?).await?;
        Ok(redirect(format!("/terminals/import/{}", report.id)))
    })
    .await
}

/// Reads the form's fields. A file that is too large is read to its end nevertheless: a browser shows no answer that
/// comes before it has sent everything.
async fn upload(form: MultipartData) -> Result<Upload, AppError> {
    let malformed = |_| AppError::Invalid(Invalid::Form);
    let mut fields = form.into_inner().ok_or(AppError::Invalid(Invalid::Form))?;
    let mut upload = Upload {
        file_name: String::new(),
        bytes: Vec::new(),
        skip_bad_rows: false,
    };
    let mut too_large = false;
    while let Some(mut field) = fields.next_field().await.map_err(malformed)? {
        match field.name() {
            Some("skip_bad_rows") => upload.skip_bad_rows = true,
            Some("file") => {
                upload.file_name = field.file_name().unwrap_or_default().chars().take(200).collect();
                while let Some(chunk) = field.chunk().await.map_err(malformed)? {
                    too_large |= upload.bytes.len() + chunk.len() > MAX_FILE_BYTES;
                    if !too_large {
                        upload.bytes.extend_from_slice(&chunk);
                    }
                }
            }
            _ => {}
        }
    }
    match (too_large, upload.bytes.is_empty()) {
        (true, _) => Err(AppError::Invalid(Invalid::FileTooLarge)),
        (false, true) => Err(AppError::Invalid(Invalid::FileMissing)),
        (false, false) => Ok(upload),
    }
}

/// The form, and what the file has to look like.
#[component]
pub(super) fn ImportPage() -> impl IntoView {
    guarded(async move |visit| {
        visit.caller.platform_admin()?;
        let locale = visit.locale();
        let body = view! {
            <div class="flex flex-col gap-6 max-w-3xl">
                <p>{t!(locale, import.intro)}</p>
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
                            accept=".csv,text/csv"
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
                    <div class="flex flex-col gap-1">
                        <label class="flex items-center gap-2 tap">
                            <input
                                class="checkbox"
                                type="checkbox"
                                name="skip_bad_rows"
                                value="true"
                                aria-describedby="skip-hint"
                            />
                            {t!(locale, import.skip)}
                        </label>
                        <p class="text-sm" id="skip-hint">{t!(locale, import.skip_hint)}</p>
                    </div>
                    <button class="btn btn-primary self-start" type="submit">{t!(locale, import.submit)}</button>
                </form>
                {columns(locale)}
            </div>
        };
        Ok(Answer::page(t!(locale, common.import), body))
    })
}

/// What each column holds.
fn columns(locale: Locale) -> impl IntoView {
    let columns = [
        ("sn", true, t!(locale, import.col_sn)),
        ("manufacturer", true, t!(locale, import.col_manufacturer)),
        ("model", true, t!(locale, import.col_model)),
        ("name", false, t!(locale, import.col_name)),
        ("merchant_no", false, t!(locale, import.col_merchant_no)),
        ("merchant_name", false, t!(locale, import.col_merchant_name)),
        ("store", false, t!(locale, import.col_store)),
        ("firmware", false, t!(locale, import.col_firmware)),
        ("note", false, t!(locale, import.col_note)),
    ];
    let rows = columns
        .into_iter()
        .map(|(name, needed, meaning)| {
            let needed = if needed {
                t!(locale, import.yes)
            } else {
                t!(locale, import.no)
            };
            view! {
                <tr>
                    <th scope="row" class="code">{name}</th>
                    <td>{needed}</td>
                    <td>{meaning}</td>
                </tr>
            }
        })
        .collect_view();
    let caption = t!(locale, import.columns_caption);
    view! {
        <section aria-labelledby="columns-title">
            <h2 class="text-lg font-semibold mb-2" id="columns-title">{t!(locale, import.columns)}</h2>
            <div class="overflow-x-auto bg-base-100 border border-base-300 rounded-box" tabindex="0" role="region" aria-label=caption>
                <table class="table">
                    <caption class="sr-only">{caption}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, import.column)}</th>
                            <th scope="col">{t!(locale, import.needed)}</th>
                            <th scope="col">{t!(locale, import.meaning)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}
