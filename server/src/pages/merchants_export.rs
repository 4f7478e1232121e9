//! `GET /merchants/export.csv` and `GET /merchants/export.xlsx`: the merchants as a file.

use super::csv_export::{PIECE, Piece, instant};
use super::export::Export;
use crate::state::AppState;
use app::backend::merchants::{MerchantQuery, MerchantRow};
use app::backend::page::Cursor;
use app::caller::Caller;
use app::error::AppError;
use app::i18n::Locale;
use app::pages::{merchant_headings, merchant_words, merchants_asked};
use app::request::Rendering;
use std::io;

/// The columns, and how wide they are in a workbook.
const COLUMNS: [(&str, u8); 7] = [
    ("merchant_no", 20),
    ("name", 30),
    ("state", 12),
    ("state_text", 12),
    ("state_since", 26),
    ("used", 12),
    ("quota", 12),
];

/// The merchants that the page with the same query parameters shows, by number and all of them; instants in UTC
/// (RFC 3339). For [`app::caller::PlatformViewer`].
#[derive(Clone)]
pub struct MerchantsExport {
    state: AppState,
    caller: Caller,
    query: MerchantQuery,
    locale: Locale,
}

impl Export for MerchantsExport {
    const FILE: &'static str = "merchants";
    const COLUMNS: &'static [(&'static str, u8)] = &COLUMNS;

    fn of(state: &AppState, caller: Caller, rendering: &Rendering) -> Result<Self, AppError> {
        caller.platform_viewer()?;
        Ok(Self {
            state: state.clone(),
            caller,
            query: merchants_asked(&rendering.query()),
            locale: rendering.locale,
        })
    }

    fn headings(&self) -> Vec<&'static str> {
        merchant_headings(self.locale).to_vec()
    }

    async fn piece(self, cursor: Option<Cursor>) -> io::Result<Piece> {
        let by = self.caller.platform_viewer().map_err(io::Error::other)?;
        let query = MerchantQuery { cursor, ..self.query };
        let page = self.state.services.merchants.piece(by, &query, PIECE).await;
        let page = page.map_err(io::Error::other)?;
        let rows = page.rows.into_iter().map(|row| cells(self.locale, row)).collect();
        Ok((rows, page.next))
    }
}

fn cells(locale: Locale, row: MerchantRow) -> Vec<String> {
    vec![
        row.number.to_string(),
        row.name,
        row.state.code().to_owned(),
        merchant_words(locale, row.state).to_owned(),
        instant(row.state_since),
        row.used.to_string(),
        row.quota.to_string(),
    ]
}
