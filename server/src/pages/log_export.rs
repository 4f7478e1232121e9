//! `GET /logs/export.csv` and `GET /logs/export.xlsx`: the device log as a file.

use super::csv_export::{PIECE, Piece, after, instant};
use super::export::Export;
use crate::state::AppState;
use app::backend::device_log::{LogQuery, LogRow};
use app::backend::page::{Cursor, Direction};
use app::caller::Caller;
use app::error::AppError;
use app::i18n::Locale;
use app::pages::{log_asked, log_headings, log_words};
use app::request::Rendering;
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

/// The entries that the page with the same query parameters shows, newest first and all of them; instants in UTC
/// (RFC 3339), what happened and why also in the reader's language. For any caller, within its scope.
#[derive(Clone)]
pub struct LogExport {
    state: AppState,
    caller: Caller,
    query: LogQuery,
    locale: Locale,
}

impl Export for LogExport {
    const FILE: &'static str = "device-log";
    const COLUMNS: &'static [(&'static str, u8)] = &COLUMNS;

    fn of(state: &AppState, caller: Caller, rendering: &Rendering) -> Result<Self, AppError> {
        Ok(Self {
            state: state.clone(),
            caller,
            query: log_asked(&rendering.query(), rendering.zone),
            locale: rendering.locale,
        })
    }

    fn headings(&self) -> Vec<&'static str> {
        log_headings(self.locale).to_vec()
    }

    async fn piece(self, cursor: Option<Cursor>) -> io::Result<Piece> {
        let query = LogQuery { cursor, ..self.query };
        let log = &self.state.services.device_log;
        let found = log.piece(&self.caller, &query, PIECE as u64).await;
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
