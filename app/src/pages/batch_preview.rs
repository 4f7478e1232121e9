//! What can be done with terminals that were chosen, and with how many of them, before anything is done.

use super::batch::{BatchCodes, ChangeBatch, address_of};
use super::batch_result::chosen_table;
use super::devices::list_path;
use super::guard::{Answer, Visit};
use super::terminal_change::needs_confirmation;
use crate::backend::batches::{Batch, MAX_ITEMS, Work};
use crate::backend::stores::StoreRow;
use crate::components::html::{Html, Rendered};
use crate::components::pager::pager;
use crate::components::terminal_actions::{
    MoveWords, cause_fields, confirm_field, merchant_fields, move_words, store_field,
};
use crate::components::{format, state_badge};
use crate::domain::{Lifecycle, Move, StoreId, Tag};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

/// What can be done to many at once, in the order shown.
pub(super) const WORKS: [Work; 8] = [
    Work::Move(Move::Assign),
    Work::Move(Move::MoveStore),
    Work::Move(Move::MoveMerchant),
    Work::Tag,
    Work::Untag,
    Work::Move(Move::Suspend),
    Work::Move(Move::Resume),
    Work::Move(Move::Retire),
];

/// Whether its form has a box to tick first.
pub(super) fn stops(work: Work) -> bool {
    matches!(work, Work::Move(wanted) if needs_confirmation(wanted))
}

/// The page of a batch with which nothing was done yet. `stores` are those of the caller's merchant.
pub(super) fn preview(visit: &Visit, batch: &Batch, stores: Vec<StoreRow>) -> Answer {
    let locale = visit.locale();
    let open = stores.into_iter().filter(|store| store.closed.is_none());
    let stores: Vec<_> = open.map(|store| (store.id, store.name)).collect();
    let panels: Vec<_> = WORKS
        .into_iter()
        .filter(|work| is_offered(visit, *work))
        .filter_map(|work| Some((work, work_words(locale, work)?)))
        .map(|(work, words)| {
            let form = work_form(locale, batch, work, words.submit, &stores);
            panel(visit, batch, work, words.title, words.what, form)
        })
        .collect();
    let codes = visit.caller.code_issuer().is_ok().then(|| codes_panel(visit, batch));
    let count = format::grouped(batch.counts.all());
    let body = view! {
        <div class="flex flex-col gap-4 max-w-3xl">
            <p>{t!(locale, batch.count, count)}</p>
            {by_state(locale, batch)}
            {codes}
            {panels}
            {chosen_table(locale, &batch.items.rows)}
            {pager(locale, &batch.items, &address_of(batch.id), &[])}
            <p>
                <a class="btn" href=list_path(Some(&visit.caller))>{t!(locale, batch.back)}</a>
            </p>
        </div>
    };
    Answer::page(t!(locale, batch.title), body)
}

/// Whether the caller's role may do it. A store is one merchant's: the platform names it with the merchant.
fn is_offered(visit: &Visit, work: Work) -> bool {
    match work {
        Work::Move(Move::MoveStore) if visit.is_platform() => false,
        Work::Move(wanted) => wanted.is_for(visit.caller.role()),
        _ => visit.caller.manager().is_ok(),
    }
}

fn work_words(locale: Locale, work: Work) -> Option<MoveWords> {
    Some(match work {
        Work::Move(wanted) => return move_words(locale, wanted),
        Work::Tag => MoveWords {
            title: t!(locale, batch.tag.title),
            what: t!(locale, batch.tag.what),
            submit: t!(locale, batch.tag.submit),
        },
        Work::Untag => MoveWords {
            title: t!(locale, batch.untag.title),
            what: t!(locale, batch.untag.what),
            submit: t!(locale, batch.untag.submit),
        },
        Work::Register | Work::IssueCodes => return None,
    })
}

/// In which states the chosen terminals are.
fn by_state(locale: Locale, batch: &Batch) -> impl IntoView + use<> {
    let states = counted(locale, batch, |_| true);
    let gone = batch.counts.all().saturating_sub(batch.states.all());
    let gone = (gone > 0).then(|| {
        let said = t!(locale, batch.gone, count = format::grouped(gone));
        view! { <li>{said}</li> }
    });
    view! {
        <ul class="flex flex-wrap gap-x-4 gap-y-1" aria-label=t!(locale, batch.by_state)>
            {states}
            {gone}
        </ul>
    }
}

/// How many are in each of some states.
fn counted(locale: Locale, batch: &Batch, which: impl Fn(Lifecycle) -> bool) -> Vec<Html> {
    let states = Lifecycle::VARIANTS.iter().copied();
    states
        .filter(|state| which(*state) && batch.states.of(*state) > 0)
        .map(|state| {
            let count = format::grouped(batch.states.of(state));
            view! {
                <li class="flex items-center gap-1">
                    {state_badge::lifecycle(locale, state)}
                    <span class="tabular-nums">{count}</span>
                </li>
            }
            .rendered()
        })
        .collect()
}

fn work_form(locale: Locale, batch: &Batch, work: Work, submit: &'static str, stores: &[(StoreId, String)]) -> Html {
    let fields = match work {
        Work::Move(wanted @ (Move::Assign | Move::MoveMerchant)) => merchant_fields(locale, wanted.code()).rendered(),
        Work::Move(wanted @ (Move::Suspend | Move::Retire)) => cause_fields(locale, wanted.code()).rendered(),
        Work::Move(Move::MoveStore) => store_field(locale, None, stores).rendered(),
        Work::Tag | Work::Untag => tag_field(locale, work.code()).rendered(),
        _ => ().rendered(),
    };
    let stops = stops(work);
    view! {
        <form class="flex flex-col gap-3 items-start max-w-xl" method="post" action=ChangeBatch::PATH>
            <input type="hidden" name="batch" value=batch.id.to_string() />
            <input type="hidden" name="wanted" value=work.code() />
            {fields}
            {stops.then(|| confirm_field(locale))}
            <button class=if stops { "btn btn-error btn-outline" } else { "btn btn-primary" } type="submit">
                {submit}
            </button>
        </form>
    }
    .rendered()
}

fn tag_field(locale: Locale, code: &'static str) -> impl IntoView + use<> {
    let id = format!("{code}-tag");
    view! {
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for=id.clone()>{t!(locale, devices.tag)}</label>
            <input class="input w-full" id=id name="tag" autocomplete="off" maxlength=Tag::MAX_CHARS required />
        </div>
    }
}

fn codes_panel(visit: &Visit, batch: &Batch) -> Html {
    let locale = visit.locale();
    let ownerless = batch.states.unassigned;
    let merchant = (ownerless > 0).then(|| {
        let count = format::grouped(ownerless);
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
    let form = if batch.counts.all() > MAX_ITEMS as u64 {
        view! { <p>{t!(locale, batch.codes.too_many)}</p> }.rendered()
    } else {
        view! {
            <form class="flex flex-col gap-3 items-start max-w-xl" method="post" action=BatchCodes::PATH>
                <input type="hidden" name="batch" value=batch.id.to_string() />
                {merchant}
                <button class="btn btn-primary" type="submit">{t!(locale, batch.codes.submit)}</button>
            </form>
        }
        .rendered()
    };
    let (title, what) = (t!(locale, batch.codes.title), t!(locale, batch.codes.what));
    panel(visit, batch, Work::IssueCodes, title, what, form)
}

/// A work with the numbers of the terminals that allow it and that do not.
fn panel(visit: &Visit, batch: &Batch, work: Work, title: &'static str, what: &'static str, form: Html) -> Html {
    let (locale, role) = (visit.locale(), visit.caller.role());
    let states = Lifecycle::VARIANTS.iter().copied();
    let allowing = states.filter(|state| work.allows(role, *state));
    let can: u64 = allowing.map(|state| batch.states.of(state)).sum();
    let cannot = batch.counts.all().saturating_sub(can);
    let which = (cannot > 0).then(|| {
        let states = counted(locale, batch, |state| !work.allows(role, state));
        view! {
            <p>{t!(locale, batch.cannot, count = format::grouped(cannot))}</p>
            <ul class="flex flex-wrap gap-x-4 gap-y-1">{states}</ul>
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
                {title} " · " {t!(locale, batch.can, count = format::grouped(can))}
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
