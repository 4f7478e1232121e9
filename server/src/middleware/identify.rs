//! Turns the session of a request for a page into a [`Caller`].

use crate::session_store::{USER, name_of};
use crate::state::AppState;
use app::caller::{Caller, RequestInfo};
use app::domain::UserId;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower_sessions::Session;
use uuid::Uuid;

/// Puts an `Option<Caller>` into the request's extensions: the session's user as the database knows it now.
pub async fn identify(State(state): State<AppState>, session: Session, mut request: Request, next: Next) -> Response {
    let info = request.extensions().get::<RequestInfo>().cloned().unwrap_or_default();
    let info = RequestInfo {
        session: session.id().as_ref().map(name_of),
        ..info
    };
    match caller(&state, &session, info).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(Unreadable) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
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
