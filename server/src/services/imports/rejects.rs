//! The rows that were refused, kept as they stand in the file, and given back as such a file with what is wrong.

use super::layout::Layout;
use super::plan::Rejected;
use super::source::Kind;
use super::stored::{self, Of};
use crate::csv_cell::safe;
use crate::services::failure::{Failure, unreadable};
use app::backend::imports::RowFault;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use rust_xlsxwriter::Workbook;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

/// Heading and fault of each error of a row, as it is kept in the first cell before the row's own.
type Faults = Vec<(Option<String>, String)>;

fn written(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(format!("refused rows: {error}"))
}

/// Keeps refused rows as the piece at `place`.
pub(super) async fn keep(
    connection: &impl ConnectionTrait,
    batch: Uuid,
    place: i64,
    rows: &[Rejected],
) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for row in rows {
        let faults: Faults = row
            .errors
            .iter()
            .map(|error| (error.column.clone(), error.fault.code().to_owned()))
            .collect();
        let faults = serde_json::to_string(&faults).map_err(written)?;
        let cells = row.cells.iter().map(String::as_str);
        csv.write_record(std::iter::once(faults.as_str()).chain(cells))
            .map_err(written)?;
    }
    let bytes = csv.into_inner().map_err(written)?;
    stored::put(connection, batch, Of::Rejects, place, bytes).await?;
    Ok(())
}

/// A fault of a row, with the heading of its column.
type Fault = (Option<String>, RowFault);

/// A refused row as it was kept.
struct Kept {
    cells: Vec<String>,
    faults: Vec<Fault>,
}

/// The refused rows of a piece.
fn rows_of(bytes: &[u8]) -> Result<Vec<Kept>, Failure> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let rows = reader.records().map(|record| {
        let record = record.map_err(written)?;
        let mut cells = record.iter();
        let faults: Faults =
            serde_json::from_str(cells.next().unwrap_or_default()).map_err(|_| unreadable("refused row"))?;
        let faults = faults
            .into_iter()
            .map(|(column, code)| Ok((column, code.parse().map_err(|_| unreadable("row fault"))?)))
            .collect::<Result<_, Failure>>()?;
        Ok(Kept {
            cells: cells.map(str::to_owned).collect(),
            faults,
        })
    });
    rows.collect()
}

/// The refused rows of a file, piece by piece, in the file's own form.
pub struct RejectsFile {
    batch: Uuid,
    layout: Layout,
    file_name: String,
    next: i64,
    begun: bool,
}

/// What the column with the errors says: its heading, and the words for what is wrong with a row.
pub struct ErrorWords {
    /// Its heading.
    pub heading: String,
    /// Words for the faults of a row.
    pub row: fn(&[Fault]) -> String,
}

impl RejectsFile {
    pub(super) fn new(batch: Uuid, layout: Layout, file_name: &str) -> Self {
        let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
        let ending = if layout.kind == Kind::Xlsx { "xlsx" } else { "csv" };
        Self {
            batch,
            file_name: format!("{stem}-errors.{ending}"),
            layout,
            next: 0,
            begun: false,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.file_name
    }

    /// Whether it is a workbook.
    pub fn is_workbook(&self) -> bool {
        self.layout.kind == Kind::Xlsx
    }

    /// All of it, as a workbook: a sheet is compressed as it is written, so that only what it comes to is in memory.
    ///
    /// # Errors
    /// What the database says.
    pub async fn workbook(mut self, connection: &impl ConnectionTrait, words: &ErrorWords) -> Result<Vec<u8>, Failure> {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet_with_constant_memory().map_err(written)?;
        let mut at = 0;
        if let Some(headings) = self.headings(words) {
            for (column, text) in (0..).zip(&headings) {
                sheet.write_string(at, column, text).map_err(written)?;
            }
            at += 1;
        }
        while let Some((place, bytes)) = stored::piece(connection, self.batch, Of::Rejects, self.next).await? {
            self.next = place + 1;
            for row in rows_of(&bytes)? {
                let cells = self.cells(row, words);
                for (column, text) in (0..).zip(&cells) {
                    sheet.write_string(at, column, text).map_err(written)?;
                }
                at += 1;
            }
        }
        book.save_to_buffer().map_err(written)
    }

    /// The next piece of it as text; `None` after the last.
    ///
    /// # Errors
    /// What the database says.
    pub async fn text(
        &mut self,
        connection: &impl ConnectionTrait,
        words: &ErrorWords,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let Kind::Text { encoding, delimiter } = self.layout.kind.clone() else {
            return Ok(None);
        };
        let Some((place, bytes)) = stored::piece(connection, self.batch, Of::Rejects, self.next).await? else {
            return Ok(None);
        };
        self.next = place + 1;
        let mut csv = csv::WriterBuilder::new()
            .flexible(true)
            .delimiter(u8::try_from(delimiter).unwrap_or(b','))
            .from_writer(Vec::new());
        let first = !self.begun;
        if first && let Some(headings) = self.headings(words) {
            csv.write_record(headings.iter().map(|cell| safe(cell)))
                .map_err(written)?;
        }
        for row in rows_of(&bytes)? {
            let cells = self.cells(row, words);
            csv.write_record(cells.iter().map(|cell| safe(cell))).map_err(written)?;
        }
        self.begun = true;
        let text = String::from_utf8(csv.into_inner().map_err(written)?).map_err(written)?;
        let encoding = Encoding::for_label(encoding.as_bytes()).unwrap_or(UTF_8);
        Ok(Some(encoded(&text, encoding, first)))
    }

    fn headings(&self, words: &ErrorWords) -> Option<Vec<String>> {
        let names = self.layout.headings.then(|| self.layout.names.clone())?;
        Some(names.into_iter().chain([words.heading.clone()]).collect())
    }

    /// The cells of a row, the errors in a column of their own behind all others.
    fn cells(&self, row: Kept, words: &ErrorWords) -> Vec<String> {
        let mut cells = row.cells;
        let columns = self.layout.names.len().max(cells.len());
        cells.resize(columns, String::new());
        cells.push((words.row)(&row.faults));
        cells
    }
}

/// A text in an encoding, with a mark before the first piece where spreadsheets need one. What GB18030 lacks there is not.
fn encoded(text: &str, encoding: &'static Encoding, first: bool) -> Vec<u8> {
    let marked = if first {
        format!("\u{feff}{text}")
    } else {
        text.to_owned()
    };
    match encoding {
        encoding if encoding == UTF_8 => marked.into_bytes(),
        encoding if encoding == UTF_16LE => marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        encoding if encoding == UTF_16BE => marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        encoding => encoding.encode(text).0.into_owned(),
    }
}
