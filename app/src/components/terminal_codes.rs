//! A terminal's activation codes: what became of each, a code for the counter, and withdrawing the one that is out.

use crate::backend::codes::{CodeRow, CodeState};
use crate::backend::terminals::Terminal;
use crate::caller::Caller;
use crate::components::format;
use crate::components::html::{Html, Rendered};
use crate::domain::{Lifecycle, Timestamp};
use crate::i18n::{Locale, t};
use crate::pages::{CounterCode, RevokeCode};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// What became of a code, in a word.
pub(crate) fn code_state(locale: Locale, state: CodeState) -> &'static str {
    match state {
        CodeState::Issued => t!(locale, codes.issued),
        CodeState::Consumed => t!(locale, codes.consumed),
        CodeState::Expired => t!(locale, codes.expired),
        CodeState::Revoked => t!(locale, codes.revoked),
    }
}

/// The codes of a terminal and, for whoever may issue them, the forms.
pub(crate) fn terminal_codes(
    locale: Locale,
    now: Timestamp,
    caller: &Caller,
    terminal: &Terminal,
    codes: &[CodeRow],
) -> Html {
    let issues = caller.code_issuer().is_ok();
    let stopped = matches!(terminal.row.lifecycle, Lifecycle::Suspended | Lifecycle::Retired);
    let counter = (issues && !stopped).then(|| counter_form(locale, terminal));
    let out = codes.iter().any(|code| code.state == CodeState::Issued);
    let revoke = (issues && out).then(|| revoke_form(locale, terminal));
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4" aria-labelledby="codes-title">
            <h2 class="text-lg font-semibold" id="codes-title">{t!(locale, codes.title)}</h2>
            {counter}
            {revoke}
            {history(locale, now, codes)}
        </section>
    }
    .rendered()
}

/// What tells the server which terminal is meant.
fn hidden(terminal: &Terminal) -> impl IntoView + use<> {
    view! {
        <input type="hidden" name="terminal" value=terminal.row.id.to_string() />
        <input type="hidden" name="sn" value=terminal.row.sn.to_string() />
        <input type="hidden" name="manufacturer" value=terminal.row.manufacturer.to_string() />
    }
}

fn counter_form(locale: Locale, terminal: &Terminal) -> impl IntoView + use<> {
    let merchant = terminal.row.merchant.is_none().then(|| {
        view! {
            <div class="flex flex-col gap-1 w-full max-w-xl">
                <label class="font-medium" for="counter-merchant">{t!(locale, codes.merchant_no)}</label>
                <input
                    class="input w-full code"
                    id="counter-merchant"
                    name="merchant_no"
                    autocomplete="off"
                    spellcheck="false"
                    aria-describedby="counter-merchant-hint"
                    required
                />
                <p class="text-sm" id="counter-merchant-hint">{t!(locale, codes.merchant_no_hint)}</p>
            </div>
        }
    });
    view! {
        <form class="flex flex-col gap-2 items-start" method="post" action=CounterCode::PATH>
            {hidden(terminal)}
            {merchant}
            <button class="btn" type="submit">{t!(locale, codes.counter)}</button>
            <p class="text-sm">{t!(locale, codes.counter_note)}</p>
        </form>
    }
}

fn revoke_form(locale: Locale, terminal: &Terminal) -> impl IntoView + use<> {
    view! {
        <form class="flex flex-col gap-2 items-start" method="post" action=RevokeCode::PATH>
            {hidden(terminal)}
            <button class="btn btn-error btn-outline" type="submit">{t!(locale, codes.revoke)}</button>
            <p class="text-sm">{t!(locale, codes.revoke_note)}</p>
        </form>
    }
}

fn history(locale: Locale, now: Timestamp, codes: &[CodeRow]) -> Html {
    if codes.is_empty() {
        return view! { <p>{t!(locale, codes.none)}</p> }.rendered();
    }
    let rows = codes
        .iter()
        .map(|code| {
            let by = code
                .issued_by
                .clone()
                .unwrap_or_else(|| t!(locale, codes.by_platform).to_owned());
            view! {
                <tr>
                    <td class="font-medium whitespace-nowrap">{code_state(locale, code.state)}</td>
                    <td>{format::time(locale, now, code.issued)}</td>
                    <td>{by}</td>
                    <td>{format::time(locale, now, code.expires)}</td>
                    <td>{format::time_or_nothing(locale, now, code.ended)}</td>
                </tr>
            }
        })
        .collect_view();
    let caption = t!(locale, codes.history_caption);
    view! {
        <h3 class="font-medium">{t!(locale, codes.history)}</h3>
        <div class="overflow-x-auto border border-base-300 rounded-box" tabindex="0" role="region" aria-label=caption>
            <table class="table table-sm">
                <caption class="sr-only">{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!(locale, codes.state)}</th>
                        <th scope="col">{t!(locale, codes.issued_at)}</th>
                        <th scope="col">{t!(locale, codes.issued_by)}</th>
                        <th scope="col">{t!(locale, codes.expires)}</th>
                        <th scope="col">{t!(locale, codes.ended)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .rendered()
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn each_state_has_its_own_word() {
        for locale in [Locale::zh, Locale::en] {
            let mut words: Vec<_> = CodeState::VARIANTS
                .iter()
                .map(|state| code_state(locale, *state))
                .collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), CodeState::VARIANTS.len());
        }
    }
}
