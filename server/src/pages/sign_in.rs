//! `POST /sign-in` and `POST /sign-out`: the forms that begin and end a session.

use super::render::rendering;
use crate::session_store::USER;
use crate::state::AppState;
use app::backend::accounts::Accounts;
use app::error::AppError;
use app::flash::{Back, Flash, Redirect, redirect, redirect_with};
use app::request::address;
use axum::Form;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
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
        Ok(user) => begin(&session, user.0).await,
        Err(error) => Err(error),
    };
    let redirect = match result {
        Ok(()) if form.next.is_empty() => redirect("/"),
        Ok(()) => redirect(form.next),
        Err(error) => {
            let to = address(
                "/sign-in",
                [("login", form.login.as_str()), ("next", form.next.as_str())],
            );
            Back::from(to).with_error(&error)
        }
    };
    see_other(&redirect, rendering.secure_cookies)
}

/// A session that was begun by somebody else's request gets another id before it is anybody's (CWE-384).
async fn begin(session: &Session, user: uuid::Uuid) -> Result<(), AppError> {
    let begun = async {
        session.cycle_id().await?;
        session.insert(USER, user).await
    };
    begun.await.map_err(|error: tower_sessions::session::Error| {
        tracing::error!(%error, "a session could not be begun");
        AppError::Internal
    })
}

/// Ends the session.
///
/// **Permissions:** anyone; without a session nothing ends.
pub async fn sign_out(State(state): State<AppState>, session: Session) -> Response {
    if let Err(error) = session.flush().await {
        tracing::error!(%error, "a session could not be ended");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    see_other(&redirect_with("/sign-in", Flash::SignedOut), state.front.secure)
}

fn see_other(redirect: &Redirect, secure_cookies: bool) -> Response {
    let headers: HeaderMap = redirect.headers(secure_cookies).into_iter().collect();
    (StatusCode::SEE_OTHER, headers).into_response()
}
