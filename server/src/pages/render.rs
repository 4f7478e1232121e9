//! Rendering a page and running a form's server function, with what both need in their context.

use super::own_session::CurrentSession;
use super::remembered::Remembered;
use crate::middleware::security_headers::page_policy;
use crate::state::AppState;
use app::caller::{Caller, PLATFORM_ZONE, RequestInfo};
use app::flash::Flash;
use app::pages::Trouble;
use app::preferences::Preferences;
use app::request::{Rendering, locale_of};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use tower_sessions::Session;

/// Renders the page of an address; one that there is none for is the page that says so.
pub async fn page(State(state): State<AppState>, request: Request) -> Response {
    let told = has_flash(&state, request.headers());
    let mut response = rendered(&state, request, None).await;
    if told {
        clear_flash(&state, &mut response);
    }
    response
}

/// Renders the page of an answer that has none, whatever the address is. It asks nobody.
pub async fn trouble(state: &AppState, request: Request, trouble: Trouble) -> Response {
    rendered(state, request, Some(trouble)).await
}

async fn rendered(state: &AppState, request: Request, trouble: Option<Trouble>) -> Response {
    let (parts, body) = request.into_parts();
    let context = context(state, &parts);
    let shell = state.shell.clone();
    let with_policy = move || {
        context();
        if let Some(trouble) = trouble {
            provide_context(trouble);
        }
        if let Some((nonce, response)) = use_nonce().zip(use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce))
        {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    };
    let render = leptos_axum::render_app_async_with_context(with_policy, move || shell.document());
    render(Request::from_parts(parts, body)).await
}

/// Runs the server function that a form is posted to.
pub async fn action(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let context = context(&state, &parts);
    let request: axum::http::Request<Body> = Request::from_parts(parts, body);
    leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response()
}

fn context(state: &AppState, parts: &Parts) -> impl Fn() + Clone + Send + Sync + 'static {
    let backend = state.services.backend();
    let caller = parts.extensions.get::<Option<Caller>>().cloned().flatten();
    let rendering = rendering(state, parts);
    let session = parts.extensions.get::<Session>().cloned().map(CurrentSession::shared);
    move || {
        if let Some(session) = &session {
            provide_context(session.clone());
        }
        provide_context(backend.clone());
        provide_context(caller.clone());
        provide_context(rendering.clone());
    }
}

/// What a page is told about its request.
pub fn rendering(state: &AppState, parts: &Parts) -> Rendering {
    let flash_name = Flash::cookie_name(state.front.secure);
    let caller = parts.extensions.get::<Option<Caller>>().and_then(Option::as_ref);
    Rendering {
        locale: locale_of(
            cookie(&parts.headers, Remembered::Language.cookie_name(state.front.secure)),
            parts
                .headers
                .get(header::ACCEPT_LANGUAGE)
                .and_then(|value| value.to_str().ok()),
        ),
        preferences: cookie(&parts.headers, Remembered::Preferences.cookie_name(state.front.secure))
            .map(Preferences::parse)
            .unwrap_or_default(),
        now: state.surroundings.now(),
        zone: caller.map_or(PLATFORM_ZONE, Caller::zone),
        request: parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default(),
        path_and_query: parts
            .uri
            .path_and_query()
            .map_or_else(|| "/".to_owned(), |address| address.as_str().to_owned()),
        flash: match parts.extensions.get::<Flash>() {
            Some(flash) => Some(flash.clone()),
            None => cookie(&parts.headers, flash_name).and_then(Flash::parse),
        },
        origin: origin(state, &parts.headers),
        secure_cookies: state.front.secure,
    }
}

/// Where browsers reach this server: as the settings say, else as this one does.
fn origin(state: &AppState, headers: &HeaderMap) -> String {
    let asked = || {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    };
    state.front.public_origin.clone().unwrap_or_else(asked)
}

fn has_flash(state: &AppState, headers: &HeaderMap) -> bool {
    cookie(headers, Flash::cookie_name(state.front.secure)).is_some()
}

fn clear_flash(state: &AppState, response: &mut Response) {
    if let Ok(cookie) = HeaderValue::from_str(&Flash::clear_cookie(state.front.secure)) {
        // First, so that a flash that this answer sets itself comes after it and stays.
        let set: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        for cookie in set {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}

/// The value of a cookie (RFC 6265).
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}
