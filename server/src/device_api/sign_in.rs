//! `POST /terminals/me/sign-in`: a terminal opens its business day.

use super::bearer::{Bearer, refused};
use super::instant::rfc3339;
use super::json::JsonBody;
use super::problem::Problem;
use crate::services::Services;
use crate::services::presence::BusinessDay;
use app::domain::OperatorNo;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who opens the day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The operator's number at the terminal. Passwords stay at the terminal.
    #[schema(example = "01", min_length = 1, max_length = 16, pattern = "^[0-9A-Za-z._-]{1,16}$")]
    operator_no: String,
}

/// The terminal's business day.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BusinessDayAnswer {
    /// The date in the merchant's time zone.
    #[schema(example = "2026-03-01", format = Date)]
    business_day: String,
    /// Who signed in.
    #[schema(example = "01")]
    operator_no: String,
    /// When, in UTC.
    #[schema(example = "2026-03-01T00:58:12.000Z", format = DateTime)]
    signed_in_at: String,
    /// When the day was closed, in UTC; null while it is open.
    #[schema(example = json!(null), format = DateTime)]
    signed_out_at: Option<String>,
}

impl From<BusinessDay> for BusinessDayAnswer {
    fn from(day: BusinessDay) -> Self {
        Self {
            business_day: day.day,
            operator_no: day.operator_no,
            signed_in_at: rfc3339(day.signed_in),
            signed_out_at: day.signed_out.map(rfc3339),
        }
    }
}

/// Opens the terminal's business day (签到). Again on the same day by the same operator it changes nothing.
///
/// **Permissions:** the terminal itself.
#[utoipa::path(
    post,
    path = "/terminals/me/sign-in",
    request_body = SignIn,
    security(("token" = [])),
    responses(
        (status = 200, description = "The day is open", body = BusinessDayAnswer),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or nobody's", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The terminal is suspended or retired: see `code`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, or the merchant is suspended: see `code`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn sign_in(
    State(services): State<Services>,
    Bearer(device): Bearer,
    JsonBody(body): JsonBody<SignIn>,
) -> Result<Json<BusinessDayAnswer>, Problem> {
    let operator = OperatorNo::parse(&body.operator_no).map_err(|error| {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid")
            .with_detail(error.to_string())
            .at("/operator_no")
    })?;
    let day = services.presence.sign_in(&device, &operator).await.map_err(refused)?;
    Ok(Json(day.into()))
}
