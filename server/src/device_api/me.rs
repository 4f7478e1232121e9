//! `GET /terminals/me`: a terminal reads its record and its verdict.

use super::bearer::{Bearer, refused};
use super::instant::rfc3339;
use super::problem::Problem;
use super::register_terminal::RegisteredMerchant;
use super::sign_in::BusinessDayAnswer;
use super::verdict::TerminalVerdict;
use crate::services::Services;
use app::error::AppError;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A terminal's record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TerminalRecord {
    /// The terminal's key (UUID).
    #[schema(example = "019aae2f-5c5d-7000-b34f-d0d9b1e2a3f4")]
    terminal_id: String,
    /// Serial number in normal form.
    #[schema(example = "161203824")]
    sn: String,
    /// Who made it.
    #[schema(example = "VERIFONE")]
    manufacturer: String,
    /// What it is.
    #[schema(example = "X990")]
    model: String,
    /// What its people call it.
    #[schema(example = "1号收银台")]
    name: String,
    /// Whose it is.
    merchant: RegisteredMerchant,
    /// Where it stands, when that is known.
    #[schema(example = "总店")]
    store: Option<String>,
    /// Its state.
    #[schema(example = "registered")]
    lifecycle: &'static str,
    /// Firmware version, as last told.
    #[schema(example = "3.0.0")]
    firmware: Option<String>,
    /// Version of its main app.
    #[schema(example = "2.1.4")]
    app_version: Option<String>,
    /// When it was registered, in UTC.
    #[schema(example = "2026-02-27T03:20:00.000Z", format = DateTime)]
    registered_at: Option<String>,
    /// When it was last heard from, in UTC; a heartbeat stands here within a second.
    #[schema(example = "2026-03-01T00:58:12.000Z", format = DateTime)]
    last_seen_at: Option<String>,
    /// Its last business day; null before the first.
    business_day: Option<BusinessDayAnswer>,
    /// Whether it can take a payment now.
    verdict: TerminalVerdict,
}

/// The terminal's own record, and whether it can take a payment now.
///
/// **Permissions:** the terminal itself.
#[utoipa::path(
    get,
    path = "/terminals/me",
    security(("token" = [])),
    responses(
        (status = 200, description = "The record", body = TerminalRecord),
        (status = 401, description = "No token, or nobody's", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The terminal is suspended or retired: see `code`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn me(
    State(services): State<Services>,
    Bearer(device): Bearer,
) -> Result<Json<TerminalRecord>, Problem> {
    let record = services.presence.get(&device).await.map_err(refused)?;
    let verdict = services.verdicts.of_itself(device.terminal()).await.map_err(refused)?;
    // Its row is gone since its token was looked up.
    let verdict = verdict.ok_or_else(|| refused(AppError::SignInRequired))?;
    Ok(Json(TerminalRecord {
        terminal_id: device.terminal().to_string(),
        sn: record.sn,
        manufacturer: record.manufacturer,
        model: record.model,
        name: record.name,
        merchant: RegisteredMerchant {
            merchant_no: record.merchant_no,
            name: record.merchant_name,
        },
        store: record.store,
        lifecycle: record.lifecycle.code(),
        firmware: record.firmware,
        app_version: record.app_version,
        registered_at: record.registered.map(rfc3339),
        last_seen_at: record.last_seen.map(rfc3339),
        business_day: record.day.map(BusinessDayAnswer::from),
        verdict: verdict.into(),
    }))
}
