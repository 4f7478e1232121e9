//! The device API: JSON over HTTP under `/api/v1`. Cookies mean nothing here.
//!
//! One endpoint per file. Every refusal is a [`problem::Problem`], also of what no endpoint has seen: an unknown address,
//! a panic, an answer that took too long.

mod bearer;
mod docs;
mod heartbeat;
mod idempotency;
mod install_report;
mod instant;
mod json;
mod me;
mod my_apps;
mod openapi;
pub mod problem;
mod register_terminal;
mod sign_in;
mod sign_out;
mod text;
mod verdict;

use crate::state::AppState;
use app::caller::RequestInfo;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use problem::Problem;
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

pub use openapi::openapi;

/// Where the API is mounted.
pub const PREFIX: &str = "/api/v1";

/// Most bytes of a body: 64 KiB.
const BODY_BYTES: usize = 64 * 1024;

/// Everything under `/api`; an answer may take as long as `patience`.
pub fn routes(state: &AppState, patience: Duration) -> Router<AppState> {
    let register = Router::new()
        .route("/terminals/register", post(register_terminal::register_terminal))
        .route_layer(from_fn_with_state(state.services.clone(), idempotency::by_sn));
    let me = Router::new()
        .route("/terminals/me", get(me::me))
        .route("/terminals/me/apps", get(my_apps::my_apps))
        .route("/terminals/me/apps/{package}", put(install_report::install_report))
        .route("/terminals/me/heartbeat", post(heartbeat::heartbeat))
        .route("/terminals/me/sign-in", post(sign_in::sign_in))
        .route("/terminals/me/sign-out", post(sign_out::sign_out))
        .route_layer(from_fn_with_state(state.services.clone(), idempotency::by_token));
    let endpoints = register
        .merge(me)
        .route("/openapi.json", get(|| async { Json(openapi()) }));
    let api = Router::new()
        .nest("/v1", endpoints)
        .route("/docs", get(docs::docs))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "not_found") })
        .method_not_allowed_fallback(|| async { Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed") });
    Router::new().nest("/api", with_problems(api, patience))
}

/// The same routes, where everything that goes wrong is answered with a problem.
fn with_problems<S: Clone + Send + Sync + 'static>(routes: Router<S>, patience: Duration) -> Router<S> {
    routes.layer(
        ServiceBuilder::new()
            .layer(from_fn(problems))
            .layer(CatchPanicLayer::new())
            .layer(TimeoutLayer::with_status_code(
                StatusCode::SERVICE_UNAVAILABLE,
                patience,
            ))
            .layer(DefaultBodyLimit::max(BODY_BYTES)),
    )
}

async fn problems(request: Request, next: Next) -> Response {
    let info = request.extensions().get::<RequestInfo>().cloned().unwrap_or_default();
    problem::rendered(next.run(request).await, &info)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    async fn panics() -> StatusCode {
        assert_eq!(PREFIX, "", "as it should");
        StatusCode::OK
    }

    async fn told(path: &str) -> (u16, String) {
        let routes = Router::new()
            .route("/panics", get(panics))
            .route("/hangs", get(std::future::pending::<()>))
            .route("/refuses", get(|| async { StatusCode::IM_A_TEAPOT }));
        let routes = with_problems(routes, Duration::from_millis(20));
        let answer = routes
            .oneshot(Request::get(path).body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.headers()["content-type"], problem::MEDIA_TYPE);
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["status"], status);
        (status, body["code"].as_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn what_breaks_is_a_problem_too() {
        assert_eq!(told("/panics").await, (500, "internal".to_owned()));
        assert_eq!(told("/hangs").await, (503, "timed_out".to_owned()));
        assert_eq!(told("/refuses").await, (418, "request_malformed".to_owned()));
    }
}
