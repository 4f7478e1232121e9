//! 欢迎使用: what a one-time link opens.

use super::guard::{Answer, Welcomed, welcoming};
use crate::backend::invitations::{Accepted, Opened};
use crate::caller::Caller;
use crate::components::field::Field;
use crate::components::html::Rendered;
use crate::components::link_panel::link_address;
use crate::components::{format, words};
use crate::domain::{InvitationToken, PasswordFault, Purpose};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, backend, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::{Rendering, address};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// Sets the password, and the login where one is chosen; leads to the sign-in page, or back with the reason.
#[server(prefix = "/actions", endpoint = "welcome")]
pub async fn accept_invitation(
    #[server(default)] token: String,
    #[server(default)] login: String,
    #[server(default)] password: String,
    #[server(default)] password_again: String,
) -> Result<(), ServerFnError> {
    let parsed = token.parse::<InvitationToken>();
    let typed: String = login.chars().take(200).collect();
    let back = match &parsed {
        Ok(token) => address(&link_address(token), [("login", typed.as_str())]),
        Err(_) => "/welcome/0".to_owned(),
    };
    action(back, async move {
        let token = parsed.map_err(|_| AppError::NotFound)?;
        let backend = backend()?;
        let request = use_context::<Rendering>().ok_or(AppError::Internal)?.request;
        let accepted = Accepted {
            login,
            password,
            password_again,
        };
        let login = backend.invitations.accept(&request, &token, &accepted).await?;
        let signed_in = use_context::<Option<Caller>>().flatten().is_some();
        let next = if signed_in {
            "/".to_owned()
        } else {
            address("/sign-in", [("login", login.as_str())])
        };
        Ok(redirect_with(next, Flash::Done(Notice::PasswordSet)))
    })
    .await
}

/// The form, for whoever holds the link.
#[component]
pub(super) fn WelcomePage() -> impl IntoView {
    welcoming(welcome)
}

async fn welcome(visit: Welcomed) -> Result<Answer, AppError> {
    let locale = visit.rendering.locale;
    let token: Option<InvitationToken> = visit.param("token").parse().ok();
    let opened = match &token {
        Some(token) => visit.backend.invitations.get(token).await?,
        None => None,
    };
    Ok(match (token, opened) {
        (Some(token), Some(opened)) => form(&visit.rendering, token, opened),
        _ => over(locale),
    })
}

/// A link that does not work: it may be mistyped, used, withdrawn or too old.
fn over(locale: Locale) -> Answer {
    let body = view! {
        <div class="flex flex-col items-start gap-4 max-w-prose">
            <p>{t!(locale, welcome.over_text)}</p>
            <p>{t!(locale, welcome.over_ask)}</p>
            <a class="btn btn-primary" href="/sign-in">{t!(locale, welcome.to_sign_in)}</a>
        </div>
    };
    Answer::missing(t!(locale, welcome.over), body)
}

fn form(rendering: &Rendering, token: InvitationToken, opened: Opened) -> Answer {
    let locale = rendering.locale;
    let code = match &rendering.flash {
        Some(Flash::Error { code, .. }) => code.as_str(),
        _ => "",
    };
    let error = |wrong: &[Invalid]| {
        let wrong = wrong.iter().find(|invalid| invalid.code() == code)?;
        Some(words::invalid(locale, *wrong).1.to_owned())
    };
    let (title, intro) = match opened.purpose {
        Purpose::Invite => (t!(locale, welcome.invite), t!(locale, welcome.invite_text)),
        Purpose::Reset => (t!(locale, welcome.reset), t!(locale, welcome.reset_text)),
        Purpose::Setup => (t!(locale, welcome.setup), t!(locale, welcome.setup_text)),
    };
    let role = words::role(locale, opened.role);
    let who = match opened.merchant {
        Some(merchant) => format!("{} · {} · {role}", opened.name, merchant.name),
        None => format!("{} · {role}", opened.name),
    };
    let chosen = opened.login.is_none();
    let login = match opened.login {
        // Fixed, and there for password managers.
        Some(login) => view! {
            <p>{t!(locale, welcome.login_is)} " " <strong>{login.to_string()}</strong></p>
            <input class="hidden" type="text" name="login" value=login.to_string() autocomplete="username" readonly />
        }
        .rendered(),
        None => Field {
            name: "login",
            label: t!(locale, sign_in.login).to_owned(),
            hint: Some(t!(locale, users.login_hint)),
            error: error(&[Invalid::LoginMalformed, Invalid::LoginTaken]),
            autocomplete: "username",
            required: true,
            autofocus: true,
            value: rendering.query().field("login"),
            ..Field::default()
        }
        .view()
        .rendered(),
    };
    let password = Field {
        name: "password",
        label: t!(locale, welcome.password).to_owned(),
        hint: Some(t!(locale, welcome.password_hint)),
        error: code
            .parse::<PasswordFault>()
            .ok()
            .map(|fault| words::password_fault(locale, fault).1.to_owned()),
        kind: "password",
        autocomplete: "new-password",
        required: true,
        autofocus: !chosen,
        ..Field::default()
    };
    let again = Field {
        name: "password_again",
        label: t!(locale, welcome.password_again).to_owned(),
        error: error(&[Invalid::PasswordsDiffer]),
        kind: "password",
        autocomplete: "new-password",
        required: true,
        ..Field::default()
    };
    let body = view! {
        <div class="flex flex-col gap-4 max-w-md">
            <p>{intro}</p>
            <p class="font-medium break-words">{who}</p>
            <form class="flex flex-col gap-4" method="post" action=AcceptInvitation::PATH>
                <input type="hidden" name="token" value=token.to_string() />
                {login}
                {password.view()}
                {again.view()}
                <button class="btn btn-primary" type="submit">{t!(locale, welcome.submit)}</button>
            </form>
            <p class="text-sm">
                {t!(locale, welcome.until)} " " {format::time(locale, rendering.now, opened.expires)}
            </p>
        </div>
    };
    Answer::page(title, body)
}
