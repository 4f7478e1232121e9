//! `PUT /terminals/me/apps/{package}`: a terminal tells where an app's installation stands.

use super::bearer::{Bearer, refused};
use super::instant::rfc3339;
use super::json::JsonBody;
use super::problem::Problem;
use super::text::plain;
use crate::services::Services;
use crate::services::apps::report::Reported;
use app::domain::{InstallState, Installed, PackageName};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most characters of a version and of an error code.
const TEXT_CHARS: usize = 64;

/// Where the installation stands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InstallReport {
    /// Where it stands now.
    state: ReportedState,
    /// The version that this is about, as the app calls it.
    #[schema(example = "3.2.4", max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    version: Option<String>,
    /// Why it failed: `no_space`, `download_failed`, `signature_invalid`, `firmware_too_old`, `incompatible`, `battery_low`,
    /// `interrupted`, or a code of the terminal's own. Of other states it means nothing.
    #[schema(example = "no_space", max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    error_code: Option<String>,
}

/// Where an installation stands.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ReportedState {
    /// It is being fetched or set up.
    Installing,
    /// It is there.
    Installed,
    /// It could not be installed.
    Failed,
    /// It is not there any more.
    Removed,
}

impl From<ReportedState> for InstallState {
    fn from(state: ReportedState) -> Self {
        match state {
            ReportedState::Installing => Self::Installing,
            ReportedState::Installed => Self::Installed,
            ReportedState::Failed => Self::Failed,
            ReportedState::Removed => Self::Removed,
        }
    }
}

/// What was taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct InstallAnswer {
    /// Package name.
    #[schema(example = "com.example.pay")]
    package: String,
    /// Where the installation stands.
    #[schema(example = "failed")]
    state: &'static str,
    /// Version, as told.
    #[schema(example = "3.2.4")]
    version: Option<String>,
    /// Error code, as told.
    #[schema(example = "no_space")]
    error_code: Option<String>,
    /// The instant as of which this is known, in UTC.
    #[schema(example = "2026-03-01T00:58:12.000Z", format = DateTime)]
    reported_at: String,
}

/// Tells where an app's installation stands. Telling it again changes nothing; what changes is told to the log.
///
/// **Permissions:** the terminal itself, for apps that it may run; that one was removed it may tell of any.
#[utoipa::path(
    put,
    path = "/terminals/me/apps/{package}",
    params(("package" = String, Path, description = "Package name", example = "com.example.pay", max_length = 128,
        pattern = r"^[A-Za-z][0-9A-Za-z_]*(\.[A-Za-z][0-9A-Za-z_]*)+$")),
    request_body = InstallReport,
    security(("token" = [])),
    responses(
        (status = 200, description = "Taken in", body = InstallAnswer),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or nobody's", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The app may not run on this terminal (`not_authorized`), or the terminal is suspended or retired: see `code`", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "This is no package name", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong: see `pointer`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn install_report(
    State(services): State<Services>,
    Bearer(device): Bearer,
    Path(package): Path<String>,
    JsonBody(body): JsonBody<InstallReport>,
) -> Result<Json<InstallAnswer>, Problem> {
    let package = PackageName::parse(&package).map_err(|_| Problem::new(StatusCode::NOT_FOUND, "not_found"))?;
    let said = said(body)?;
    let reported = services.apps.report(&device, &package, &said).await.map_err(refused)?;
    match reported {
        Reported::Kept(at) => Ok(Json(InstallAnswer {
            package: package.to_string(),
            state: said.state.code(),
            version: said.version,
            error_code: said.error_code,
            reported_at: rfc3339(at),
        })),
        Reported::NotAuthorized => Err(Problem::new(StatusCode::FORBIDDEN, "not_authorized")),
    }
}

fn said(body: InstallReport) -> Result<Installed, Problem> {
    for (pointer, text) in [("/version", &body.version), ("/error_code", &body.error_code)] {
        plain(pointer, text.as_deref().unwrap_or_default(), TEXT_CHARS)?;
    }
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let state = InstallState::from(body.state);
    Ok(Installed {
        version: given(body.version),
        error_code: given(body.error_code).filter(|_| state == InstallState::Failed),
        state,
    })
}
