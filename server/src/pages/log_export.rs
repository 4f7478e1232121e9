//! `GET /logs/export.csv`: the device log as a file, however long it is.

use super::csv_export::{PIECE, Piece, after, csv_file, instant};
use super::render::rendering;
use crate::state::AppState;
use app::backend::device_log::{LogQuery, LogRow};
use app::caller::Caller;
use app::flash::sign_in_address;
use app::i18n::Locale;
use app::pages::{log_asked, log_words};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use std::io;

/// The columns.
const COLUMNS: [&str; 15] = [
    "id",
    "received_at",
    "sn_sent",
    "terminal_sn",
    "terminal_name",
    "merchant_no",
    "kind",
    "event",
    "outcome",
    "reason",
    "explanation",
    "actor_kind",
    "actor",
    "address",
    "turned_away",
];

/// The entries that the page with the same query parameters shows, newest first and all of them; instants in UTC
/// (RFC 3339), what happened and why also in the reader's language.
///
/// **Permissions:** any caller, within its scope.
pub async fn log_export(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let rendering = rendering(&state, &parts);
    let Some(caller) = parts.extensions.get::<Option<Caller>>().cloned().flatten() else {
        return Redirect::to(&sign_in_address(&rendering.path_and_query)).into_response();
    };
    let (query, locale) = (log_asked(&rendering.query()), rendering.locale);
    csv_file("device-log.csv", &COLUMNS, move |cursor| {
        let (state, caller) = (state.clone(), caller.clone());
        let query = LogQuery {
            cursor,
            ..query.clone()
        };
        async move { piece(&state, &caller, &query, locale).await }
    })
}

async fn piece(state: &AppState, caller: &Caller, query: &LogQuery, locale: Locale) -> io::Result<Piece> {
    let rows = state.services.device_log.piece(caller, query, PIECE).await;
    let rows = rows.map_err(io::Error::other)?;
    let next = after(rows.len(), rows.last().map(|row| row.id.0));
    Ok((rows.into_iter().map(|row| cells(locale, row)).collect(), next))
}

fn cells(locale: Locale, row: LogRow) -> Vec<String> {
    let (event, explanation) = log_words(locale, &row);
    vec![
        row.id.0.to_string(),
        instant(row.received),
        row.sn_sent.unwrap_or_default(),
        row.terminal_sn.unwrap_or_default(),
        row.terminal_name.unwrap_or_default(),
        row.merchant.map(|merchant| merchant.number).unwrap_or_default(),
        row.kind.code().to_owned(),
        event.to_owned(),
        row.outcome.code().to_owned(),
        row.reason.map(|told| told.code().to_owned()).unwrap_or_default(),
        explanation.to_owned(),
        row.actor.code().to_owned(),
        row.actor_label.unwrap_or_default(),
        row.address.unwrap_or_default(),
        row.turned_away.map(|count| count.to_string()).unwrap_or_default(),
    ]
}
