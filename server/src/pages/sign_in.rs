//! `POST /sign-in`, `POST /sign-in/code` and `POST /sign-out`: the forms that begin and end a session.

use super::render::rendering;
use super::turned_away::or_turned_away;
use crate::services::accounts::HalfSignedIn;
use crate::session_store;
use crate::state::AppState;
use app::backend::accounts::Accounts;
use app::caller::{Caller, RequestInfo};
use app::domain::{FactorCode, UserId};
use app::error::{AppError, Invalid};
use app::flash::{Back, Flash, Redirect, redirect, redirect_with};
use app::request::address;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use tower_sessions::Session;

/// Name under which a session holds who has given a password and has yet to show a code: a [`HalfSignedIn`].
const PENDING: &str = "pending";

/// Most characters of a login that come back to whoever typed it; a longer one is none.
const LOGIN_CHARS: usize = 128;

/// The form's fields.
#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Begins a session and leads to where the person wanted to go; or back, with the login kept and the password not.
///
/// **Permissions:** anyone.
pub async fn sign_in(
    State(state): State<AppState>,
    session: Session,
    parts: Parts,
    Form(form): Form<SignInForm>,
) -> Response {
    let rendering = rendering(&state, &parts);
    let checked = state
        .services
        .accounts
        .sign_in(&rendering.request, &form.login, &form.password)
        .await;
    let result = match checked {
        Ok(user) => go_on(&state, &session, user, &rendering.request).await,
        Err(error) => Err(error),
    };
    let typed: String = form.login.chars().take(LOGIN_CHARS).collect();
    let back = address("/sign-in", [("login", typed.as_str()), ("next", form.next.as_str())]);
    let redirect = match result {
        Ok(Step::Done) => onwards(form.next),
        Ok(Step::Code) => redirect(address("/sign-in/code", [("next", form.next.as_str())])),
        Err(error) => Back::from(back).with_error(&error),
    };
    or_turned_away(state, parts, see_other(&redirect, rendering.secure_cookies)).await
}

/// What comes after the password.
enum Step {
    /// Nothing: the person is signed in.
    Done,
    /// The code of a second step.
    Code,
}

/// Signs in whoever has no second step, and remembers for a while who has yet to show a code.
async fn go_on(state: &AppState, session: &Session, user: UserId, request: &RequestInfo) -> Result<Step, AppError> {
    if !state.services.second_factor.is_on(user).await? {
        finish(state, session, user, request).await?;
        return Ok(Step::Done);
    }
    let pending = HalfSignedIn::at(user, state.surroundings.now());
    let begun = async {
        session.clear().await;
        session.cycle_id().await?;
        session.insert(PENDING, pending).await
    };
    begun.await.map_err(unsaved)?;
    Ok(Step::Code)
}

/// The form's fields.
#[derive(Deserialize)]
pub struct CodeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

/// Begins the session of somebody who has given the password and now shows a code; or leads back to the code, or to the
/// beginning when too many were tried or too much time went by.
///
/// **Permissions:** whoever has given a password within the last five minutes.
pub async fn sign_in_code(
    State(state): State<AppState>,
    session: Session,
    parts: Parts,
    Form(form): Form<CodeForm>,
) -> Response {
    let rendering = rendering(&state, &parts);
    let redirect = match show_code(&state, &rendering.request, &session, &form.code).await {
        Ok(()) => onwards(form.next),
        Err(error @ AppError::Invalid(Invalid::CodeWrong)) => {
            Back::from(address("/sign-in/code", [("next", form.next.as_str())])).with_error(&error)
        }
        Err(error) => Back::from(address("/sign-in", [("next", form.next.as_str())])).with_error(&error),
    };
    or_turned_away(state, parts, see_other(&redirect, rendering.secure_cookies)).await
}

async fn show_code(state: &AppState, request: &RequestInfo, session: &Session, code: &str) -> Result<(), AppError> {
    let pending: Option<HalfSignedIn> = session.get(PENDING).await.map_err(unsaved)?;
    let pending = pending.ok_or(AppError::Invalid(Invalid::SignInExpired))?;
    let (accounts, factors) = (&state.services.accounts, &state.services.second_factor);
    let code = FactorCode::parse(code);
    let shown = accounts.show_code(factors, request, pending, code.as_ref()).await;
    if let Err(AppError::Throttled(_)) = &shown {
        session.flush().await.map_err(unsaved)?;
    }
    finish(state, session, shown?, request).await
}

/// Makes the session that user's. One that was begun by somebody else's request gets another id before (CWE-384). Nobody
/// is in without an entry in the audit log.
async fn finish(state: &AppState, session: &Session, user: UserId, request: &RequestInfo) -> Result<(), AppError> {
    let accounts = &state.services.accounts;
    let caller = accounts.caller(user, request.clone()).await?;
    let caller = caller.ok_or(AppError::Internal)?;
    session.clear().await;
    let begun = session_store::begin(session, &caller, state.surroundings.now()).await;
    let name = begun.map_err(unsaved)?;
    let entered = accounts.signed_in(&caller.in_session(name)).await;
    if entered.is_err() {
        session.flush().await.map_err(unsaved)?;
    }
    entered
}

fn unsaved(error: tower_sessions::session::Error) -> AppError {
    tracing::error!(%error, "a session could not be begun");
    AppError::Internal
}

fn onwards(next: String) -> Redirect {
    redirect(if next.is_empty() { "/".to_owned() } else { next })
}

/// Ends the session.
///
/// **Permissions:** anyone; without a session nothing ends.
pub async fn sign_out(
    State(state): State<AppState>,
    session: Session,
    Extension(caller): Extension<Option<Caller>>,
) -> Response {
    if let Some(caller) = caller
        && let Err(error) = state.services.accounts.signed_out(&caller).await
    {
        tracing::warn!(%error, "signing out is missing from the audit log");
    }
    if let Err(error) = session.flush().await {
        tracing::error!(%error, "a session could not be ended");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    see_other(&redirect_with("/sign-in", Flash::SignedOut), state.front.secure)
}

pub(super) fn see_other(redirect: &Redirect, secure_cookies: bool) -> Response {
    let headers: HeaderMap = redirect.headers(secure_cookies).into_iter().collect();
    (StatusCode::SEE_OTHER, headers).into_response()
}
