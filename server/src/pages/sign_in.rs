//! `POST /sign-in` and `POST /sign-out`: the forms that begin and end a session.

use super::render::{page, rendering};
use crate::retry_after::retry_after;
use crate::session_store;
use crate::state::AppState;
use app::backend::accounts::Accounts;
use app::caller::{Caller, RequestInfo};
use app::domain::{Timestamp, UserId};
use app::error::AppError;
use app::flash::{Back, Flash, Redirect, redirect, redirect_with};
use app::request::address;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use serde::Deserialize;
use tower_sessions::Session;

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
        Ok(user) => begin(&state, &session, user, rendering.request.clone()).await,
        Err(error) => Err(error),
    };
    let back = address(
        "/sign-in",
        [("login", form.login.as_str()), ("next", form.next.as_str())],
    );
    let redirect = match result {
        Err(AppError::Throttled(until)) => return turned_away(state, parts, &back, until).await,
        Ok(()) if form.next.is_empty() => redirect("/"),
        Ok(()) => redirect(form.next),
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

/// Makes the session that of `user`.
async fn begin(state: &AppState, session: &Session, user: UserId, request: RequestInfo) -> Result<(), AppError> {
    let caller = state.services.accounts.caller(user, request).await?;
    let caller = caller.ok_or(AppError::Internal)?;
    let begun = session_store::begin(session, &caller, state.surroundings.now()).await;
    begun.map_err(|error| {
        tracing::error!(%error, "a session could not be begun");
        AppError::Internal
    })
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
