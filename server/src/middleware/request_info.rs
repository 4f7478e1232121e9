//! Gives each request an id and finds out where it came from; logs it once, when it is answered.

use crate::state::AppState;
use app::caller::RequestInfo;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use tracing::Instrument;

/// Characters of a `User-Agent` that are kept.
const USER_AGENT_CHARS: usize = 256;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Puts a [`RequestInfo`] into the request's extensions and `x-request-id` into the answer. An id that the client sends is
/// not taken over: it would let anybody write into the logs.
pub async fn request_info(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = state.surroundings.new_id().simple().to_string();
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let address = client_address(peer, request.headers(), &state.front.trusted_proxies);
    let address = address.map(|address| address.to_string());
    let info = RequestInfo {
        address,
        id,
        user_agent: user_agent(request.headers()),
        session: None,
    };
    let started = state.surroundings.now();
    let span = tracing::info_span!("request", id = info.id);
    let (method, path) = (request.method().clone(), loggable(request.uri().path()));
    request.extensions_mut().insert(info.clone());
    let mut response = next.run(request).instrument(span.clone()).await;
    let ms = state.surroundings.now().0 - started.0;
    let status = response.status().as_u16();
    span.in_scope(|| tracing::debug!(%method, path, status, ms, address = info.address, "answered"));
    if let Ok(id) = HeaderValue::from_str(&info.id) {
        response.headers_mut().insert(X_REQUEST_ID, id);
    }
    response
}

/// What the client calls itself, cut and without control characters; `None` when it says nothing.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(header::USER_AGENT)?.to_str().ok()?;
    let kept: String = text.chars().take(USER_AGENT_CHARS).collect();
    Some(kept).filter(|kept| !kept.is_empty())
}

/// A path as the log may have it: what makes a one-time link secret is left out.
fn loggable(path: &str) -> String {
    const LINK: &str = "/welcome/";
    if path.starts_with(LINK) {
        format!("{LINK}...")
    } else {
        path.to_owned()
    }
}

/// The client's address: the peer's, or, while that is a trusted proxy, the one before it in `X-Forwarded-For`, read from
/// the right, where the nearest proxy has written.
fn client_address(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut address = peer?.to_canonical();
    let forwarded: Vec<&str> = headers
        .get_all(X_FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in forwarded.iter().rev() {
        if !trusted.iter().any(|network| network.contains(&address)) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(before) => address = before.to_canonical(),
            Err(_) => break,
        }
    }
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_str(value).unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        client_address(Some(peer.parse().unwrap()), &headers, &trusted)
            .unwrap()
            .to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        assert_eq!(address("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(address("10.0.0.1", &["198.51.100.7"], &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(
            address("10.0.0.1", &["203.0.113.9, 198.51.100.7", "10.0.0.2"], &["10.0.0.0/8"]),
            "198.51.100.7"
        );
        assert_eq!(
            address("::ffff:10.0.0.1", &["198.51.100.7"], &["10.0.0.0/8"]),
            "198.51.100.7"
        );
        assert_eq!(address("10.0.0.1", &["nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
    }
}
