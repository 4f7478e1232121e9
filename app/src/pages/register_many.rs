//! 终端注册, many at once: a pasted list or a text file. The form stands on [`super::register`], the result on
//! [`super::batch`].

use super::batch::address_of;
use crate::components::scan;
use crate::domain::parse_list;
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::codec::{MultipartData, MultipartFormData};

/// Most bytes of a list, typed and in a file together: 500 lines of the longest number with its code are less.
const MAX_BYTES: usize = 128 * 1024;

/// Registers each terminal of a list; leads to what came of each, or back with the reason.
#[server(prefix = "/actions", endpoint = "register-many", input = MultipartFormData)]
pub async fn register_many(form: MultipartData) -> Result<(), ServerFnError> {
    action("/devices/register".to_owned(), async move {
        let (caller, backend) = actor()?;
        let by = caller.registrar()?;
        let sent = read(form).await?;
        let list = parse_list(&sent.list);
        let merchant_no = Some(sent.merchant_no.trim()).filter(|number| !number.is_empty());
        let opened = backend.batches.register(by, &list, merchant_no).await?;
        Ok(redirect_with(address_of(opened.id), Flash::Opened { key: opened.key }))
    })
    .await
}

/// What the form sent.
#[derive(Default)]
struct Sent {
    list: String,
    merchant_no: String,
}

/// Reads the form to its end, however long it is: a browser shows no answer that comes before it has sent everything.
async fn read(form: MultipartData) -> Result<Sent, AppError> {
    let malformed = |_| AppError::Invalid(Invalid::Form);
    let mut fields = form.into_inner().ok_or(AppError::Invalid(Invalid::Form))?;
    let mut sent = Sent::default();
    let mut too_large = false;
    while let Some(mut field) = fields.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(malformed)? {
            too_large |= bytes.len() + chunk.len() > MAX_BYTES;
            if !too_large {
                bytes.extend_from_slice(&chunk);
            }
        }
        let text = String::from_utf8(bytes).map_err(|_| AppError::Invalid(Invalid::FileEncoding))?;
        match name.as_str() {
            "list" | "file" => {
                sent.list.push_str(&text);
                sent.list.push('\n');
            }
            "merchant_no" => sent.merchant_no = text,
            _ => {}
        }
    }
    if too_large || sent.list.len() > MAX_BYTES {
        return Err(AppError::Invalid(Invalid::TooMany));
    }
    Ok(sent)
}

/// The form, folded away until it is needed.
pub(super) fn many(locale: Locale, platform: bool) -> impl IntoView + use<> {
    let merchant = platform.then(|| {
        view! {
            <div class="flex flex-col gap-1">
                <label class="font-medium" for="many-merchant">{t!(locale, register.merchant_no)}</label>
                <input
                    class="input w-full"
                    id="many-merchant"
                    name="merchant_no"
                    autocomplete="off"
                    aria-describedby="many-merchant-hint"
                />
                <p class="text-sm" id="many-merchant-hint">{t!(locale, batch.many_merchant_hint)}</p>
            </div>
        }
    });
    view! {
        <details class="card bg-base-100 border border-base-300 p-4 md:p-6">
            <summary class="cursor-pointer font-medium tap">{t!(locale, batch.many)}</summary>
            <form
                class="flex flex-col gap-4 pt-2"
                method="post"
                action=RegisterMany::PATH
                enctype="multipart/form-data"
            >
                <p id="many-text">{t!(locale, batch.many_text)}</p>
                <div class="flex flex-col gap-1">
                    <label class="font-medium" for="many-list">{t!(locale, batch.many_list)}</label>
                    <textarea
                        class="textarea w-full code"
                        id="many-list"
                        name="list"
                        rows="8"
                        autocomplete="off"
                        spellcheck="false"
                        aria-describedby="many-text many-example"
                    ></textarea>
                    <p class="text-sm" id="many-example">{t!(locale, batch.many_example)}</p>
                    {scan::button(locale, "many-list")}
                </div>
                <div class="flex flex-col gap-1">
                    <label class="font-medium" for="many-file">{t!(locale, batch.many_file)}</label>
                    <input
                        class="file-input w-full"
                        type="file"
                        id="many-file"
                        name="file"
                        accept=".txt,.csv,text/plain,text/csv"
                        aria-describedby="many-file-hint"
                    />
                    <p class="text-sm" id="many-file-hint">{t!(locale, batch.many_file_hint)}</p>
                </div>
                {merchant}
                <button class="btn btn-primary self-start" type="submit">{t!(locale, batch.many_submit)}</button>
            </form>
        </details>
    }
}
