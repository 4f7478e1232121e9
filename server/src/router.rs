//! Which request goes where, and what it meets on the way.

use crate::middleware::form_type::form_type;
use crate::middleware::identify::identify;
use crate::middleware::origin::origin;
use crate::middleware::request_info::request_info;
use crate::middleware::security_headers::security_headers;
use crate::session_store::DatabaseSessions;
use crate::state::AppState;
use crate::{device_api, health, pages};
use app::backend::imports::MAX_FILE_BYTES;
use app::pages::{ACCOUNT_PASSWORD, AUDIT_EXPORT, App, LOG_EXPORT, register_actions};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use leptos_axum::{LeptosRoutes, generate_route_list};
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tower_sessions::cookie::SameSite;
use tower_sessions::{Expiry, SessionManagerLayer};

/// Most bytes of a body that is no file: 256 KiB.
const BODY_BYTES: usize = 256 * 1024;

/// Room for the fields around a file in a form.
const FORM_BYTES: usize = 64 * 1024;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long reading in a file may take.
const IMPORT_PATIENCE: Duration = Duration::from_secs(300);

/// How long a browser keeps the cookie of a session; the session itself may end long before.
const COOKIE_KEPT: time::Duration = time::Duration::days(30);

/// Everything that Tillkeeper answers.
pub fn router(state: AppState) -> Router {
    register_actions();
    let timeout = |patience| TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, patience);
    let prompt = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(site(&state))
        .merge(people(&state))
        .layer((timeout(PATIENCE), DefaultBodyLimit::max(BODY_BYTES)));
    let patient = upload(&state).layer((
        timeout(IMPORT_PATIENCE),
        DefaultBodyLimit::max(MAX_FILE_BYTES + FORM_BYTES),
    ));
    prompt
        .merge(patient)
        .merge(device_api::routes(&state, PATIENCE))
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), request_info))
                .layer(CompressionLayer::new())
                .layer(from_fn_with_state(state.clone(), security_headers))
                .layer(CatchPanicLayer::new()),
        )
        .with_state(state)
}

/// Pages and the forms on them, for whoever the session says.
fn people(state: &AppState) -> Router<AppState> {
    let forms = Router::new()
        .route("/sign-in", post(pages::sign_in))
        .route("/sign-out", post(pages::sign_out))
        .route(ACCOUNT_PASSWORD, post(pages::change_password))
        .route("/language", post(pages::language));
    let routes = generate_route_list(App);
    Router::new()
        .route("/actions/{*form}", post(pages::action))
        .route(AUDIT_EXPORT, get(pages::audit_export))
        .route(LOG_EXPORT, get(pages::log_export))
        .leptos_routes_with_handler(routes, get(pages::page))
        .fallback(pages::page)
        .merge(forms)
        .layer(from_fn_with_state(state.clone(), identify))
        .layer(sessions(state))
        .layer(from_fn(form_type))
        .layer(from_fn_with_state(state.clone(), origin))
        // The limit of extractors is not that of forms, which are read to their end.
        .layer(RequestBodyLimitLayer::new(BODY_BYTES))
}

/// The one form that carries a file.
fn upload(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/actions/import", post(pages::action))
        .layer(from_fn_with_state(state.clone(), identify))
        .layer(sessions(state))
        .layer(from_fn(form_type))
        .layer(from_fn_with_state(state.clone(), origin))
        .layer(RequestBodyLimitLayer::new(MAX_FILE_BYTES + FORM_BYTES))
}

/// Where sessions are kept.
pub fn session_store(state: &AppState) -> DatabaseSessions {
    DatabaseSessions::new(state.database.clone(), state.surroundings.clone(), state.session_idle)
}

fn sessions(state: &AppState) -> SessionManagerLayer<DatabaseSessions> {
    SessionManagerLayer::new(session_store(state))
        .with_name(if state.front.secure {
            "__Host-tillkeeper"
        } else {
            "tillkeeper"
        })
        .with_secure(state.front.secure)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(COOKIE_KEPT))
}

/// The built files. Their names hold hashes of what is in them, so that browsers may keep them for good.
fn site(state: &AppState) -> Router<AppState> {
    let folder = &state.front.site_dir;
    let package = ServeDir::new(folder.join("pkg"))
        .precompressed_br()
        .precompressed_gzip();
    let hashed = state.leptos.hash_files;
    let kept = if hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let cached = |value| SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static(value));
    let file = |name| {
        ServiceBuilder::new()
            .layer(cached("public, max-age=86400"))
            .service(ServeFile::new(folder.join(name)))
    };
    Router::new()
        .nest_service("/pkg", ServiceBuilder::new().layer(cached(kept)).service(package))
        .route_service("/favicon.svg", file("favicon.svg"))
        .route_service("/inventory-template.csv", file("inventory-template.csv"))
}
