//! 安全验证: the second step of signing in.

use super::guard::{Answer, Visit, guarded};
use crate::backend::second_factor::{Enrolment, FactorState};
use crate::components::field::Field;
use crate::components::html::{Html, Rendered};
use crate::components::{format, qr::qr, words};
use crate::domain::{FactorCode, RecoveryCode, Timestamp};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect, redirect_with, renew_session};
use crate::i18n::t;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// The address of the page, where an administrator without a second step is led as well.
pub const SECURITY: &str = "/settings/security";

/// Begins to set the second step up; leads to the page that shows the secret.
#[server(prefix = "/actions", endpoint = "second-factor-begin")]
pub async fn begin_factor() -> Result<(), ServerFnError> {
    action(SECURITY.to_owned(), async move {
        let (caller, backend) = actor()?;
        backend.second_factor.begin(&caller).await?;
        Ok(redirect(SECURITY))
    })
    .await
}

fn shown_once(codes: &[RecoveryCode]) -> Flash {
    Flash::RecoveryCodes(codes.iter().map(ToString::to_string).collect())
}

/// Sets the second step up with a first code; leads back with the recovery codes, or with the reason why not.
#[server(prefix = "/actions", endpoint = "second-factor-confirm")]
pub async fn confirm_factor(#[server(default)] code: String) -> Result<(), ServerFnError> {
    action(SECURITY.to_owned(), async move {
        let (caller, backend) = actor()?;
        let code = FactorCode::parse(&code);
        let codes = backend.second_factor.confirm(&caller, code.as_ref()).await?;
        renew_session().await?;
        Ok(redirect_with(SECURITY, shown_once(&codes)))
    })
    .await
}

/// Makes other recovery codes; leads back with them.
#[server(prefix = "/actions", endpoint = "second-factor-renew")]
pub async fn renew_codes(#[server(default)] code: String) -> Result<(), ServerFnError> {
    action(SECURITY.to_owned(), async move {
        let (caller, backend) = actor()?;
        let code = FactorCode::parse(&code);
        let codes = backend.second_factor.renew(&caller, code.as_ref()).await?;
        Ok(redirect_with(SECURITY, shown_once(&codes)))
    })
    .await
}

/// Takes the second step away; leads back.
#[server(prefix = "/actions", endpoint = "second-factor-disable")]
pub async fn disable_factor(#[server(default)] code: String) -> Result<(), ServerFnError> {
    action(SECURITY.to_owned(), async move {
        let (caller, backend) = actor()?;
        let code = FactorCode::parse(&code);
        backend.second_factor.delete(&caller, code.as_ref()).await?;
        renew_session().await?;
        Ok(redirect_with(SECURITY, Flash::Done(Notice::FactorDisabled)))
    })
    .await
}

/// The page of whoever is signed in.
#[component]
pub(super) fn SecurityPage() -> impl IntoView {
    guarded(security)
}

async fn security(visit: Visit) -> Result<Answer, AppError> {
    let locale = visit.locale();
    let state = visit.backend.second_factor.get(&visit.caller).await?;
    let must = visit.query.get("required").is_some() && !matches!(state, FactorState::On { .. });
    let must = must.then(|| view! { <p class="font-medium">{t!(locale, security.required)}</p> });
    let codes = match &visit.rendering.flash {
        Some(Flash::RecoveryCodes(codes)) => Some(recovery_codes(&visit, codes)),
        _ => None,
    };
    let body = match state {
        FactorState::Off => off(&visit),
        FactorState::Begun(enrolment) => begun(&visit, enrolment),
        FactorState::On { since, recovery_codes } => on(&visit, since, recovery_codes),
    };
    let body = view! {
        <div class="flex flex-col gap-6 max-w-xl">
            {codes}
            {must}
            <p>{t!(locale, security.intro)}</p>
            {body}
        </div>
    };
    Ok(Answer::page(t!(locale, common.security), body))
}

fn off(visit: &Visit) -> Html {
    let locale = visit.locale();
    view! {
        <p>{t!(locale, security.off)}</p>
        <form method="post" action=BeginFactor::PATH>
            <button class="btn btn-primary" type="submit">{t!(locale, security.begin)}</button>
        </form>
    }
    .rendered()
}

fn begun(visit: &Visit, enrolment: Enrolment) -> Html {
    let locale = visit.locale();
    let groups: Vec<_> = enrolment
        .secret
        .as_bytes()
        .chunks(4)
        .map(String::from_utf8_lossy)
        .collect();
    view! {
        <ol class="list-decimal ps-6 flex flex-col gap-4">
            <li>{t!(locale, security.step_app)}</li>
            <li>
                <p>{t!(locale, security.step_scan)}</p>
                <div class="py-2">{qr(&enrolment.uri, t!(locale, security.qr), "size-56")}</div>
                <p>{t!(locale, security.step_type)}</p>
                <p class="font-mono break-all font-medium" data-testid="totp-secret">{groups.join(" ")}</p>
            </li>
            <li>
                <p class="pb-2">{t!(locale, security.step_confirm)}</p>
                <form class="flex flex-col gap-4" method="post" action=ConfirmFactor::PATH>
                    {code_field(visit, "code", t!(locale, security.app_code), None).view()}
                    <button class="btn btn-primary self-start" type="submit">{t!(locale, security.confirm)}</button>
                </form>
            </li>
        </ol>
    }
    .rendered()
}

fn on(visit: &Visit, since: Timestamp, left: u64) -> Html {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let few = (left < 3).then(|| view! { <p class="font-medium">{t!(locale, security.few_codes)}</p> });
    let hint = Some(t!(locale, security.either_hint));
    view! {
        <p>{t!(locale, security.on)} " " {format::time(locale, now, since)}</p>
        <p>{t!(locale, security.codes_left, count = left)}</p>
        {few}
        <details class="card bg-base-100 border border-base-300 p-4">
            <summary class="cursor-pointer font-medium py-2">{t!(locale, security.renew)}</summary>
            <form class="flex flex-col gap-4 pt-2" method="post" action=RenewCodes::PATH>
                <p>{t!(locale, security.renew_text)}</p>
                {code_field(visit, "renew-code", t!(locale, security.either_code), hint).view()}
                <button class="btn self-start" type="submit">{t!(locale, security.renew)}</button>
            </form>
        </details>
        <details class="card bg-base-100 border border-base-300 p-4">
            <summary class="cursor-pointer font-medium py-2">{t!(locale, security.disable)}</summary>
            <form class="flex flex-col gap-4 pt-2" method="post" action=DisableFactor::PATH>
                <p>{t!(locale, security.disable_text)}</p>
                {code_field(visit, "disable-code", t!(locale, security.either_code), hint).view()}
                <button class="btn self-start" type="submit">{t!(locale, security.disable)}</button>
            </form>
        </details>
    }
    .rendered()
}

/// The field for a code. All are sent as `code`, and each has an `id` of its own.
fn code_field(visit: &Visit, id: &'static str, label: &str, hint: Option<&'static str>) -> Field {
    let locale = visit.locale();
    let wrong = matches!(
        &visit.rendering.flash,
        Some(Flash::Error { code, .. }) if code == Invalid::CodeWrong.code()
    );
    Field {
        name: "code",
        id,
        label: label.to_owned(),
        hint,
        error: (wrong && id == "code").then(|| words::invalid(locale, Invalid::CodeWrong).0.to_owned()),
        autocomplete: "one-time-code",
        required: true,
        is_code: true,
        ..Field::default()
    }
}

/// The recovery codes, which are shown now and never again.
fn recovery_codes(visit: &Visit, codes: &[String]) -> impl IntoView + use<> {
    let locale = visit.locale();
    let codes = codes
        .iter()
        .map(|code| view! { <li class="code font-medium">{code.clone()}</li> })
        .collect_view();
    view! {
        <section role="status" class="card bg-base-100 border-2 border-success p-4 md:p-6 gap-3">
            <h2 class="text-lg font-semibold">{t!(locale, security.codes)}</h2>
            <p>{t!(locale, security.codes_text)}</p>
            <ul class="grid gap-1 sm:grid-cols-2" data-testid="recovery-codes">{codes}</ul>
            <p class="font-medium">{t!(locale, security.codes_once)}</p>
        </section>
    }
}
