//! `GET /devices/export.csv`, `/devices/export.xlsx`, `/terminals/export.csv` and `/terminals/export.xlsx`: the list of
//! terminals as a file.

use super::csv_export::{PIECE, Piece, instant};
use super::export::Export;
use crate::services::verdicts::Exported;
use crate::state::AppState;
use app::backend::page::Cursor;
use app::backend::terminals::TerminalQuery;
use app::caller::Caller;
use app::error::AppError;
use app::i18n::Locale;
use app::pages::{TERMINALS, terminal_headings, terminal_words, terminals_asked};
use app::request::Rendering;
use std::io;

/// The columns, and how wide they are in a workbook. Those that an import knows have the names that it knows them by.
const COLUMNS: [(&str, u8); 17] = [
    ("sn", 22),
    ("manufacturer", 14),
    ("model", 14),
    ("name", 28),
    ("merchant_no", 18),
    ("merchant_name", 24),
    ("store", 20),
    ("state", 12),
    ("state_text", 12),
    ("verdict", 10),
    ("reason", 20),
    ("verdict_text", 26),
    ("last_seen_at", 26),
    ("registered_at", 26),
    ("firmware", 14),
    ("app_version", 14),
    ("note", 30),
];

/// The terminals that the page with the same query parameters shows, in its order and all of them; instants in UTC
/// (RFC 3339), state and verdict also in the reader's language. What changes while a long list is read may be read as it
/// was or as it is. For any caller, within its scope; under `/terminals` for [`app::caller::PlatformViewer`].
#[derive(Clone)]
pub struct TerminalsExport {
    state: AppState,
    caller: Caller,
    query: TerminalQuery,
    locale: Locale,
}

impl Export for TerminalsExport {
    const FILE: &'static str = "terminals";
    const COLUMNS: &'static [(&'static str, u8)] = &COLUMNS;

    fn of(state: &AppState, caller: Caller, rendering: &Rendering) -> Result<Self, AppError> {
        if rendering.path().starts_with(TERMINALS) {
            caller.platform_viewer()?;
        }
        Ok(Self {
            state: state.clone(),
            caller,
            query: terminals_asked(&rendering.query(), rendering.zone),
            locale: rendering.locale,
        })
    }

    fn headings(&self) -> Vec<&'static str> {
        terminal_headings(self.locale).to_vec()
    }

    async fn piece(self, cursor: Option<Cursor>) -> io::Result<Piece> {
        let query = TerminalQuery { cursor, ..self.query };
        let page = self.state.services.verdicts.piece(&self.caller, &query, PIECE).await;
        let page = page.map_err(io::Error::other)?;
        let rows = page.rows.into_iter().map(|row| cells(self.locale, row)).collect();
        Ok((rows, page.next))
    }
}

fn cells(locale: Locale, exported: Exported) -> Vec<String> {
    let words = terminal_words(locale, &exported.judged);
    let (row, rest) = (exported.judged.row, exported.particulars);
    let (merchant_no, merchant_name) = row.merchant.map(|it| (it.number, it.name)).unwrap_or_default();
    vec![
        row.sn_printed,
        row.manufacturer.to_string(),
        row.model,
        row.name,
        merchant_no,
        merchant_name,
        row.store.unwrap_or_default(),
        row.lifecycle.code().to_owned(),
        words.state.to_owned(),
        words.verdict.to_owned(),
        words.reason.to_owned(),
        words.sentence.to_owned(),
        row.last_seen.map(instant).unwrap_or_default(),
        rest.registered.map(instant).unwrap_or_default(),
        rest.firmware.unwrap_or_default(),
        rest.app_version.unwrap_or_default(),
        rest.note.unwrap_or_default(),
    ]
}
