//! `Idempotency-Key` on every POST: the same request sent twice is done once and answered twice, byte for byte.

use super::BODY_BYTES;
use super::bearer::Bearer;
use super::problem::{Problem, rendered};
use crate::services::Services;
use crate::services::idempotency::{Asked, Begun, Kept};
use app::caller::RequestInfo;
use app::domain::SerialNumber;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tracing::Instrument;

/// The header with the key.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Most characters of a key.
const KEY_CHARS: usize = 255;

/// For endpoints that terminals authenticate at: a key is the token's own.
pub(super) async fn by_token(State(services): State<Services>, request: Request, next: Next) -> Response {
    let Some(key) = key_of(&request) else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    // Whose token it is comes first: nobody else's keys are kept.
    if let Err(problem) = Bearer::from_request_parts(&mut parts, &services).await {
        return problem.into_response();
    }
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .map(|value| value.as_bytes().to_vec());
    let principal = [b"token ".as_slice(), &token.unwrap_or_default()].concat();
    match (key, bytes_of(body).await) {
        (Ok(key), Ok(body)) => {
            once(
                services,
                Keyed {
                    principal,
                    key,
                    parts,
                    body,
                },
                next,
            )
            .await
        }
        (Err(problem), _) | (_, Err(problem)) => problem.into_response(),
    }
}

/// For registering: a key is the serial number's own. A body that names none comes to nothing, however often it is sent.
pub(super) async fn by_sn(State(services): State<Services>, request: Request, next: Next) -> Response {
    #[derive(Deserialize)]
    struct Named {
        sn: String,
    }

    let Some(key) = key_of(&request) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let (key, body) = match (key, bytes_of(body).await) {
        (Ok(key), Ok(body)) => (key, body),
        (Err(problem), _) | (_, Err(problem)) => return problem.into_response(),
    };
    let named = serde_json::from_slice::<Named>(&body).ok();
    let Some(sn) = named.and_then(|named| SerialNumber::parse(&named.sn).ok()) else {
        return next.run(Request::from_parts(parts, body.into())).await;
    };
    let principal = format!("sn {sn}").into_bytes();
    once(
        services,
        Keyed {
            principal,
            key,
            parts,
            body,
        },
        next,
    )
    .await
}

/// A request with its key.
struct Keyed {
    principal: Vec<u8>,
    key: String,
    parts: Parts,
    body: Bytes,
}

fn key_of(request: &Request) -> Option<Result<String, Problem>> {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return None;
    }
    Some(read_key(request.headers()))
}

fn read_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut sent = headers.get_all(KEY).iter();
    let key = match (sent.next(), sent.next()) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    };
    let stands = |key: &&str| (1..=KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    key.filter(stands)
        .map(str::to_owned)
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "idempotency_key_malformed"))
}

async fn bytes_of(body: Body) -> Result<Bytes, Problem> {
    let too_large = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large");
    to_bytes(body, BODY_BYTES).await.map_err(too_large)
}

async fn once(services: Services, keyed: Keyed, next: Next) -> Response {
    let Keyed {
        principal,
        key,
        parts,
        body,
    } = keyed;
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    let request = [
        parts.method.as_str().as_bytes(),
        parts.uri.path().as_bytes(),
        content_type,
        &body,
    ];
    let asked = Asked::new(&principal, &key, &request);
    match services.idempotency.begin(&asked).await {
        Ok(Begun::First) => {
            let request = Request::from_parts(parts, body.into());
            // In a task of its own: a terminal that hangs up asks again, and wants to know what became of it.
            let work = tokio::spawn(first(services, asked, request, next).in_current_span());
            work.await
                .unwrap_or_else(|_panicked| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response())
        }
        Ok(Begun::Again(kept)) => {
            let mut response = answer(kept);
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
            response
        }
        Ok(Begun::Reused) => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused").into_response(),
        Ok(Begun::Running) => Problem::new(StatusCode::CONFLICT, "idempotency_key_running")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            .into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}

/// Does the request and keeps its answer, unless the same request may be answered otherwise next time.
async fn first(services: Services, asked: Asked, request: Request, next: Next) -> Response {
    let info = request.extensions().get::<RequestInfo>().cloned().unwrap_or_default();
    let response = rendered(next.run(request).await, &info);
    let status = response.status();
    let passing = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
    if passing || status.is_server_error() {
        // What could not be forgotten is given up after a minute.
        let _logged = services.idempotency.forget(&asked).await;
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    };
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kept = Kept {
        status: status.as_u16(),
        content_type: content_type.map(str::to_owned),
        body: body.to_vec(),
    };
    // It was done: the answer is worth more than that it is kept.
    let _logged = services.idempotency.keep(&asked, &kept).await;
    Response::from_parts(parts, body.into())
}

fn answer(kept: Kept) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, kept.body).into_response();
    match kept.content_type.as_deref().map(HeaderValue::from_str) {
        Some(Ok(content_type)) => response.headers_mut().insert(header::CONTENT_TYPE, content_type),
        _ => response.headers_mut().remove(header::CONTENT_TYPE),
    };
    response
}
