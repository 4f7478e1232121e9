//! `GET /logs/export.csv` and `GET /logs/export.xlsx`: the device log as a file, however long it is.

use super::csv_export::{PIECE, Piece, after, csv_file, instant};
use super::render::rendering;
use super::xlsx_export::{Sheet, xlsx_file};
use crate::state::AppState;
use app::backend::device_log::{LogQuery, LogRow};
use app::backend::page::{Cursor, Direction};
use app::caller::Caller;
use app::flash::sign_in_address;
use app::i18n::Locale;
use app::pages::{log_asked, log_headings, log_words};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use std::io;

/// The columns, and how wide they are in a workbook.
const COLUMNS: [(&str, u8); 21] = [
    ("id", 38),
    ("received_at", 26),
    ("sn_sent", 22),
    ("terminal_sn", 22),
    ("terminal_name", 24),
    ("merchant_no", 18),
    ("kind", 24),
    ("event", 18),
    ("outcome", 10),
    ("reason", 20),
    ("explanation", 24),
    ("actor_kind", 10),
    ("actor", 18),
    ("address", 18),
    ("turned_away", 12),
    ("occurred_at", 26),
    ("store", 20),
    ("sentence", 60),
    ("correlation_id", 38),
    ("sequence", 10),
    ("detail", 40),
];

/// Their names alone.
const NAMES: [&str; 21] = {
    let mut names = [""; 21];
    let mut at = 0;
    while at < names.len() {
        names[at] = COLUMNS[at].0;
        at += 1;
    }
    names
};

/// The entries that the page with the same query parameters shows, newest first and all of them; instants in UTC
/// (RFC 3339), what happened and why also in the reader's language.
///
/// **Permissions:** any caller, within its scope.
pub async fn log_export(State(state): State<AppState>, request: Request) -> Response {
    match asked(&state, request) {
        Err(answer) => answer,
        Ok(asked) => csv_file("device-log.csv", &NAMES, move |cursor| asked.clone().piece(cursor)),
    }
}

/// The same as a workbook with headings in the reader's language.
///
/// **Permissions:** any caller, within its scope.
pub async fn log_workbook(State(state): State<AppState>, request: Request) -> Response {
    match asked(&state, request) {
        Err(answer) => answer,
        Ok(asked) => {
            let headings = log_headings(asked.locale);
            let columns = headings.into_iter().zip(COLUMNS.map(|(_, width)| width)).collect();
            let sheet = Sheet::new("device-log.xlsx", columns);
            xlsx_file(sheet, move |cursor| asked.clone().piece(cursor))
        }
    }
}

/// What is exported, for whom.
#[derive(Clone)]
struct Asked {
    state: AppState,
    caller: Caller,
    query: LogQuery,
    locale: Locale,
}

/// What a request asks for; the way to sign in when nobody is.
#[expect(clippy::result_large_err, reason = "the answer is sent at once")]
fn asked(state: &AppState, request: Request) -> Result<Asked, Response> {
    let (parts, _) = request.into_parts();
    let rendering = rendering(state, &parts);
    let Some(caller) = parts.extensions.get::<Option<Caller>>().cloned().flatten() else {
        return Err(Redirect::to(&sign_in_address(&rendering.path_and_query)).into_response());
    };
    Ok(Asked {
        state: state.clone(),
        caller,
        query: log_asked(&rendering.query(), rendering.zone),
        locale: rendering.locale,
    })
}

impl Asked {
    /// The rows from a cursor on. A piece may have none although more follow.
    async fn piece(self, cursor: Option<Cursor>) -> io::Result<Piece> {
        let query = LogQuery { cursor, ..self.query };
        let found = self.state.services.device_log.piece(&self.caller, &query, PIECE).await;
        let found = found.map_err(io::Error::other)?;
        let next = match found.reached {
            Some(reached) => Some(Cursor {
                direction: Direction::After,
                key: String::new(),
                id: reached.0,
            }),
            None => after(found.rows.len(), found.rows.last().map(|row| row.id.0)),
        };
        let rows = found.rows.into_iter().map(|row| cells(self.locale, row)).collect();
        Ok((rows, next))
    }
}

fn cells(locale: Locale, row: LogRow) -> Vec<String> {
    let words = log_words(locale, &row);
    let detail = row.detail.iter().map(|(place, value)| format!("{place}={value}"));
    vec![
        row.id.0.to_string(),
        instant(row.received),
        row.sn_sent.unwrap_or_default(),
        row.terminal_sn.unwrap_or_default(),
        row.terminal_name.unwrap_or_default(),
        row.merchant.map(|merchant| merchant.number).unwrap_or_default(),
        row.kind.code().to_owned(),
        words.event.to_owned(),
        row.outcome.code().to_owned(),
        row.reason.map(|told| told.code().to_owned()).unwrap_or_default(),
        words.explanation.to_owned(),
        row.actor.code().to_owned(),
        row.actor_label.unwrap_or_default(),
        row.address.unwrap_or_default(),
        row.turned_away.map(|count| count.to_string()).unwrap_or_default(),
        instant(row.occurred),
        row.store.unwrap_or_default(),
        words.sentence,
        row.correlation,
        row.sequence.to_string(),
        detail.collect::<Vec<_>>().join("; "),
    ]
}
