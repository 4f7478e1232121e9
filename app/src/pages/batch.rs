//! 批量操作: what can be done with the terminals that were chosen, and what came of each.

use super::batch_result::result;
use super::devices::{DEVICES, TERMINALS, list_path};
use super::devices_filters::asked;
use super::guard::{Answer, Visit, guarded};
use super::terminal_change::{Told, change_of, needs_confirmation};
use crate::backend::batches::{Batch, BatchItem, Choice};
use crate::components::format;
use crate::components::html::{Html, Rendered};
use crate::components::state_badge;
use crate::components::terminal_actions::{MoveWords, cause_fields, confirm_field, merchant_fields, move_words};
use crate::domain::{BatchId, Lifecycle, Move, allowed};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, action, actor, redirect, redirect_with};
use crate::i18n::{Locale, t};
use crate::pages::device_address;
use crate::request::Query;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// The moves that can be done to many at once, in the order shown.
const MOVES: [Move; 4] = [Move::Assign, Move::Suspend, Move::Resume, Move::Retire];

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
            let mut listed = asked(&Query::parse(&query), caller.zone());
            listed.cursor = None;
            Choice::Listed(Box::new(listed))
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
) -> Result<(), ServerFnError> {
    let id = batch.parse::<BatchId>();
    let back = id.as_ref().map_or_else(|_| "/".to_owned(), |id| address_of(*id));
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.manager()?;
        let id = id.map_err(|_| AppError::NotFound)?;
        let wanted: Move = wanted.parse().map_err(|_| AppError::Invalid(Invalid::Form))?;
        if !MOVES.contains(&wanted) || (needs_confirmation(wanted) && confirmed != "true") {
            return Err(AppError::Invalid(Invalid::Form));
        }
        let told = Told {
            store: &store,
            reason: &reason,
            note: &note,
            merchant_no: &merchant_no,
            ..Told::default()
        };
        backend.batches.change(by, id, &change_of(wanted, &told)?).await?;
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

/// The address of a batch.
pub(super) fn address_of(id: BatchId) -> String {
    format!("/batches/{id}")
}

/// The batch whose key the path has: what can be done with it, or what was.
#[component]
pub(super) fn BatchPage() -> impl IntoView {
    guarded(batch)
}

async fn batch(visit: Visit) -> Result<Answer, AppError> {
    let id: BatchId = visit.param("id").parse().map_err(|_| AppError::NotFound)?;
    let key = match &visit.rendering.flash {
        Some(Flash::Opened { key }) => Some(key.as_str()),
        _ => None,
    };
    let found = visit.backend.batches.get(&visit.caller, id, key).await?;
    let batch = found.ok_or(AppError::NotFound)?;
    if let Some(work) = batch.work {
        return Ok(result(&visit, work, &batch));
    }
    let locale = visit.locale();
    let count = format::grouped(batch.items.len() as u64);
    let list = list_path(Some(&visit.caller));
    let moves: Vec<_> = MOVES
        .into_iter()
        .filter(|wanted| wanted.is_for(visit.caller.role()))
        .filter_map(|wanted| Some((wanted, move_words(locale, wanted)?)))
        .map(|(wanted, words)| move_panel(&visit, &batch, wanted, words))
        .collect();
    let codes = visit.caller.code_issuer().is_ok().then(|| codes_panel(locale, &batch));
    let body = view! {
        <div class="flex flex-col gap-4 max-w-3xl">
            <p>{t!(locale, batch.count, count)}</p>
            {codes}
            {moves}
            <p>
                <a class="btn" href=list>{t!(locale, batch.back)}</a>
            </p>
        </div>
    };
    Ok(Answer::page(t!(locale, batch.title), body))
}

fn move_panel(visit: &Visit, batch: &Batch, wanted: Move, words: MoveWords) -> Html {
    let (locale, role) = (visit.locale(), visit.caller.role());
    let fields = match wanted {
        Move::Assign => merchant_fields(locale, wanted.code()).rendered(),
        Move::Suspend | Move::Retire => cause_fields(locale, wanted.code()).rendered(),
        _ => ().rendered(),
    };
    let stops = needs_confirmation(wanted);
    let form = view! {
        <form class="flex flex-col gap-3 items-start max-w-xl" method="post" action=ChangeBatch::PATH>
            <input type="hidden" name="batch" value=batch.id.to_string() />
            <input type="hidden" name="wanted" value=wanted.code() />
            {fields}
            {stops.then(|| confirm_field(locale))}
            <button class=if stops { "btn btn-error btn-outline" } else { "btn btn-primary" } type="submit">
                {words.submit}
            </button>
        </form>
    }
    .rendered();
    let can = |state| allowed(role, state, wanted).is_ok();
    panel(locale, words.title, words.what, preview(batch, can), form)
}

fn codes_panel(locale: Locale, batch: &Batch) -> Html {
    let ownerless = batch
        .items
        .iter()
        .filter_map(|item| item.terminal.as_ref())
        .filter(|row| row.lifecycle == Lifecycle::Unassigned)
        .count();
    let merchant = (ownerless > 0).then(|| {
        let count = format::grouped(ownerless as u64);
        view! {
            <div class="flex flex-col gap-1 w-full">
                <label class="font-medium" for="codes-merchant">{t!(locale, actions.merchant_no)}</label>
                <input
                    class="input w-full code"
                    id="codes-merchant"
                    name="merchant_no"
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby="codes-merchant-hint"
                />
                <p class="text-sm" id="codes-merchant-hint">{t!(locale, batch.merchant_needed, count)}</p>
            </div>
        }
    });
    let form = view! {
        <form class="flex flex-col gap-3 items-start max-w-xl" method="post" action=BatchCodes::PATH>
            <input type="hidden" name="batch" value=batch.id.to_string() />
            {merchant}
            <button class="btn btn-primary" type="submit">{t!(locale, batch.codes.submit)}</button>
        </form>
    }
    .rendered();
    let can = |state| !matches!(state, Lifecycle::Suspended | Lifecycle::Retired);
    let (title, what) = (t!(locale, batch.codes.title), t!(locale, batch.codes.what));
    panel(locale, title, what, preview(batch, can), form)
}

/// How many terminals a work can be done with, and those with which it cannot.
fn preview(batch: &Batch, can: impl Fn(Lifecycle) -> bool) -> (usize, Vec<&BatchItem>) {
    let cannot: Vec<_> = batch
        .items
        .iter()
        .filter(|item| !item.terminal.as_ref().is_some_and(|row| can(row.lifecycle)))
        .collect();
    (batch.items.len() - cannot.len(), cannot)
}

fn panel(
    locale: Locale,
    title: &'static str,
    what: &'static str,
    (can, cannot): (usize, Vec<&BatchItem>),
    form: Html,
) -> Html {
    let count = |n: usize| format::grouped(n as u64);
    let which = (!cannot.is_empty()).then(|| {
        let items = cannot
            .iter()
            .map(|item| one_that_cannot(locale, item))
            .collect::<Vec<_>>();
        view! {
            <p>{t!(locale, batch.cannot, count = count(cannot.len()))}</p>
            <details>
                <summary class="cursor-pointer tap">{t!(locale, batch.cannot_which)}</summary>
                <ul class="flex flex-col gap-1 py-2">{items}</ul>
            </details>
        }
    });
    let form = if can == 0 {
        view! { <p>{t!(locale, batch.nobody)}</p> }.rendered()
    } else {
        form
    };
    view! {
        <details class="card bg-base-100 border border-base-300 p-4">
            <summary class="cursor-pointer font-medium tap">
                {title} " · " {t!(locale, batch.can, count = count(can))}
            </summary>
            <div class="flex flex-col gap-3 pt-2">
                <p>{what}</p>
                {which}
                {form}
            </div>
        </details>
    }
    .rendered()
}

/// A terminal that does not allow a work, with the state that is why.
fn one_that_cannot(locale: Locale, item: &BatchItem) -> impl IntoView + use<> {
    let state = item.terminal.as_ref().map(|row| {
        let href = device_address(row.sn.as_str(), Some(row.manufacturer.as_str()));
        let name = row.name.clone();
        view! {
            <a class="link code" href=href>{row.sn_printed.clone()}</a>
            " " {name} " "
            {state_badge::lifecycle(locale, row.lifecycle)}
        }
    });
    let gone = item.terminal.is_none().then(|| item.typed.clone());
    view! { <li>{state} {gone}</li> }
}
