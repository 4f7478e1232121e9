//! `POST /terminals/me/heartbeat`: a terminal tells how it is.

use super::bearer::{Bearer, refused};
use super::instant::rfc3339;
use super::json::JsonBody;
use super::problem::Problem;
use super::text::plain;
use crate::services::Services;
use app::domain::{Battery, CardReader, Network, Paper, Printer, Report, ReportedApp};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use strum::VariantArray;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// Most characters of a version.
const VERSION_CHARS: usize = 64;
/// Most characters of a package name.
const PACKAGE_CHARS: usize = 128;

/// How the terminal is; what is left out is not known.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Heartbeat {
    /// Charge of the battery in percent.
    #[serde(default, deserialize_with = "charge")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100, example = 87)]
    battery: Option<Battery>,
    /// Connection to the acquirer.
    #[schema(schema_with = codes::<Network>)]
    network: Option<Network>,
    /// The receipt printer.
    #[schema(schema_with = codes::<Printer>)]
    printer: Option<Printer>,
    /// Paper in the printer.
    #[schema(schema_with = codes::<Paper>)]
    paper: Option<Paper>,
    /// The card reader.
    #[schema(schema_with = codes::<CardReader>)]
    card_reader: Option<CardReader>,
    /// Firmware version.
    #[schema(example = "3.0.0", max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    firmware: Option<String>,
    /// The apps on the terminal, all of them: one that is not in the list any more counts as removed.
    #[schema(max_items = 64)]
    apps: Option<Vec<HeartbeatApp>>,
}

/// An app on the terminal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeartbeatApp {
    /// Package name.
    #[schema(
        example = "com.example.pay",
        max_length = 128,
        pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$"
    )]
    package: String,
    /// Version, as the app calls it.
    #[schema(example = "2.1.4", max_length = 64, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]*$")]
    version: String,
}

/// What the terminal is answered.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeartbeatAnswer {
    /// The server's time, in UTC.
    #[schema(example = "2026-03-01T00:58:12.000Z", format = DateTime)]
    server_time: String,
    /// The terminal's state.
    #[schema(example = "registered")]
    lifecycle: &'static str,
    /// How long until the next heartbeat is expected. After three that are missed the terminal counts as offline.
    #[schema(example = 60, minimum = 1)]
    next_heartbeat_seconds: i64,
}

/// A charge or null. JSON Schema counts 87.0 among the whole numbers, and so do some terminals.
fn charge<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Battery>, D::Error> {
    let Some(percent) = Option::<f64>::deserialize(json)? else {
        return Ok(None);
    };
    if percent.fract() != 0.0 {
        return Err(D::Error::custom("a battery has a whole number of percent"));
    }
    // Out of range it saturates, and stays out of range.
    Battery::try_from(percent as i64).map(Some).map_err(D::Error::custom)
}

/// One of some codes, or null.
fn codes<T: VariantArray + Copy + Into<&'static str>>() -> Object {
    let codes = T::VARIANTS.iter().map(|value| Some((*value).into()));
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(codes.chain([None::<&'static str>]).collect::<Vec<_>>()))
        .build()
}

/// Tells how the terminal is.
///
/// **Permissions:** the terminal itself.
#[utoipa::path(
    post,
    path = "/terminals/me/heartbeat",
    request_body = Heartbeat,
    security(("token" = [])),
    responses(
        (status = 200, description = "Heard", body = HeartbeatAnswer),
        (status = 400, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No token, or nobody's", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The terminal is suspended or retired: see `code`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong: see `pointer`", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn heartbeat(
    State(services): State<Services>,
    Bearer(device): Bearer,
    JsonBody(body): JsonBody<Heartbeat>,
) -> Result<Json<HeartbeatAnswer>, Problem> {
    let heard = services
        .presence
        .heartbeat(&device, &report(body)?)
        .await
        .map_err(refused)?;
    Ok(Json(HeartbeatAnswer {
        server_time: rfc3339(heard.now),
        lifecycle: heard.lifecycle.code(),
        next_heartbeat_seconds: (heard.next_ms / 1000).max(1),
    }))
}

fn report(body: Heartbeat) -> Result<Report, Problem> {
    let apps = body.apps;
    let listed = apps.as_deref().unwrap_or_default();
    plain("/firmware", body.firmware.as_deref().unwrap_or_default(), VERSION_CHARS)?;
    if listed.len() > Report::MAX_APPS {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid")
            .with_detail(format!("at most {} apps", Report::MAX_APPS))
            .at("/apps"));
    }
    for (place, app) in listed.iter().enumerate() {
        plain(&format!("/apps/{place}/package"), &app.package, PACKAGE_CHARS)?;
        plain(&format!("/apps/{place}/version"), &app.version, VERSION_CHARS)?;
    }
    let app = |app: HeartbeatApp| ReportedApp {
        package: app.package.trim().to_owned(),
        version: app.version.trim().to_owned(),
    };
    Ok(Report {
        battery: body.battery,
        network: body.network,
        printer: body.printer,
        paper: body.paper,
        card_reader: body.card_reader,
        firmware: body
            .firmware
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty()),
        apps: apps.map(|apps| apps.into_iter().map(app).collect()),
    })
}
