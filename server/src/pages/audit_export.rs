//! `GET /audit/export.csv` and `GET /audit/export.xlsx`: the audit log as a file.

use super::csv_export::{PIECE, Piece, after, instant};
use super::export::Export;
use crate::state::AppState;
use app::backend::audit::{AuditQuery, AuditRow, Change};
use app::backend::page::Cursor;
use app::caller::Caller;
use app::error::AppError;
use app::i18n::Locale;
use app::pages::{audit_asked, audit_headings, audit_words};
use app::request::Rendering;
use std::io;

/// The columns, and how wide they are in a workbook.
const COLUMNS: [(&str, u8); 16] = [
    ("id", 38),
    ("occurred_at", 26),
    ("actor", 18),
    ("role", 16),
    ("merchant_no", 18),
    ("action", 24),
    ("target_kind", 14),
    ("target", 24),
    ("outcome", 10),
    ("reason", 20),
    ("before", 40),
    ("after", 40),
    ("address", 18),
    ("session", 18),
    ("request_id", 38),
    ("action_text", 30),
];

/// The entries that the page with the same query parameters shows, newest first and all of them; instants in UTC
/// (RFC 3339), what was done also in the reader's language. For [`app::caller::PlatformViewer`].
#[derive(Clone)]
pub struct AuditExport {
    state: AppState,
    caller: Caller,
    query: AuditQuery,
    locale: Locale,
}

impl Export for AuditExport {
    const FILE: &'static str = "audit";
    const COLUMNS: &'static [(&'static str, u8)] = &COLUMNS;

    fn of(state: &AppState, caller: Caller, rendering: &Rendering) -> Result<Self, AppError> {
        caller.platform_viewer()?;
        Ok(Self {
            state: state.clone(),
            caller,
            query: audit_asked(&rendering.query(), rendering.zone),
            locale: rendering.locale,
        })
    }

    fn headings(&self) -> Vec<&'static str> {
        audit_headings(self.locale).to_vec()
    }

    async fn piece(self, cursor: Option<Cursor>) -> io::Result<Piece> {
        let by = self.caller.platform_viewer().map_err(io::Error::other)?;
        let query = AuditQuery { cursor, ..self.query };
        let rows = self.state.services.audit.piece(by, &query, PIECE as u64).await;
        let rows = rows.map_err(io::Error::other)?;
        let next = after(rows.len(), rows.last().map(|row| row.id.0));
        Ok((rows.iter().map(|row| cells(self.locale, row)).collect(), next))
    }
}

fn cells(locale: Locale, row: &AuditRow) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (kind, target) = row
        .target
        .clone()
        .map_or_else(Default::default, |(kind, target)| (kind.code().to_owned(), target));
    let values = |value: fn(&Change) -> &Option<String>| {
        let told = row.changes.iter();
        let told = told.filter_map(|change| Some(format!("{}={}", change.field, value(change).as_ref()?)));
        told.collect::<Vec<_>>().join("; ")
    };
    vec![
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
        audit_words(locale, row).to_owned(),
    ]
}
