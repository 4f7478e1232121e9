//! `POST /sign-in`, `POST /sign-in/code` and `POST /sign-out`: the forms that begin and end a session.

use super::render::{page, rendering};
use crate::retry_after::retry_after;
use crate::session_store;
use crate::state::AppState;
use app::backend::accounts::Accounts;
use app::caller::{Caller, RequestInfo};
use app::domain::{FactorCode, Timestamp, UserId};
use app::error::{AppError, Invalid};
use app::flash::{Back, Flash, Redirect, redirect, redirect_with};
use app::request::address;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use uuid::Uuid;

/// Name under which a session holds who has given a password and has yet to show a code.
const PENDING: &str = "pending";

/// How long the code may take: five minutes.
const CODE_MS: i64 = 5 * 60 * 1000;

/// Who has given a password.
#[derive(Deserialize, Serialize)]
struct Pending {
    user: Uuid,
    /// When, in Unix milliseconds.
    since: i64,
}

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
    let back = address(
        "/sign-in",
        [("login", form.login.as_str()), ("next", form.next.as_str())],
    );
    let redirect = match result {
        Err(AppError::Throttled(until)) => return turned_away(state, parts, &back, until).await,
        Ok(Step::Done) => onwards(form.next),
        Ok(Step::Code) => redirect(address("/sign-in/code", [("next", form.next.as_str())])),
        Err(error) => Back::from(back).with_error(&error),
    };
    see_other(&redirect, rendering.secure_cookies)
}

/// The page at `back` with status 429 (RFC 6585) and when to try again. No redirect: nothing was done that a reload could
/// do again.
async fn turned_away(state: AppState, mut parts: Parts, back: &str, until: Timestamp) -> Response {
    let Ok(uri) = back.parse() else {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    let seconds = retry_after(state.surroundings.now(), until);
    parts.method = Method::GET;
    parts.uri = uri;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.extensions.insert(Flash::error(&AppError::Throttled(until)));
    let mut response = page(State(state), Request::from_parts(parts, Body::empty())).await;
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
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
    let pending = Pending {
        user: user.0,
        since: state.surroundings.now().0,
    };
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
    see_other(&redirect, rendering.secure_cookies)
}

async fn show_code(state: &AppState, request: &RequestInfo, session: &Session, code: &str) -> Result<(), AppError> {
    let pending: Option<Pending> = session.get(PENDING).await.map_err(unsaved)?;
    let now = state.surroundings.now();
    let expired = AppError::Invalid(Invalid::SignInExpired);
    let pending = pending.filter(|pending| pending.since + CODE_MS > now.0);
    let Pending { user, since } = pending.ok_or(expired.clone())?;
    let user = UserId(user);
    if !state.services.accounts.still_knows(user, Timestamp(since)).await? {
        return Err(expired);
    }
    let code = FactorCode::parse(code);
    let checked = state.services.second_factor.check(request, user, code.as_ref()).await;
    if let Err(AppError::Invalid(Invalid::FactorTries)) = &checked {
        session.flush().await.map_err(unsaved)?;
    }
    checked?;
    finish(state, session, user, request).await
}

/// Makes the session that user's. One that was begun by somebody else's request gets another id before (CWE-384).
async fn finish(state: &AppState, session: &Session, user: UserId, request: &RequestInfo) -> Result<(), AppError> {
    let caller = state.services.accounts.caller(user, request.clone()).await?;
    let caller = caller.ok_or(AppError::Internal)?;
    session.clear().await;
    let begun = session_store::begin(session, &caller, state.surroundings.now()).await;
    begun.map_err(unsaved)?;
    state.services.accounts.signed_in(user).await
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
