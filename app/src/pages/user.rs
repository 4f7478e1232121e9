//! One account, and what an administrator does with it.

use super::guard::{Answer, Visit, guarded};
use crate::backend::users::UserRow;
use crate::caller::{Caller, Scope};
use crate::components::account_state::account_state;
use crate::components::html::{Html, Rendered};
use crate::components::{format, words};
use crate::domain::{Login, Role, UserState};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::t;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// The address of an account's page. A login may have a slash.
pub(super) fn user_address(login: &Login) -> String {
    format!("/users/{}", urlencoding::encode(login.as_str()))
}

/// Where those who look after an account see it: an owner its clerks on one page, the platform each on its own.
fn home_of(caller: &Caller, login: &Login) -> String {
    match caller.scope() {
        Scope::Merchant(_) => "/settings/staff".to_owned(),
        Scope::Platform => user_address(login),
    }
}

fn parsed(login: &str) -> Result<Login, AppError> {
    Login::parse(login).map_err(|_| AppError::NotFound)
}

/// Where a form that fails leads back to, for whoever sent it.
fn back(login: &str) -> String {
    let caller = use_context::<Option<Caller>>().flatten();
    match (caller, Login::parse(login)) {
        (Some(caller), Ok(login)) => home_of(&caller, &login),
        _ => "/".to_owned(),
    }
}

/// Takes an account's password away; leads back with the link for its user, or with the reason why not.
#[server(prefix = "/actions", endpoint = "user-reset")]
pub async fn reset_user(#[server(default)] login: String) -> Result<(), ServerFnError> {
    action(back(&login), async move {
        let (caller, backend) = actor()?;
        let login = parsed(&login)?;
        let link = backend.users.reset(caller.account_manager()?, &login).await?;
        Ok(redirect_with(home_of(&caller, &login), Flash::link(&link)))
    })
    .await
}

/// Lets an account sign in no longer, or again (`enabled` is `true`); leads back.
#[server(prefix = "/actions", endpoint = "user-enable")]
pub async fn enable_user(
    #[server(default)] login: String,
    #[server(default)] enabled: String,
) -> Result<(), ServerFnError> {
    action(back(&login), async move {
        let (caller, backend) = actor()?;
        let login = parsed(&login)?;
        let enabled: bool = enabled.parse().map_err(|_| AppError::Invalid(Invalid::Form))?;
        let by = caller.account_manager()?;
        backend.users.set_enabled(by, &login, enabled).await?;
        let notice = if enabled {
            Notice::UserEnabled
        } else {
            Notice::UserDisabled
        };
        Ok(redirect_with(home_of(&caller, &login), Flash::Done(notice)))
    })
    .await
}

/// Gives an account the other role of its side; leads back.
#[server(prefix = "/actions", endpoint = "user-role")]
pub async fn change_role(
    #[server(default)] login: String,
    #[server(default)] role: String,
) -> Result<(), ServerFnError> {
    action(back(&login), async move {
        let (caller, backend) = actor()?;
        let login = parsed(&login)?;
        let role: Role = role.parse().map_err(|_| AppError::Invalid(Invalid::Form))?;
        backend.users.set_role(caller.platform_admin()?, &login, role).await?;
        Ok(redirect_with(user_address(&login), Flash::Done(Notice::RoleChanged)))
    })
    .await
}

/// Takes an account's second step away; leads back.
#[server(prefix = "/actions", endpoint = "user-factor-reset")]
pub async fn reset_factor(#[server(default)] login: String) -> Result<(), ServerFnError> {
    action(back(&login), async move {
        let (caller, backend) = actor()?;
        let login = parsed(&login)?;
        backend.second_factor.reset(caller.platform_admin()?, &login).await?;
        Ok(redirect_with(user_address(&login), Flash::Done(Notice::FactorReset)))
    })
    .await
}

/// One account. The path has its login.
#[component]
pub(super) fn UserPage() -> impl IntoView {
    guarded(user)
}

async fn user(visit: Visit) -> Result<Answer, AppError> {
    visit.caller.platform_viewer()?;
    let viewer = visit.caller.account_viewer()?;
    let login = parsed(visit.param("login"))?;
    let found = visit.backend.users.get(viewer, &login).await?;
    let user = found.ok_or(AppError::NotFound)?;
    let locale = visit.locale();
    let own = visit.caller.login() == user.login.as_str();
    let actions = match (visit.caller.platform_admin(), own) {
        (Err(_), _) => t!(locale, users.looks_only).rendered(),
        (Ok(_), true) => t!(locale, users.own_account).rendered(),
        (Ok(_), false) => actions(&visit, &user),
    };
    let body = view! {
        <div class="flex flex-col gap-6 max-w-3xl">
            {facts(&visit, &user)}
            <section class="flex flex-col gap-4" aria-labelledby="actions-title">
                <h2 class="text-lg font-semibold" id="actions-title">{t!(locale, users.actions)}</h2>
                {actions}
            </section>
            <p>
                <a class="link" href="/users">{t!(locale, users.all)}</a>
            </p>
        </div>
    };
    Ok(Answer::page(t!(locale, users.one), body))
}

fn facts(visit: &Visit, user: &UserRow) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let merchant = match &user.merchant {
        Some(merchant) => format!("{} · {}", merchant.name, merchant.number),
        None => format::NOTHING.to_owned(),
    };
    let signed_in = match user.last_signed_in {
        Some(at) => format::time(locale, now, at).rendered(),
        None => t!(locale, common.never).rendered(),
    };
    let fact = |name: &'static str, value: Html| {
        view! {
            <div class="flex flex-col gap-1">
                <dt class="text-sm">{name}</dt>
                <dd class="font-medium break-all">{value}</dd>
            </div>
        }
    };
    view! {
        <dl class="card bg-base-100 border border-base-300 p-4 md:p-6 grid gap-4 sm:grid-cols-2">
            {fact(t!(locale, users.login), user.login.to_string().rendered())}
            {fact(t!(locale, users.name), user.name.clone().rendered())}
            {fact(t!(locale, users.role), words::role(locale, user.role).rendered())}
            {fact(t!(locale, users.merchant), merchant.rendered())}
            {fact(t!(locale, users.state), account_state(locale, user.state).rendered())}
            {fact(t!(locale, users.last_signed_in), signed_in)}
            {fact(t!(locale, users.created), format::time(locale, now, user.created).rendered())}
        </dl>
    }
}

/// The forms for what can be done with an account now.
fn actions(visit: &Visit, user: &UserRow) -> Html {
    let locale = visit.locale();
    let disabled = user.state == UserState::Disabled;
    let other = user.role.other_of_side();
    let login = || view! { <input type="hidden" name="login" value=user.login.to_string() /> };
    let reset = (!disabled).then(|| {
        view! {
            <form class="flex flex-col gap-2 items-start" method="post" action=ResetUser::PATH>
                {login()}
                <p>{t!(locale, users.reset_text)}</p>
                <button class="btn" type="submit">{t!(locale, users.reset)}</button>
            </form>
        }
    });
    let (enable, enable_text) = if disabled {
        (t!(locale, users.enable), t!(locale, users.enable_text))
    } else {
        (t!(locale, users.disable), t!(locale, users.disable_text))
    };
    view! {
        {reset}
        <form class="flex flex-col gap-2 items-start" method="post" action=ChangeRole::PATH>
            {login()}
            <input type="hidden" name="role" value=other.code() />
            <p>{t!(locale, users.role_text)}</p>
            <button class="btn" type="submit">
                {t!(locale, users.make, role = words::role(locale, other))}
            </button>
        </form>
        <form class="flex flex-col gap-2 items-start" method="post" action=EnableUser::PATH>
            {login()}
            <input type="hidden" name="enabled" value=disabled.to_string() />
            <p>{enable_text}</p>
            <button class="btn" type="submit">{enable}</button>
        </form>
        <form class="flex flex-col gap-2 items-start" method="post" action=ResetFactor::PATH>
            {login()}
            <p>{t!(locale, users.factor_reset_text)}</p>
            <button class="btn" type="submit">{t!(locale, users.factor_reset)}</button>
        </form>
    }
    .rendered()
}
