//! 登录: who are you?

use super::guard::{Answer, open};
use crate::components::field::Field;
use crate::i18n::t;
use crate::request::is_local;
use leptos::prelude::*;

/// The form, which the server's own `POST /sign-in` answers. A sign-in that failed comes back here with the login.
#[component]
pub(super) fn SignInPage() -> impl IntoView {
    open(|rendering, caller| {
        let locale = rendering.locale;
        let query = rendering.query();
        let next = query.field("next");
        if caller.is_some() {
            return Ok(Answer::Elsewhere(if is_local(&next) { next } else { "/".to_owned() }));
        }
        let asked =
            (!next.is_empty() && rendering.flash.is_none()).then(|| view! { <p>{t!(locale, sign_in.next)}</p> });
        let login = query.field("login");
        let name = Field {
            name: "login",
            label: t!(locale, sign_in.login).to_owned(),
            autocomplete: "username",
            required: true,
            autofocus: login.is_empty(),
            value: login.clone(),
            ..Field::default()
        };
        let password = Field {
            name: "password",
            label: t!(locale, sign_in.password).to_owned(),
            kind: "password",
            autocomplete: "current-password",
            required: true,
            autofocus: !login.is_empty(),
            ..Field::default()
        };
        let body = view! {
            <div class="flex flex-col gap-4 max-w-sm">
                <p>{t!(locale, sign_in.intro)}</p>
                {asked}
                <form class="flex flex-col gap-4" method="post" action="/sign-in">
                    <input type="hidden" name="next" value=next />
                    {name.view()}
                    {password.view()}
                    <button class="btn btn-primary" type="submit">{t!(locale, sign_in.submit)}</button>
                </form>
                <p class="text-sm">{t!(locale, sign_in.help)}</p>
            </div>
        };
        Ok(Answer::page(t!(locale, sign_in.title), body))
    })
}
