//! `POST /settings/account/password`: a person's own password, which gives the session another id.

use super::own_session::CurrentSession;
use super::sign_in::see_other;
use super::turned_away::or_turned_away;
use crate::state::AppState;
use app::caller::Caller;
use app::error::{AppError, Invalid};
use app::flash::{Back, Flash, Notice, redirect, redirect_with, sign_in_address};
use app::pages::ACCOUNT;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;
use axum::{Extension, Form};
use serde::Deserialize;
use tower_sessions::Session;

/// The form's fields.
#[derive(Deserialize)]
pub struct PasswordForm {
    #[serde(default)]
    current: String,
    #[serde(default)]
    chosen: String,
    #[serde(default)]
    again: String,
}

/// Changes the person's password and ends its other sessions; leads back either way.
///
/// **Permissions:** whoever is signed in, for itself.
pub async fn change_password(
    State(state): State<AppState>,
    session: Session,
    parts: Parts,
    Extension(caller): Extension<Option<Caller>>,
    Form(form): Form<PasswordForm>,
) -> Response {
    let redirect = match change(&state, &session, caller, &form).await {
        Ok(()) => redirect_with(ACCOUNT, Flash::Done(Notice::PasswordChanged)),
        Err(AppError::SignInRequired) => redirect(sign_in_address(ACCOUNT)),
        Err(error) => Back::from(ACCOUNT.to_owned()).with_error(&error),
    };
    let answer = see_other(&redirect, state.front.secure);
    or_turned_away(state, parts, answer).await
}

async fn change(
    state: &AppState,
    session: &Session,
    caller: Option<Caller>,
    form: &PasswordForm,
) -> Result<(), AppError> {
    let caller = caller.ok_or(AppError::SignInRequired)?;
    if form.chosen != form.again {
        return Err(AppError::Invalid(Invalid::PasswordsDiffer));
    }
    let accounts = &state.services.accounts;
    accounts
        .change_own_password(&caller, &form.current, &form.chosen)
        .await?;
    CurrentSession::shared(session.clone()).renew().await
}
