//! `GET /audit/export.csv`: the audit log as a file, however long it is.

use super::render::{page, rendering};
use crate::csv_cell::safe;
use crate::state::AppState;
use app::backend::audit::{AuditQuery, AuditRow};
use app::backend::page::{Cursor, Direction};
use app::caller::Caller;
use app::error::AppError;
use app::flash::sign_in_address;
use app::pages::audit_asked;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, SecondsFormat};
use futures_util::stream;
use std::io;

/// Entries read at a time: the memory that an export takes, whatever the length of the log.
const PIECE: u64 = 1000;

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

/// The entries that the page with the same query parameters shows, newest first and all of them: CSV (RFC 4180) in UTF-8
/// with a byte-order mark, so that spreadsheets show Chinese rightly, instants in UTC (RFC 3339).
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
    let query = AuditQuery {
        cursor: None,
        ..audit_asked(&rendering.query())
    };
    let pieces = stream::try_unfold(Some(query), move |query| {
        let (state, caller) = (state.clone(), caller.clone());
        async move {
            match query {
                Some(query) => next(&state, &caller, query).await.map(Some),
                None => Ok(None),
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

/// The next piece, and what to ask for after it.
async fn next(state: &AppState, caller: &Caller, query: AuditQuery) -> io::Result<(Vec<u8>, Option<AuditQuery>)> {
    let broken = |error: AppError| io::Error::other(error);
    let by = caller.platform_viewer().map_err(broken)?;
    let rows = state.services.audit.piece(by, &query, PIECE).await.map_err(broken)?;
    let mut text = Vec::new();
    if query.cursor.is_none() {
        text.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut csv = csv::Writer::from_writer(text);
    if query.cursor.is_none() {
        csv.write_record(COLUMNS)?;
    }
    for row in &rows {
        csv.write_record(cells(row).map(|cell| safe(&cell)))?;
    }
    let text = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    let last = rows.last().filter(|_| rows.len() as u64 == PIECE);
    let after = last.map(|last| AuditQuery {
        cursor: Some(Cursor {
            direction: Direction::After,
            key: String::new(),
            id: last.id.0,
        }),
        ..query
    });
    Ok((text, after))
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
        DateTime::from_timestamp_millis(row.occurred.0)
            .map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
            .unwrap_or_default(),
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
