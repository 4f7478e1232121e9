//! The least that hearing a heartbeat takes: its body parsed, its token read, an answer of the same bytes written.

use crate::PATH;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "parsing it is the point")]
struct Heartbeat {
    battery: Option<u8>,
    network: Option<String>,
    printer: Option<String>,
    paper: Option<String>,
    card_reader: Option<String>,
    firmware: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    server_time: &'static str,
    lifecycle: &'static str,
    next_heartbeat_seconds: u32,
}

async fn heartbeat(headers: HeaderMap, Json(_body): Json<Heartbeat>) -> Result<Json<Answer>, StatusCode> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(Json(Answer {
        server_time: "2026-03-01T00:58:12.000Z",
        lifecycle: "registered",
        next_heartbeat_seconds: 60,
    }))
}

pub(crate) fn router() -> Router {
    Router::new().route(PATH, post(heartbeat))
}
