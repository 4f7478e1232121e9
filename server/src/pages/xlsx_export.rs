//! Lists as workbooks (ECMA-376), however long they are: rows go to a temporary file as they are read, and from there
//! compressed to whoever asked. A sheet that is full is followed by another.

use super::csv_export::Piece;
use app::backend::page::Cursor;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use rust_xlsxwriter::{Format, IgnoreError, Workbook, XlsxError};
use std::io::{self, BufWriter, Write};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

/// Rows of a sheet below its headings: as many as spreadsheets open.
const SHEET_ROWS: u32 = 1_048_575;

/// Characters of a cell: as many as spreadsheets open.
const CELL_CHARS: usize = 32_767;

/// Workbooks that are made at the same time; whoever asks for another one waits.
static PLACES: Semaphore = Semaphore::const_new(2);

/// Pieces that wait to be written, and chunks of the file that wait to be sent: the memory that an export takes.
const WAITING: usize = 4;

/// How long somebody may take to receive a chunk; after that the place is another's.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a chunk of the file.
const CHUNK: usize = 64 * 1024;

/// What a workbook is made of.
pub(super) struct Sheet {
    /// The name of the file without its ending.
    pub(super) file: &'static str,
    /// What the columns are called, and how wide they are in characters.
    pub(super) columns: Vec<(&'static str, u8)>,
    /// Rows of a sheet below its headings; as many as there can be, but in tests.
    pub(super) rows: u32,
}

impl Sheet {
    pub(super) fn new(file: &'static str, columns: Vec<(&'static str, u8)>) -> Self {
        Self {
            file,
            columns,
            rows: SHEET_ROWS,
        }
    }
}

/// A workbook. `piece` reads the rows from a cursor on. Every cell is text, so that a serial number keeps its zeros and none
/// runs as a formula.
pub(super) fn xlsx_file<Read, Work>(sheet: Sheet, piece: Read) -> Response
where
    Read: Fn(Option<Cursor>) -> Work + Send + Sync + 'static,
    Work: Future<Output = io::Result<Piece>> + Send,
{
    let file = sheet.file;
    let (chunks, sent) = mpsc::channel::<io::Result<Bytes>>(WAITING);
    tokio::spawn(async move {
        if let Err(error) = make(sheet, piece, chunks.clone()).await {
            tracing::warn!(%error, file, "an export ended early");
            // Nobody may be listening any more.
            let _ = chunks.send(Err(error)).await;
        }
    });
    let body = stream::unfold(sent, |mut sent| async move { Some((sent.recv().await?, sent)) });
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{file}.xlsx\""));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ),
        (
            header::CONTENT_DISPOSITION,
            disposition.unwrap_or_else(|_| HeaderValue::from_static("attachment")),
        ),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// Reads the rows, writes them, and sends the file. Ends early when nobody waits for it.
async fn make<Read, Work>(sheet: Sheet, piece: Read, chunks: mpsc::Sender<io::Result<Bytes>>) -> io::Result<()>
where
    Read: Fn(Option<Cursor>) -> Work + Send + Sync + 'static,
    Work: Future<Output = io::Result<Piece>> + Send,
{
    let _place = PLACES.acquire().await.map_err(io::Error::other)?;
    let (rows, pieces) = mpsc::channel::<Vec<Vec<String>>>(WAITING);
    let out = chunks.clone();
    let writing = tokio::task::spawn_blocking(move || write(sheet, pieces, out));
    let mut cursor = None;
    loop {
        let (found, next) = piece(cursor).await?;
        // The writer has ended: its own error says why.
        if chunks.is_closed() || rows.send(found).await.is_err() {
            break;
        }
        cursor = next;
        if cursor.is_none() {
            drop(rows);
            return writing.await.map_err(io::Error::other)?;
        }
    }
    drop(rows);
    writing.await.map_err(io::Error::other)?
}

/// Writes the rows into a workbook and the workbook into chunks.
fn write(
    sheet: Sheet,
    mut pieces: mpsc::Receiver<Vec<Vec<String>>>,
    chunks: mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut workbook = Workbook::new();
    let mut written = sheet.rows;
    let mut any = false;
    while let Some(rows) = pieces.blocking_recv() {
        for row in rows {
            if written == sheet.rows {
                begin(&mut workbook, &sheet).map_err(io::Error::other)?;
                (written, any) = (0, true);
            }
            written += 1;
            put(&mut workbook, written, row).map_err(io::Error::other)?;
        }
    }
    if chunks.is_closed() {
        return Ok(());
    }
    if !any {
        begin(&mut workbook, &sheet).map_err(io::Error::other)?;
    }
    let mut out = BufWriter::with_capacity(
        CHUNK,
        Chunks {
            to: chunks,
            runtime: Handle::current(),
        },
    );
    workbook.save_to_writer(&mut out).map_err(io::Error::other)?;
    out.flush()
}

/// Begins a sheet with its headings, which stay in view.
fn begin(workbook: &mut Workbook, sheet: &Sheet) -> Result<(), XlsxError> {
    let last = u16::try_from(sheet.columns.len().saturating_sub(1)).unwrap_or_default();
    let bold = Format::new().set_bold();
    let worksheet = workbook.add_worksheet_with_constant_memory()?;
    worksheet.set_freeze_panes(1, 0)?;
    worksheet.ignore_error_range(1, 0, SHEET_ROWS, last, IgnoreError::NumberStoredAsText)?;
    for (column, (_, width)) in (0u16..).zip(&sheet.columns) {
        worksheet.set_column_width(column, *width)?;
    }
    for (column, (heading, _)) in (0u16..).zip(&sheet.columns) {
        worksheet.write_string_with_format(0, column, *heading, &bold)?;
    }
    Ok(())
}

fn put(workbook: &mut Workbook, at: u32, row: Vec<String>) -> Result<(), XlsxError> {
    let last = workbook.worksheets().len().saturating_sub(1);
    let worksheet = workbook.worksheet_from_index(last)?;
    for (column, cell) in (0u16..).zip(row) {
        if !cell.is_empty() {
            let cell = if cell.len() > CELL_CHARS {
                cell.chars().take(CELL_CHARS).collect()
            } else {
                cell
            };
            worksheet.write_string(at, column, cell)?;
        }
    }
    Ok(())
}

/// Sends what is written to it, and fails once nobody waits for it.
struct Chunks {
    to: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let chunk = Ok(Bytes::copy_from_slice(bytes));
        let sent = self
            .runtime
            .block_on(async { timeout(PATIENCE, self.to.send(chunk)).await });
        match sent {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => return Err(io::ErrorKind::TimedOut.into()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::backend::page::Direction;
    use axum::body::to_bytes;
    use calamine::{Data, Reader, Xlsx};
    use std::io::Cursor as Bytes;
    use uuid::Uuid;

    /// Pieces of `rows` rows each, as many as asked for.
    async fn workbook(rows: u32, pieces: u128, per_sheet: u32) -> Xlsx<Bytes<Vec<u8>>> {
        let sheet = Sheet {
            rows: per_sheet,
            ..Sheet::new("x", vec![("SN", 20), ("what", 40)])
        };
        let response = xlsx_file(sheet, move |cursor: Option<Cursor>| async move {
            let done = cursor.map_or(0, |cursor| cursor.id.as_u128());
            let found = (0..rows).map(|n| {
                vec![
                    format!("{:08}", done * u128::from(rows) + u128::from(n)),
                    "=1+1".to_owned(),
                ]
            });
            let next = (done + 1 < pieces).then(|| Cursor {
                direction: Direction::After,
                key: String::new(),
                id: Uuid::from_u128(done + 1),
            });
            Ok((found.collect(), next))
        });
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Xlsx::new(Bytes::new(body.to_vec())).unwrap()
    }

    #[tokio::test]
    async fn every_cell_is_text_and_sheets_follow_one_another() {
        let mut book = workbook(100, 7, 300).await;
        let sheets = book.worksheets();
        assert_eq!(
            sheets.iter().map(|(_, range)| range.height()).collect::<Vec<_>>(),
            [301, 301, 101]
        );
        let all: Vec<_> = sheets.iter().flat_map(|(_, range)| range.rows().skip(1)).collect();
        for (n, row) in all.iter().enumerate() {
            assert_eq!(row[0], Data::String(format!("{n:08}")));
            assert_eq!(row[1], Data::String("=1+1".to_owned()));
        }
        assert!(
            book.worksheet_formula("Sheet1")
                .is_ok_and(|formulas| formulas.is_empty())
        );
    }

    #[tokio::test]
    async fn a_list_without_rows_has_its_headings() {
        let mut book = workbook(0, 1, 300).await;
        let (_, range) = &book.worksheets()[0];
        assert_eq!(range.rows().next().unwrap()[0], Data::String("SN".to_owned()));
        assert_eq!(range.height(), 1);
    }

    #[tokio::test]
    async fn what_breaks_ends_the_file() {
        let sheet = Sheet::new("x", vec![("SN", 20)]);
        let response = xlsx_file(sheet, |_| async { Err(io::Error::other("no database")) });
        assert!(to_bytes(response.into_body(), usize::MAX).await.is_err());
    }
}
