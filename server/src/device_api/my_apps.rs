//! `GET /terminals/me/apps`: a terminal reads which apps it may run.

use super::bearer::{Bearer, refused};
use super::instant::rfc3339;
use super::problem::Problem;
use crate::services::Services;
use app::backend::apps::TerminalApp;
use app::domain::PolicyState;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The apps of a terminal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TerminalApps {
    /// The apps that something was ever decided of, by package name. One that is not here may not run.
    apps: Vec<ListedApp>,
}

/// An app, and whether it may run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedApp {
    /// Package name.
    #[schema(example = "com.example.pay")]
    package: String,
    /// Chinese name.
    #[schema(example = "掌柜收银")]
    name_zh: String,
    /// English name.
    #[schema(example = "Zhanggui Pay")]
    name_en: String,
    /// Whether it takes payments.
    #[schema(example = true)]
    payment: bool,
    /// Whether it may run now.
    #[schema(example = true)]
    allowed: bool,
    /// `granted`, `revoked`, `expired` or `not_yet`.
    #[schema(example = "granted")]
    policy: &'static str,
    /// Until when it may run, or from when on for `not_yet`, in UTC; null where no end is known.
    #[schema(example = "2027-03-01T16:00:00.000Z", format = DateTime)]
    until: Option<String>,
    /// The newest version that runs on this terminal's firmware; null where none is published.
    #[schema(example = "3.2.4")]
    newest_version: Option<String>,
    /// What the terminal last told of it; null where it told nothing.
    install: Option<ListedInstall>,
}

/// What a terminal last told of an app.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ListedInstall {
    /// `installing`, `installed`, `failed` or `removed`.
    #[schema(example = "installed")]
    state: &'static str,
    /// Version, as the terminal calls it.
    #[schema(example = "3.2.4")]
    version: Option<String>,
    /// Why it failed, as the terminal calls it.
    #[schema(example = json!(null))]
    error_code: Option<String>,
    /// When it was told, in UTC.
    #[schema(example = "2026-03-01T00:58:12.000Z", format = DateTime)]
    reported_at: String,
}

/// Tells which apps the terminal may run, and which it may not any more.
///
/// **Permissions:** the terminal itself.
#[utoipa::path(
    get,
    path = "/terminals/me/apps",
    security(("token" = [])),
    responses(
        (status = 200, description = "The apps", body = TerminalApps),
        (status = 401, description = "No token, or nobody's", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The terminal is suspended or retired: see `code`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn my_apps(
    State(services): State<Services>,
    Bearer(device): Bearer,
) -> Result<Json<TerminalApps>, Problem> {
    let apps = services.apps.of_itself(&device).await.map_err(refused)?;
    let apps = apps.into_iter().filter_map(listed).collect();
    Ok(Json(TerminalApps { apps }))
}

fn listed(app: TerminalApp) -> Option<ListedApp> {
    let policy = app.policy?;
    Some(ListedApp {
        package: app.app.package.to_string(),
        name_zh: app.app.name_zh,
        name_en: app.app.name_en,
        payment: app.app.payment,
        allowed: policy.allows(),
        policy: policy.state.code(),
        until: match policy.state {
            PolicyState::Granted => app.until.map(rfc3339),
            PolicyState::NotYet => policy.until.map(rfc3339),
            PolicyState::Revoked | PolicyState::Expired => None,
        },
        newest_version: app.newest,
        install: app.install.map(|(installed, at)| ListedInstall {
            state: installed.state.code(),
            version: installed.version,
            error_code: installed.error_code,
            reported_at: rfc3339(at),
        }),
    })
}
