//! 登录第二步: the code of an authenticator app, or a recovery code.

use super::guard::{Answer, open};
use crate::components::field::Field;
use crate::i18n::t;
use crate::request::is_local;
use leptos::prelude::*;

/// The form, which the server's own `POST /sign-in/code` answers.
#[component]
pub(super) fn SignInCodePage() -> impl IntoView {
    open(|rendering, caller| {
        let locale = rendering.locale;
        let next = rendering.query().field("next");
        if caller.is_some() {
            return Ok(Answer::Elsewhere(if is_local(&next) { next } else { "/".to_owned() }));
        }
        let code = Field {
            name: "code",
            label: t!(locale, security.either_code).to_owned(),
            hint: Some(t!(locale, security.either_hint)),
            autocomplete: "one-time-code",
            required: true,
            autofocus: true,
            is_code: true,
            ..Field::default()
        };
        let body = view! {
            <div class="flex flex-col gap-4 max-w-sm">
                <p>{t!(locale, security.second_step_text)}</p>
                <form class="flex flex-col gap-4" method="post" action="/sign-in/code">
                    <input type="hidden" name="next" value=next />
                    {code.view()}
                    <button class="btn btn-primary" type="submit">{t!(locale, sign_in.submit)}</button>
                </form>
                <p class="text-sm">{t!(locale, security.second_step_help)}</p>
                <p>
                    <a class="link" href="/sign-in">{t!(locale, security.start_again)}</a>
                </p>
            </div>
        };
        Ok(Answer::page(t!(locale, security.second_step), body))
    })
}
