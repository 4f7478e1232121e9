//! Which request goes where, and what it meets on the way.

use crate::middleware::error_pages::error_pages;
use crate::middleware::form_type::form_type;
use crate::middleware::identify::identify;
use crate::middleware::origin::origin;
use crate::middleware::request_info::request_info;
use crate::middleware::security_headers::security_headers;
use crate::session_store::DatabaseSessions;
use crate::state::AppState;
use crate::{device_api, health, pages};
use app::backend::imports::MAX_FILE_BYTES;
use app::pages::{ACCOUNT_PASSWORD, App, IMPORT_REJECTS, register_actions};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use leptos_axum::{LeptosRoutes, generate_route_list};
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
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

/// How hard answers are compressed: with brotli a tenth smaller than one step below, and as quick.
const QUALITY: CompressionLevel = CompressionLevel::Precise(5);

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long sending a file may take: the largest one at 2 Mbit/s.
const IMPORT_PATIENCE: Duration = Duration::from_secs(20 * 60);

/// How long a browser keeps the cookie of a session; the session itself may end long before.
const COOKIE_KEPT: time::Duration = time::Duration::days(30);

/// Everything that Tillkeeper answers.
pub fn router(state: AppState) -> Router {
    register_actions();
    let timeout = |patience| TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, patience);
    let prompt = Router::new()
        .merge(routes(probes()))
        .merge(site(&state))
        .merge(people(&state))
        .layer((timeout(PATIENCE), DefaultBodyLimit::max(BODY_BYTES)));
    let patient = upload(&state).layer((
        timeout(IMPORT_PATIENCE),
        DefaultBodyLimit::max(MAX_FILE_BYTES + FORM_BYTES),
    ));
    surrounded(prompt.merge(patient), device_api::routes(&state, PATIENCE), state)
}

/// Routes with what is around every one of them, the request's id and headers; and around those of browsers a page for what
/// has none, also after a panic.
pub fn surrounded(browsers: Router<AppState>, programs: Router<AppState>, state: AppState) -> Router {
    let secure = state.front.secure;
    browsers
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state(state.clone(), error_pages))
        .merge(programs)
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), request_info))
                .layer(CompressionLayer::new().quality(QUALITY).compress_when(compressible()))
                .map_response(move |response| security_headers(response, secure)),
        )
        .with_state(state)
}

/// What is worth compressing: what is not small, and not compressed already.
fn compressible() -> impl Predicate {
    let workbook = NotForContentType::const_new("application/vnd.openxmlformats");
    DefaultPredicate::new().and(workbook)
}

/// Routes with their paths.
type Routes<const N: usize> = [(&'static str, MethodRouter<AppState>); N];

/// What is asked of the server itself, with GET.
fn probes() -> Routes<2> {
    [("/healthz", get(health::healthz)), ("/readyz", get(health::readyz))]
}

/// The forms that touch the session, with POST; those of pages are server functions.
fn forms() -> Routes<6> {
    [
        (ACCOUNT_PASSWORD, post(pages::change_password)),
        ("/sign-in", post(pages::sign_in)),
        ("/sign-in/code", post(pages::sign_in_code)),
        ("/sign-out", post(pages::sign_out)),
        ("/language", post(pages::language)),
        ("/preferences", post(pages::preferences)),
    ]
}

/// What is made to be kept as a file, with GET.
fn files() -> Routes<11> {
    use pages::{AuditExport, LogExport, MerchantsExport, TerminalsExport, csv, workbook};
    [
        (IMPORT_REJECTS, get(pages::import_rejects)),
        ("/audit/export.csv", get(csv::<AuditExport>)),
        ("/audit/export.xlsx", get(workbook::<AuditExport>)),
        ("/devices/export.csv", get(csv::<TerminalsExport>)),
        ("/devices/export.xlsx", get(workbook::<TerminalsExport>)),
        ("/logs/export.csv", get(csv::<LogExport>)),
        ("/logs/export.xlsx", get(workbook::<LogExport>)),
        ("/merchants/export.csv", get(csv::<MerchantsExport>)),
        ("/merchants/export.xlsx", get(workbook::<MerchantsExport>)),
        ("/terminals/export.csv", get(csv::<TerminalsExport>)),
        ("/terminals/export.xlsx", get(workbook::<TerminalsExport>)),
    ]
}

fn routes<const N: usize>(routes: Routes<N>) -> Router<AppState> {
    let add = |router: Router<AppState>, (path, route)| router.route(path, route);
    routes.into_iter().fold(Router::new(), add)
}

/// Method and path of what is answered besides pages, their server functions, the endpoints of the device API and files.
pub fn others() -> Vec<(&'static str, &'static str)> {
    let probes = probes().map(|(path, _)| ("GET", path));
    let forms = forms().map(|(path, _)| ("POST", path));
    let api = [("GET", "/api/v1/openapi.json"), ("GET", "/api/docs")];
    let files = files().map(|(path, _)| ("GET", path));
    probes.into_iter().chain(forms).chain(files).chain(api).collect()
}

/// Pages and the forms on them, for whoever the session says.
fn people(state: &AppState) -> Router<AppState> {
    let listed = generate_route_list(App);
    Router::new()
        .route("/actions/{*form}", post(pages::action))
        .leptos_routes_with_handler(listed, get(pages::page))
        .fallback(pages::page)
        .merge(routes(forms()))
        .merge(routes(files()))
        .layer(from_fn_with_state(state.clone(), identify))
        .layer(sessions(state))
        .layer(from_fn(form_type))
        .layer(from_fn_with_state(state.clone(), origin))
        // The limit of extractors is not that of forms, which are read to their end.
        .layer(RequestBodyLimitLayer::new(BODY_BYTES))
}

/// The one form that carries a file, which is kept piece by piece as it comes.
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
