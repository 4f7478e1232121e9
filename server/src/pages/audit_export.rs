//! `GET /audit/export.csv`: the audit log as a file, however long it is.

use super::csv_export::{PIECE, Piece, after, csv_file, instant};
use super::render::{page, rendering};
use crate::state::AppState;
use app::backend::audit::{AuditQuery, AuditRow};
use app::caller::Caller;
use app::flash::sign_in_address;
use app::pages::audit_asked;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use std::io;

/// The columns.
const COLUMNS: [&str; 15] = [
    "id",
    "occurred_at",
    "actor",
    "role",
    "merchant_no",
    "action",
    "target_kind",
    "target",
    "outcome",
    "reason",
    "before",
    "after",
    "address",
    "session",
    "request_id",
];

/// The entries that the page with the same query parameters shows, newest first and all of them; instants in UTC
/// (RFC 3339).
///
/// **Permissions:** [`app::caller::PlatformViewer`]; for anybody else there is no such page.
pub async fn audit_export(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let rendering = rendering(&state, &parts);
    let Some(caller) = parts.extensions.get::<Option<Caller>>().cloned().flatten() else {
        return Redirect::to(&sign_in_address(&rendering.path_and_query)).into_response();
    };
    if caller.platform_viewer().is_err() {
        return page(State(state), Request::from_parts(parts, body)).await;
    }
    let query = audit_asked(&rendering.query(), rendering.zone);
    csv_file("audit.csv", &COLUMNS, move |cursor| {
        let (state, caller) = (state.clone(), caller.clone());
        let query = AuditQuery {
            cursor,
            ..query.clone()
        };
        async move { piece(&state, &caller, &query).await }
    })
}

async fn piece(state: &AppState, caller: &Caller, query: &AuditQuery) -> io::Result<Piece> {
    let by = caller.platform_viewer().map_err(io::Error::other)?;
    let rows = state.services.audit.piece(by, query, PIECE).await;
    let rows = rows.map_err(io::Error::other)?;
    let next = after(rows.len(), rows.last().map(|row| row.id.0));
    Ok((rows.iter().map(|row| cells(row).to_vec()).collect(), next))
}

fn cells(row: &AuditRow) -> [String; 15] {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (kind, target) = row
        .target
        .clone()
        .map_or_else(Default::default, |(kind, target)| (kind.code().to_owned(), target));
    let values = |value: fn(&app::backend::audit::Change) -> &Option<String>| {
        let told = row.changes.iter();
        let told = told.filter_map(|change| Some(format!("{}={}", change.field, value(change).as_ref()?)));
        told.collect::<Vec<_>>().join("; ")
    };
    [
        row.id.to_string(),
        instant(row.occurred),
        row.actor.clone(),
        row.role.map(|role| role.code().to_owned()).unwrap_or_default(),
        row.merchant
            .as_ref()
            .map(|merchant| merchant.number.clone())
            .unwrap_or_default(),
        row.action.code().to_owned(),
        kind,
        target,
        row.outcome.code().to_owned(),
        text(&row.reason),
        values(|change| &change.before),
        values(|change| &change.after),
        text(&row.address),
        text(&row.session),
        row.request.clone(),
    ]
}
