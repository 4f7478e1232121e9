//! Turns the session of a request for a page into a [`Caller`].

use crate::session_store::{USER, name_of};
use crate::state::AppState;
use app::caller::{Caller, RequestInfo};
use app::domain::{Role, UserId};
use app::pages::SECURITY;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use tower_sessions::Session;
use uuid::Uuid;

/// Puts an `Option<Caller>` into the request's extensions: the session's user as the database knows it now. An administrator
/// who lacks the second step of signing in that the settings ask for is led to where it is set up, and nowhere else.
pub async fn identify(State(state): State<AppState>, session: Session, mut request: Request, next: Next) -> Response {
    let info = request.extensions().get::<RequestInfo>().cloned().unwrap_or_default();
    let info = RequestInfo {
        session: session.id().as_ref().map(name_of),
        ..info
    };
    match caller(&state, &session, info).await {
        Ok(Some(caller)) if must_set_up(&state, &caller, request.uri().path()).await => {
            tracing::debug!("led to the second step");
            Redirect::to(SET_UP).into_response()
        }
        Ok(caller) => {
            request.extensions_mut().insert(caller.clone());
            let mut response = next.run(request).await;
            // For the page of what was refused on the way.
            response.extensions_mut().insert(caller);
            response
        }
        Err(Unreadable) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Where a second step is set up, for somebody who has to.
const SET_UP: &str = "/settings/security?required=1";

/// The forms that somebody without a second step may send: setting it up, leaving, and changing language and looks.
const OPEN_FORMS: [&str; 5] = [
    "/actions/second-factor-begin",
    "/actions/second-factor-confirm",
    "/sign-out",
    "/language",
    "/preferences",
];

/// Whether the caller is an administrator who has to set up a second step before this address is open. When that cannot be
/// found out, it is not.
async fn must_set_up(state: &AppState, caller: &Caller, path: &str) -> bool {
    if !state.front.require_second_factor || caller.role() != Role::PlatformAdmin {
        return false;
    }
    if path == SECURITY || OPEN_FORMS.contains(&path) {
        return false;
    }
    match caller.user_id() {
        Some(user) => !state.services.second_factor.is_on(user).await.unwrap_or(false),
        None => false,
    }
}

/// Who asks could not be found out; it has been logged.
struct Unreadable;

async fn caller(state: &AppState, session: &Session, info: RequestInfo) -> Result<Option<Caller>, Unreadable> {
    let user = session.get::<Uuid>(USER).await.map_err(|error| {
        tracing::error!(%error, "a session could not be read");
        Unreadable
    })?;
    let Some(user) = user else {
        return Ok(None);
    };
    let caller = state.services.accounts.caller(UserId(user), info).await;
    let caller = caller.map_err(|_logged| Unreadable)?;
    if caller.is_none() {
        // Whoever may not sign in any more has no session either, and gets none back with the permission.
        session.flush().await.map_err(|error| {
            tracing::error!(%error, "a session could not be ended");
            Unreadable
        })?;
    }
    Ok(caller)
}
