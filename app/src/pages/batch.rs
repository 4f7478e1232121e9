//! 批量操作: what can be done with the terminals that were chosen, and what came of each.
#![expect(
    clippy::too_many_arguments,
    reason = "the arguments of a server function are the fields of its forms"
)]

use super::batch_preview::{WORKS, preview, stops};
use super::batch_result::{NOT_DONE, ending, result};
use super::devices::{DEVICES, TERMINALS, list_path};
use super::guard::{Answer, Visit, guarded};
use super::progress::{Progress, again_soon, percent, progress};
use super::terminal_change::{Told, change_of};
use crate::backend::batches::{Batch, BatchChange, BatchStage, BatchView, Choice, Work};
use crate::backend::page::Cursor;
use crate::caller::Scope;
use crate::components::format;
use crate::components::html::Rendered;
use crate::domain::{BatchId, Tag};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, action, actor, redirect, redirect_with};
use crate::i18n::t;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_axum::ResponseOptions;

/// Most bytes of a list's query parameters.
const QUERY_BYTES: usize = 2000;

/// Chooses terminals of a list; leads to what can be done with them, or back to the list.
#[server(prefix = "/actions", endpoint = "choose")]
pub async fn choose_terminals(
    #[server(default)] ids: Vec<String>,
    #[server(default)] which: String,
    #[server(default)] list: String,
    #[server(default)] query: String,
) -> Result<(), ServerFnError> {
    let list = if list == TERMINALS { TERMINALS } else { DEVICES };
    let whole = query.len() <= QUERY_BYTES;
    let back = if whole {
        format!("{list}?{query}")
    } else {
        list.to_owned()
    };
    action(back, async move {
        let (caller, backend) = actor()?;
        let choice = if which == "all" {
            // Half of what was asked for would choose more than was shown.
            if !whole {
                return Err(AppError::Invalid(Invalid::Form));
            }
            Choice::Listed(query)
        } else {
            let ids = ids
                .iter()
                .map(|id| id.parse().map_err(|_| AppError::Invalid(Invalid::Form)));
            Choice::These(ids.collect::<Result<_, _>>()?)
        };
        let batch = backend.batches.create(caller.code_issuer()?, &choice).await?;
        Ok(redirect(address_of(batch)))
    })
    .await
}

/// Does one move to the terminals of a batch; leads to what came of each.
#[server(prefix = "/actions", endpoint = "change-batch")]
pub async fn change_batch(
    #[server(default)] batch: String,
    #[server(default)] wanted: String,
    #[server(default)] confirmed: String,
    #[server(default)] store: String,
    #[server(default)] reason: String,
    #[server(default)] note: String,
    #[server(default)] merchant_no: String,
    #[server(default)] tag: String,
) -> Result<(), ServerFnError> {
    let id = batch.parse::<BatchId>();
    let back = id.as_ref().map_or_else(|_| "/".to_owned(), |id| address_of(*id));
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.manager()?;
        let id = id.map_err(|_| AppError::NotFound)?;
        let work = Work::parse(&wanted).ok_or(AppError::Invalid(Invalid::Form))?;
        if !WORKS.contains(&work) || (stops(work) && confirmed != "true") {
            return Err(AppError::Invalid(Invalid::Form));
        }
        let told = Told {
            store: &store,
            reason: &reason,
            note: &note,
            merchant_no: &merchant_no,
            ..Told::default()
        };
        let tag = || Tag::parse(&tag).ok_or(AppError::Invalid(Invalid::TagMalformed));
        let change = match work {
            Work::Tag => BatchChange::Tag(tag()?),
            Work::Untag => BatchChange::Untag(tag()?),
            Work::Move(wanted) => BatchChange::Move(change_of(wanted, &told)?),
            Work::Register | Work::IssueCodes => return Err(AppError::Invalid(Invalid::Form)),
        };
        backend.batches.change(by, id, &change).await?;
        Ok(redirect(back))
    })
    .await
}

/// Issues codes for the terminals of a batch; leads to the sheet with them.
#[server(prefix = "/actions", endpoint = "batch-codes")]
pub async fn batch_codes(
    #[server(default)] batch: String,
    #[server(default)] merchant_no: String,
) -> Result<(), ServerFnError> {
    let id = batch.parse::<BatchId>();
    let back = id.as_ref().map_or_else(|_| "/".to_owned(), |id| address_of(*id));
    action(back, async move {
        let (caller, backend) = actor()?;
        let id = id.map_err(|_| AppError::NotFound)?;
        let merchant_no = Some(merchant_no.trim()).filter(|number| !number.is_empty());
        let opened = backend
            .batches
            .issue_codes(caller.code_issuer()?, id, merchant_no)
            .await?;
        let flash = Flash::Opened { key: opened.key };
        Ok(redirect_with(address_of(opened.id), flash))
    })
    .await
}

/// Stops what is being done with a batch; leads to what came of it so far.
#[server(prefix = "/actions", endpoint = "cancel-batch")]
pub async fn cancel_batch(#[server(default)] batch: String) -> Result<(), ServerFnError> {
    let id = batch.parse::<BatchId>();
    let back = id.as_ref().map_or_else(|_| "/".to_owned(), |id| address_of(*id));
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        let id = id.map_err(|_| AppError::NotFound)?;
        backend.batches.cancel(caller.code_issuer()?, id).await?;
        Ok(redirect(back))
    })
    .await
}

/// The address of a batch.
pub(super) fn address_of(id: BatchId) -> String {
    format!("/batches/{id}")
}

/// The batch whose key the path has: what can be done with it, how far that is, or what came of it.
#[component]
pub(super) fn BatchPage() -> impl IntoView {
    let response = use_context::<ResponseOptions>();
    guarded(|visit| batch(visit, response))
}

async fn batch(visit: Visit, response: Option<ResponseOptions>) -> Result<Answer, AppError> {
    let id: BatchId = visit.param("id").parse().map_err(|_| AppError::NotFound)?;
    let key = match &visit.rendering.flash {
        Some(Flash::Opened { key }) => Some(key.as_str()),
        _ => None,
    };
    let view = BatchView {
        cursor: Cursor::from_query(visit.query.get("after"), visit.query.get("before")),
        not_done: visit.query.get("only") == Some(NOT_DONE),
    };
    let found = visit.backend.batches.get(&visit.caller, id, &view, key).await?;
    let batch = found.ok_or(AppError::NotFound)?;
    if batch.stage.is_working() {
        again_soon(&visit, response.as_ref());
        return Ok(under_way(&visit, &batch));
    }
    match (batch.stage, batch.work) {
        (BatchStage::Chosen, _) => {
            let stores = match visit.caller.scope() {
                Scope::Merchant(_) => visit.backend.stores.list(&visit.caller, None).await?,
                Scope::Platform => Vec::new(),
            };
            Ok(preview(&visit, &batch, stores))
        }
        (_, Some(work)) => Ok(result(&visit, work, &batch)),
        (_, None) => Ok(not_chosen(&visit, &batch)),
    }
}

/// The batch while it is worked on.
fn under_way(visit: &Visit, batch: &Batch) -> Answer {
    let locale = visit.locale();
    let (done, all) = (batch.counts.all() - batch.counts.waiting, batch.counts.all());
    let running = batch.stage == BatchStage::Running;
    let (what, said) = if running {
        let percent = percent(done, all).to_string();
        let (done, total) = (format::grouped(done), format::grouped(all));
        let said = t!(locale, batch.so_far, done, total, percent);
        (t!(locale, batch.is_running), said)
    } else {
        let said = t!(locale, batch.found_so_far, count = format::grouped(all));
        (t!(locale, batch.is_choosing), said)
    };
    let cancel = view! {
        <form method="post" action=CancelBatch::PATH>
            <input type="hidden" name="batch" value=batch.id.to_string() />
            <button class="btn" type="submit">{t!(locale, batch.stop)}</button>
        </form>
    };
    let work = Progress {
        what,
        done,
        total: running.then_some(all),
        said,
        here: address_of(batch.id),
        cancel: Some(cancel.rendered()),
    };
    Answer::page(t!(locale, batch.title), progress(locale, visit, work))
}

/// A batch that was given up or stopped before anything could be done with it.
fn not_chosen(visit: &Visit, batch: &Batch) -> Answer {
    let locale = visit.locale();
    let body = view! {
        <div class="flex flex-col gap-4">
            {ending(locale, batch)}
            <p>
                <a class="btn btn-primary" href=list_path(Some(&visit.caller))>{t!(locale, batch.back)}</a>
            </p>
        </div>
    };
    Answer::page(t!(locale, batch.title), body)
}
