//! The device API, PRODUCT section 7: JSON over HTTP under `/api/v1`. Cookies mean nothing here.
//!
//! One endpoint per file. Every refusal is a [`problem::Problem`].

mod json;
pub mod problem;
mod register_terminal;

use crate::state::AppState;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use problem::Problem;
use utoipa::OpenApi;

/// Where the API is mounted.
pub const PREFIX: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tillkeeper device API",
        description = "What terminals say to Tillkeeper and what they are answered."
    ),
    servers((url = "/api/v1")),
    paths(register_terminal::register_terminal),
    components(schemas(problem::Problem))
)]
struct Document;

/// The OpenAPI 3.1 document of this API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The endpoints, to be mounted at [`PREFIX`].
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/terminals/register", post(register_terminal::register_terminal))
        .route("/openapi.json", get(|| async { axum::Json(openapi()) }))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "not_found") })
        .method_not_allowed_fallback(|| async { Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed") })
}
