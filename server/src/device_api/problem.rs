//! The one way in which the API refuses: problem details (RFC 9457) with a stable `code`.

use app::caller::RequestInfo;
use app::error::AppError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem; always `about:blank`, the `code` tells them apart.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name of the status.
    title: &'static str,
    /// The status of the response.
    status: u16,
    /// The stable code.
    #[schema(example = "sn_or_code_wrong")]
    code: &'static str,
    /// What is wrong with this request in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The request's id, for whoever is asked for help.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// After how many seconds it may be tried again: the header `Retry-After`.
    #[serde(skip)]
    retry_after: Option<u64>,
}

impl Problem {
    /// A problem without details.
    pub fn new(status: StatusCode, code: &'static str) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: None,
            request_id: None,
            retry_after: None,
        }
    }

    /// The same with what is wrong in particular.
    pub fn with_detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..self
        }
    }

    /// The same with the request's id.
    pub fn of_request(self, request: &RequestInfo) -> Self {
        Self {
            request_id: Some(request.id.clone()),
            ..self
        }
    }

    /// The same with the number of seconds after which it may be tried again.
    pub fn with_retry_after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let problem = Self::new(error.status(), error.code());
        match error {
            AppError::SerialNumber(error) => problem.with_detail(error.to_string()),
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after;
        let mut response = (status, Json(self)).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        let media_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        response
    }
}
