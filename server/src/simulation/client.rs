//! How simulated terminals call the device API.

use super::tally::Tally;
use crate::device_api::PREFIX;
use axum::body::Body;
use axum::http::uri::{Authority, Scheme};
use axum::http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Most bytes of an answer.
const ANSWER_BYTES: usize = 1024 * 1024;

/// Where a server is: `http://host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Authority);

/// The text is no `http://host:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "write http://HOST:PORT, the address that the server itself listens on; terminals are simulated by plain HTTP only"
)]
pub struct AddressError;

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let parts = text.parse::<Uri>().map_err(|_| AddressError)?.into_parts();
        let plain = parts.path_and_query.is_none_or(|path| path == "/");
        match (parts.scheme, parts.authority) {
            (Some(scheme), Some(authority)) if scheme == Scheme::HTTP && plain => Ok(Self(authority)),
            _ => Err(AddressError),
        }
    }
}

/// Calls, and counts what became of it.
pub(super) struct Client {
    http: HyperClient<HttpConnector, Body>,
    address: Address,
    tally: Arc<Tally>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    /// Done, with this answer.
    Done(Value),
    /// Refused.
    Refused,
    /// Nobody answered, or what answered was broken: it may be tried again.
    Silent,
}

/// What a call adds to its path and body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct With<'a> {
    pub(super) token: Option<&'a str>,
    pub(super) key: Option<&'a str>,
}

impl Client {
    pub(super) fn new(address: Address, tally: Arc<Tally>) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            http: HyperClient::builder(TokioExecutor::new()).build(connector),
            address,
            tally,
        }
    }

    /// Posts JSON.
    pub(super) async fn post(&self, call: &'static str, path: &str, with: With<'_>, body: &Value) -> Ended {
        self.call(call, Method::POST, path, with, Some(body)).await
    }

    /// Puts JSON.
    pub(super) async fn put(&self, call: &'static str, path: &str, with: With<'_>, body: &Value) -> Ended {
        self.call(call, Method::PUT, path, with, Some(body)).await
    }

    /// Asks for what is there.
    pub(super) async fn get(&self, call: &'static str, path: &str, with: With<'_>) -> Ended {
        self.call(call, Method::GET, path, with, None).await
    }

    async fn call(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        with: With<'_>,
        body: Option<&Value>,
    ) -> Ended {
        let begun = Instant::now();
        let (told, ended) = match timeout(PATIENCE, self.send(method, path, with, body)).await {
            Ok(Ok((status, answer))) if status.is_success() => (status.as_str().to_owned(), Ended::Done(answer)),
            Ok(Ok((status, problem))) => {
                let told = format!("{} {}", status.as_str(), problem["code"].as_str().unwrap_or_default());
                let again = status.is_server_error() || status == StatusCode::CONFLICT;
                (told, if again { Ended::Silent } else { Ended::Refused })
            }
            Ok(Err(_)) => ("no answer".to_owned(), Ended::Silent),
            Err(_) => ("no answer in time".to_owned(), Ended::Silent),
        };
        self.tally.count(call, told, begun.elapsed());
        ended
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        with: With<'_>,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Box<dyn std::error::Error + Send + Sync>> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{PREFIX}{path}", self.address.0));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = with.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(key) = with.key {
            request = request.header("idempotency-key", key);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.http.request(request.body(body)?).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES)
            .collect()
            .await?
            .to_bytes();
        Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses() {
        assert!("http://127.0.0.1:3000".parse::<Address>().is_ok());
        assert!("http://pos.example/".parse::<Address>().is_ok());
        for wrong in [
            "https://pos.example",
            "127.0.0.1:3000",
            "http://x/api/v1",
            "http://x/?y",
            "",
            "http://",
        ] {
            assert_eq!(wrong.parse::<Address>(), Err(AddressError), "{wrong}");
        }
    }
}
