//! `POST /terminals/register`: a terminal registers itself.

use super::json::JsonBody;
use super::problem::Problem;
use super::text::plain;
use crate::clock::Surroundings;
use crate::retry_after::retry_after;
use crate::services::Services;
use app::backend::registration::{ClaimInput, Registration};
use app::caller::RequestInfo;
use app::error::AppError;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of a field that is no serial number and no code.
const TEXT_CHARS: usize = 64;
/// Most characters of a serial number and of a code as sent.
const KEY_CHARS: usize = 128;

/// What the terminal says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterTerminal {
    /// Serial number, as printed on the terminal.
    #[schema(example = "161-203-824", max_length = 128)]
    sn: String,
    /// Activation code, as keyed in: case, spaces and dashes do not matter.
    #[schema(
        example = "0123-4567-89ABCD",
        max_length = 128,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$"
    )]
    activation_code: String,
    /// Model; refused when the platform's record says another.
    #[schema(example = "X990", max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    model: Option<String>,
    /// Firmware version.
    #[schema(example = "3.0.0", max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    firmware: Option<String>,
    /// Version of the terminal's main app.
    #[schema(example = "2.1.4", max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    app_version: Option<String>,
}

/// What the terminal is answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegisteredTerminal {
    /// The terminal's key (UUID).
    #[schema(example = "019aae2f-5c5d-7000-b34f-d0d9b1e2a3f4")]
    terminal_id: String,
    /// Serial number in normal form.
    #[schema(example = "161203824")]
    sn: String,
    /// Whose terminal it is.
    merchant: RegisteredMerchant,
    /// Bearer token (RFC 6750) for all other calls; it is not shown again.
    #[schema(example = "3f6d0a1c9e5b47f28a4d6c0b1e2f3a495d6c7b8a9f0e1d2c3b4a59687f6e5d4c")]
    token: String,
}

/// A merchant, as its terminal is told of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RegisteredMerchant {
    /// Number with the platform.
    #[schema(example = "898292720000001")]
    pub(super) merchant_no: String,
    /// Name.
    #[schema(example = "深圳盛景餐饮")]
    pub(super) name: String,
}

/// Registers the terminal and hands it its token; registering again with a fresh code replaces the token.
///
/// **Permissions:** whoever holds the activation code.
#[utoipa::path(
    post,
    path = "/terminals/register",
    request_body = RegisterTerminal,
    responses(
        (status = 201, description = "Registered", body = RegisteredTerminal),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong, or the registration is refused: see `code`", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong serial numbers or codes: `too_many_attempts`", body = Problem, content_type = "application/problem+json",
            headers(("Retry-After" = i64, description = "Seconds until it may be tried again"))),
    ),
)]
pub(super) async fn register_terminal(
    State(services): State<Services>,
    State(surroundings): State<Surroundings>,
    Extension(request): Extension<RequestInfo>,
    JsonBody(body): JsonBody<RegisterTerminal>,
) -> Result<(StatusCode, Json<RegisteredTerminal>), Problem> {
    let input = input(body)?;
    let claimed = services.registration.claim(&request, &input).await;
    let claimed = claimed.map_err(|error| match error {
        AppError::Throttled(until) => {
            let seconds = retry_after(surroundings.now(), until);
            Problem::from(error).with_header(header::RETRY_AFTER, seconds.into())
        }
        error => error.into(),
    })?;
    let answer = RegisteredTerminal {
        terminal_id: claimed.terminal.to_string(),
        sn: claimed.sn.as_str().to_owned(),
        merchant: RegisteredMerchant {
            merchant_no: claimed.merchant_no,
            name: claimed.merchant_name,
        },
        token: claimed.token,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

fn input(body: RegisterTerminal) -> Result<ClaimInput, Problem> {
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|t| !t.is_empty());
    plain("/activation_code", &body.activation_code, KEY_CHARS)?;
    if body.sn.chars().count() > KEY_CHARS {
        plain("/sn", &body.sn, KEY_CHARS)?;
    }
    for (pointer, value) in [
        ("/model", &body.model),
        ("/firmware", &body.firmware),
        ("/app_version", &body.app_version),
    ] {
        plain(pointer, value.as_deref().unwrap_or_default(), TEXT_CHARS)?;
    }
    Ok(ClaimInput {
        sn: body.sn,
        activation_code: body.activation_code,
        model: given(body.model),
        firmware: given(body.firmware),
        app_version: given(body.app_version),
    })
}
