//! Who asks: the terminal whose token stands in `Authorization: Bearer` (RFC 6750). Cookies are not looked at.

use super::problem::Problem;
use crate::services::Services;
use crate::services::tokens::Device;
use app::caller::RequestInfo;
use app::domain::{Reason, Told};
use app::error::AppError;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

/// The terminal that asks. Without it, an endpoint cannot act for one.
pub(super) struct Bearer(pub(super) Device);

impl<S> FromRequestParts<S> for Bearer
where
    S: Send + Sync,
    Services: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let token = token(&parts.headers)?;
        let request = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
        let services = Services::from_ref(state);
        match services.tokens.authenticate(&request, token).await {
            Ok(device) => Ok(Self(device)),
            Err(error) => Err(refused(error)),
        }
    }
}

/// How an endpoint for authenticated terminals refuses: as everywhere, but a terminal that may no longer talk is told so
/// by the status, too.
pub(super) fn refused(error: AppError) -> Problem {
    match error {
        AppError::SignInRequired => {
            unauthorized("token_invalid", r#"Bearer realm="tillkeeper", error="invalid_token""#)
        }
        AppError::Refused(told @ Told::Itself(Reason::TerminalSuspended | Reason::TerminalRetired)) => {
            Problem::new(StatusCode::FORBIDDEN, told.code())
        }
        error => error.into(),
    }
}

fn token(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (sent.next(), sent.next());
    let text = match (first, second) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    };
    let token = text
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    token.ok_or_else(|| unauthorized("token_missing", r#"Bearer realm="tillkeeper""#))
}

fn unauthorized(code: &'static str, challenge: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code)
        .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}
