//! Lists as CSV, however long they are: read and written piece by piece.

use crate::csv_cell::safe;
use app::backend::page::{Cursor, Direction};
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat};
use futures_util::stream;
use std::io;
use uuid::Uuid;

/// Rows read at a time: the memory that an export takes, whatever the length of the list.
pub(super) const PIECE: usize = 1000;

/// Rows of a piece, and where the next one begins; `None` after the last.
pub(super) type Piece = (Vec<Vec<String>>, Option<Cursor>);

/// A file `name`.csv (RFC 4180) in UTF-8 with a byte-order mark, so that spreadsheets show Chinese rightly. `piece`
/// reads the rows from a cursor on; no cell of them runs as a formula.
pub(super) fn csv_file<Read, Work>(name: &'static str, columns: Vec<&'static str>, piece: Read) -> Response
where
    Read: Fn(Option<Cursor>) -> Work + Clone + Send + Sync + 'static,
    Work: Future<Output = io::Result<Piece>> + Send,
{
    // `None` is the end; `Some(None)` the beginning.
    let pieces = stream::try_unfold(Some(None), move |at: Option<Option<Cursor>>| {
        let (piece, columns) = (piece.clone(), columns.clone());
        async move {
            let Some(cursor) = at else { return Ok(None) };
            let headings = cursor.is_none().then_some(columns);
            let (rows, next) = piece(cursor).await?;
            Ok::<_, io::Error>(Some((written(headings.as_deref(), &rows)?, next.map(Some))))
        }
    });
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}.csv\""));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment")),
        ),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}

fn written(headings: Option<&[&str]>, rows: &[Vec<String>]) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    if headings.is_some() {
        text.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut csv = csv::Writer::from_writer(text);
    if let Some(headings) = headings {
        csv.write_record(headings)?;
    }
    for row in rows {
        csv.write_record(row.iter().map(|cell| safe(cell)))?;
    }
    csv.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

/// Where the piece after `rows` rows begins, the last of which has the key `last`; a piece that is not full is the end.
pub(super) fn after(rows: usize, last: Option<Uuid>) -> Option<Cursor> {
    let id = last.filter(|_| rows == PIECE)?;
    Some(Cursor {
        direction: Direction::After,
        key: String::new(),
        id,
    })
}

/// An instant in UTC (RFC 3339).
pub(super) fn instant(at: app::domain::Timestamp) -> String {
    DateTime::from_timestamp_millis(at.0)
        .map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
        .unwrap_or_default()
}
