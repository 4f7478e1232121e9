//! Headers that keep a browser from doing what nobody asked it to. The content security policy of pages needs the page's
//! nonce and is set where pages are rendered.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

/// The policy of everything that is not a page: nothing may be loaded, nobody may frame it.
const CLOSED: &str = "default-src 'none'; frame-ancestors 'none'";

/// Sets the headers that are not there yet; `secure` where everything is reached by HTTPS.
pub fn security_headers<B>(mut response: Response<B>, secure: bool) -> Response<B> {
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CONTENT_SECURITY_POLICY, CLOSED);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: a form's error finds its way back by it.
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(self), geolocation=(), microphone=()",
    );
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    if secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
    }
    response
}

/// The policy of a page: its own scripts by nonce and what they load, its own style sheet, and nothing from elsewhere.
pub fn page_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
         manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}
