//! What may be done to a terminal now, by whoever looks at it: one folded panel with its form for each move.

use super::words;
use crate::backend::terminals::Terminal;
use crate::caller::Caller;
use crate::components::html::{Html, Rendered};
use crate::domain::{Cause, Lifecycle, LifecycleReason, Move, Name, StoreId, allowed};
use crate::i18n::{Locale, t};
use crate::pages::{ChangeTerminal, needs_confirmation};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

/// The panels in the order shown: the everyday ones first, the final ones last.
const PANELS: [Move; 9] = [
    Move::Resume,
    Move::Rename,
    Move::MoveStore,
    Move::Assign,
    Move::Suspend,
    Move::MoveMerchant,
    Move::Unregister,
    Move::Replace,
    Move::Retire,
];

/// What is said of a move.
pub(crate) struct MoveWords {
    /// Its name.
    pub(crate) title: &'static str,
    /// What will happen.
    pub(crate) what: &'static str,
    /// What its button says.
    pub(crate) submit: &'static str,
}

/// What is said of a move; `None` for registering, which has a page of its own.
pub(crate) fn move_words(locale: Locale, wanted: Move) -> Option<MoveWords> {
    macro_rules! words {
        ($($wanted:ident => $key:ident),* $(,)?) => {
            match wanted {
                Move::Register => return None,
                $(Move::$wanted => MoveWords {
                    title: t!(locale, actions.$key.title),
                    what: t!(locale, actions.$key.what),
                    submit: t!(locale, actions.$key.submit),
                }),*
            }
        };
    }
    Some(words!(
        Assign => assign, Unregister => unregister, MoveMerchant => move_merchant, MoveStore => move_store,
        Rename => rename, Suspend => suspend, Resume => resume, Retire => retire, Replace => replace,
    ))
}

/// What is said once a move was done; `None` for registering, which says it itself.
pub(crate) fn done(locale: Locale, wanted: Move, sn: &str) -> Option<String> {
    macro_rules! done {
        ($($wanted:ident => $key:ident),* $(,)?) => {
            match wanted {
                Move::Register => return None,
                $(Move::$wanted => t!(locale, actions.$key.done, sn),)*
            }
        };
    }
    Some(done!(
        Assign => assign, Unregister => unregister, MoveMerchant => move_merchant, MoveStore => move_store,
        Rename => rename, Suspend => suspend, Resume => resume, Retire => retire, Replace => replace,
    ))
}

/// The moves that the caller's role and the terminal's state allow, each a form. `stores` are those of the terminal's
/// merchant. Nothing where the role has none.
pub(crate) fn terminal_actions(
    locale: Locale,
    caller: &Caller,
    terminal: &Terminal,
    stores: &[(StoreId, String)],
) -> Html {
    if caller.manager().is_err() {
        return ().rendered();
    }
    let state = terminal.row.lifecycle;
    let panels = PANELS
        .into_iter()
        .filter(|wanted| allowed(caller.role(), state, *wanted).is_ok())
        .filter_map(|wanted| Some((wanted, move_words(locale, wanted)?)))
        .map(|(wanted, words)| panel(locale, wanted, words, terminal, stores))
        .collect::<Vec<_>>();
    let nothing = (state == Lifecycle::Retired).then(|| view! { <p>{t!(locale, actions.nothing)}</p> });
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-1" aria-labelledby="actions-title">
            <h2 class="text-lg font-semibold" id="actions-title">{t!(locale, actions.title)}</h2>
            {nothing}
            {panels}
        </section>
    }
    .rendered()
}

fn panel(
    locale: Locale,
    wanted: Move,
    words: MoveWords,
    terminal: &Terminal,
    stores: &[(StoreId, String)],
) -> impl IntoView + use<> {
    let row = &terminal.row;
    let fields = match wanted {
        Move::Rename => rename_field(locale, &row.name).rendered(),
        Move::MoveStore => store_field(locale, row.store.as_deref(), stores).rendered(),
        Move::Assign | Move::MoveMerchant => merchant_fields(locale, wanted.code()).rendered(),
        Move::Replace => replacement_field(locale).rendered(),
        Move::Suspend | Move::Retire => cause_fields(locale, wanted.code()).rendered(),
        Move::Register | Move::Unregister | Move::Resume => ().rendered(),
    };
    let stops = needs_confirmation(wanted);
    let class = if stops {
        "btn btn-error btn-outline"
    } else {
        "btn btn-primary"
    };
    let confirm = stops.then(|| confirm_field(locale));
    view! {
        <details class="border-t border-base-300">
            <summary class="cursor-pointer font-medium py-2 tap">{words.title}</summary>
            <form class="flex flex-col gap-3 items-start pb-4 max-w-xl" method="post" action=ChangeTerminal::PATH>
                <p>{words.what}</p>
                <input type="hidden" name="terminal" value=row.id.to_string() />
                <input type="hidden" name="sn" value=row.sn.to_string() />
                <input type="hidden" name="manufacturer" value=row.manufacturer.to_string() />
                <input type="hidden" name="seen" value=row.lifecycle.code() />
                <input type="hidden" name="wanted" value=wanted.code() />
                {fields}
                {confirm}
                <button class=class type="submit">{words.submit}</button>
            </form>
        </details>
    }
}

fn rename_field(locale: Locale, name: &str) -> impl IntoView + use<> {
    view! {
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for="rename-name">{t!(locale, actions.name)}</label>
            <input
                class="input w-full"
                id="rename-name"
                name="name"
                value=name.to_owned()
                maxlength=Name::MAX_CHARS
                autocomplete="off"
                required
            />
        </div>
    }
}

/// In which store of its merchant a terminal stands.
pub(crate) fn store_field(
    locale: Locale,
    present: Option<&str>,
    stores: &[(StoreId, String)],
) -> impl IntoView + use<> {
    let options = stores
        .iter()
        .map(|(id, name)| {
            let selected = Some(name.as_str()) == present;
            view! { <option value=id.to_string() selected=selected>{name.clone()}</option> }
        })
        .collect_view();
    view! {
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for="move-store">{t!(locale, actions.store)}</label>
            <select class="select w-full" id="move-store" name="store">
                <option value="">{t!(locale, actions.no_store)}</option>
                {options}
            </select>
        </div>
    }
}

/// Which merchant, and which of its stores. `id` begins the fields' ids.
pub(crate) fn merchant_fields(locale: Locale, id: &str) -> impl IntoView + use<> {
    let (merchant, store, hint) = (
        format!("{id}-merchant"),
        format!("{id}-store"),
        format!("{id}-store-hint"),
    );
    view! {
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for=merchant.clone()>{t!(locale, actions.merchant_no)}</label>
            <input
                class="input w-full code"
                id=merchant
                name="merchant_no"
                autocomplete="off"
                spellcheck="false"
                required
            />
        </div>
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for=store.clone()>{t!(locale, actions.store)}</label>
            <input
                class="input w-full"
                id=store
                name="store"
                autocomplete="off"
                maxlength=Name::MAX_CHARS
                aria-describedby=hint.clone()
            />
            <p class="text-sm" id=hint>{t!(locale, actions.store_hint)}</p>
        </div>
    }
}

fn replacement_field(locale: Locale) -> impl IntoView + use<> {
    view! {
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for="replacement">{t!(locale, actions.replacement)}</label>
            <input
                class="input w-full code"
                id="replacement"
                name="replacement"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                aria-describedby="replacement-hint"
                required
            />
            <p class="text-sm" id="replacement-hint">{t!(locale, actions.replacement_hint)}</p>
        </div>
    }
}

/// Why: a reason and a note. `id` begins the fields' ids.
pub(crate) fn cause_fields(locale: Locale, id: &str) -> impl IntoView + use<> {
    let (reason, note, hint) = (format!("{id}-reason"), format!("{id}-note"), format!("{id}-note-hint"));
    let reasons = LifecycleReason::VARIANTS
        .iter()
        .map(|reason| {
            view! { <option value=reason.code()>{words::lifecycle_reason(locale, *reason)}</option> }
        })
        .collect_view();
    view! {
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for=reason.clone()>{t!(locale, actions.reason)}</label>
            <select class="select w-full" id=reason name="reason" required>
                <option value="">{t!(locale, actions.reason_choose)}</option>
                {reasons}
            </select>
        </div>
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for=note.clone()>{t!(locale, actions.note)}</label>
            <input
                class="input w-full"
                id=note
                name="note"
                autocomplete="off"
                maxlength=Cause::MAX_CHARS
                aria-describedby=hint.clone()
            />
            <p class="text-sm" id=hint>{t!(locale, actions.note_hint)}</p>
        </div>
    }
}

/// The box to tick before a terminal is stopped.
pub(crate) fn confirm_field(locale: Locale) -> impl IntoView + use<> {
    view! {
        <label class="flex items-center gap-2 tap">
            <input class="checkbox" type="checkbox" name="confirmed" value="true" required />
            {t!(locale, actions.confirm)}
        </label>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_move_but_registering_has_a_panel_and_words() {
        for wanted in Move::VARIANTS {
            assert_eq!(PANELS.contains(wanted), *wanted != Move::Register);
            for locale in [Locale::zh, Locale::en] {
                let said = done(locale, *wanted, "PB1403");
                assert_eq!(said.is_some(), *wanted != Move::Register);
                assert!(said.is_none_or(|said| said.contains("PB1403")));
                assert_eq!(move_words(locale, *wanted).is_some(), *wanted != Move::Register);
            }
        }
    }
}
