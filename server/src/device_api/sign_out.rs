//! `POST /terminals/me/sign-out`: a terminal closes its business day.

use super::bearer::{Bearer, refused};
use super::problem::Problem;
use super::sign_in::BusinessDayAnswer;
use crate::services::Services;
use axum::Json;
use axum::extract::State;

/// Closes the terminal's business day (签退). Again it changes nothing. Takes no body; one that is sent is not read.
///
/// **Permissions:** the terminal itself.
#[utoipa::path(
    post,
    path = "/terminals/me/sign-out",
    security(("token" = [])),
    responses(
        (status = 200, description = "The day is closed", body = BusinessDayAnswer),
        (status = 401, description = "No token, or nobody's", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The terminal is suspended or retired: see `code`", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The terminal has never signed in", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn sign_out(
    State(services): State<Services>,
    Bearer(device): Bearer,
) -> Result<Json<BusinessDayAnswer>, Problem> {
    let day = services.presence.sign_out(&device).await.map_err(refused)?;
    Ok(Json(day.into()))
}
