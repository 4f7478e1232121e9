//! Workbooks (XLSX, ECMA-376): bounded before they are unpacked, then read cell by cell.

use super::source::{MAX_CELL_CHARS, MAX_ROW_BYTES, Odd, Row, Trouble, on_line};
use app::backend::imports::MAX_COLUMNS;
use app::error::Invalid;
use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Style, Xlsx, XlsxError};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use zip::ZipArchive;
use zip::result::ZipError;

/// Most entries of the archive; a workbook of one sheet has a dozen.
const MAX_ENTRIES: usize = 2_000;

/// Most bytes of an entry that is kept in memory (shared strings, styles), unpacked.
const MAX_KEPT_BYTES: u64 = 64 * 1024 * 1024;

/// Most bytes of a sheet, unpacked: a million rows of ten columns have some 500 MB.
const MAX_SHEET_BYTES: u64 = 1024 * 1024 * 1024;

/// Most bytes that one byte of the archive may become. Repetitive sheets reach 60, what is made to do harm 1,000.
const MAX_RATIO: u64 = 200;

/// Below this an archive may be as dense as it likes.
const DENSE_BYTES: u64 = 8 * 1024 * 1024;

/// Most bytes between two brackets of XML: a cell's text with every character written as an entity.
const MAX_RUN: usize = 8 * MAX_CELL_CHARS;

/// Digits that a spreadsheet's number keeps: 15 (IEEE 754 double precision, as Excel rounds it).
const EXACT: f64 = 1e15;

/// Reads the rows of the first visible sheet.
pub(super) fn read<F: Read + Seek>(mut file: F, take: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), Trouble> {
    check_bounds(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    let mut book = Xlsx::new(BufReader::new(file)).map_err(broken)?;
    let first = book
        .sheets_metadata()
        .iter()
        .find(|sheet| sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet)
        .map(|sheet| sheet.name.clone())
        .ok_or(Invalid::FileBroken)?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(broken)?;
    let zeros: Vec<Option<usize>> = cells.styles().iter().map(leading_zeros).collect();
    let mut row = Row::default();
    let mut bytes = 0;
    while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(broken)? {
        let (at, column) = cell.get_position();
        let line = u64::from(at) + 1;
        if line != row.line {
            if row.line > 0 && take(std::mem::take(&mut row)).is_break() {
                return Ok(());
            }
            row.line = line;
            bytes = 0;
        }
        let Some((text, odd)) = text_of(cell.get_value(), zeros.get(style).copied().flatten()) else {
            continue;
        };
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= MAX_COLUMNS {
            return Err(on_line(Invalid::FileTooWide, line));
        }
        if text.len() > MAX_CELL_CHARS && text.chars().count() > MAX_CELL_CHARS {
            return Err(on_line(Invalid::FileCell, line));
        }
        // One text may stand in a million cells and take no room in the file.
        bytes += text.len();
        if bytes > MAX_ROW_BYTES {
            return Err(on_line(Invalid::FileCell, line));
        }
        if row.cells.len() <= column {
            row.cells.resize(column + 1, String::new());
        }
        row.odd.extend(odd.map(|odd| (column, odd)));
        row.cells[column] = text;
    }
    if row.line > 0 {
        let _broken_off_or_not = take(row);
    }
    Ok(())
}

/// What the library says of a workbook it cannot read is for programmers; its owner is told that it is damaged.
fn broken(error: XlsxError) -> Trouble {
    match error {
        XlsxError::Io(error) => damaged(error),
        XlsxError::Zip(ZipError::Io(error)) => damaged(error),
        XlsxError::Password => Invalid::FileKind.into(),
        error => {
            tracing::info!(%error, "a workbook cannot be read");
            Invalid::FileBroken.into()
        }
    }
}

/// Bytes that are no archive, or that were not to be had.
fn damaged(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::Other => Trouble::Io(error),
        _ => Invalid::FileBroken.into(),
    }
}

fn unzippable(error: ZipError) -> Trouble {
    match error {
        ZipError::Io(error) => damaged(error),
        _ => Invalid::FileBroken.into(),
    }
}

/// Unpacks every entry once, keeping nothing, and refuses an archive that grows out of proportion: what its directory says
/// of the sizes need not be true.
fn check_bounds<F: Read + Seek>(file: &mut F) -> Result<(), Trouble> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(unzippable)?;
    if archive.len() > MAX_ENTRIES {
        return Err(Invalid::FileBomb.into());
    }
    if archive.index_for_name("xl/workbook.xml").is_none() {
        return Err(Invalid::FileKind.into());
    }
    let mut block = vec![0; 64 * 1024];
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).map_err(unzippable)?;
        let name = entry.name().map_err(unzippable)?.to_ascii_lowercase();
        // A workbook says itself under which name its sheets lie; whatever is not called as they are is held to less.
        let is_sheet = name.starts_with("xl/worksheets/sheet");
        let is_xml = name.ends_with(".xml") || name.ends_with(".rels");
        let most = if is_sheet { MAX_SHEET_BYTES } else { MAX_KEPT_BYTES };
        let dense = entry.compressed_size().saturating_mul(MAX_RATIO).max(DENSE_BYTES);
        let most = most.min(dense);
        if entry.size() > most {
            return Err(Invalid::FileBomb.into());
        }
        let (mut unpacked, mut run) = (0_u64, 0_usize);
        loop {
            let count = entry.read(&mut block).map_err(damaged)?;
            if count == 0 {
                break;
            }
            unpacked += count as u64;
            if unpacked > most {
                return Err(Invalid::FileBomb.into());
            }
            if !is_xml {
                // A picture needs no brackets.
                continue;
            }
            let mut rest = &block[..count];
            while let Some(bracket) = rest.iter().position(|byte| *byte == b'<') {
                if run + bracket > MAX_RUN {
                    return Err(Invalid::FileCell.into());
                }
                run = 0;
                rest = &rest[bracket + 1..];
            }
            run += rest.len();
            if run > MAX_RUN {
                return Err(Invalid::FileCell.into());
            }
        }
    }
    Ok(())
}

/// How many digits a number is shown with at least, where its format is nothing but zeros.
fn leading_zeros(style: &Style) -> Option<usize> {
    let code = style.number_format.as_ref()?.format_code.as_str();
    let zeros = code.trim_matches('"');
    (zeros.len() > 1 && zeros.bytes().all(|byte| byte == b'0')).then_some(zeros.len())
}

/// What a cell says, and whether that is what was typed; `None` for an empty one.
fn text_of(value: &DataRef<'_>, zeros: Option<usize>) -> Option<(String, Option<Odd>)> {
    Some(match value {
        DataRef::Empty => return None,
        DataRef::String(text) => (text.clone(), None),
        DataRef::SharedString(text) => ((*text).to_owned(), None),
        DataRef::Int(number) => (padded(number.to_string(), zeros), None),
        DataRef::Float(number) => number_text(*number, zeros),
        DataRef::Bool(yes) => (if *yes { "TRUE" } else { "FALSE" }.to_owned(), None),
        DataRef::DateTime(at) => (date_text(at), Some(Odd::NotText)),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => (text.clone(), Some(Odd::NotText)),
        DataRef::Error(error) => (error.to_string(), Some(Odd::Error)),
    })
}

fn number_text(number: f64, zeros: Option<usize>) -> (String, Option<Odd>) {
    let exact = number.fract() == 0.0 && number.abs() < EXACT;
    if exact {
        return (padded(format!("{number:.0}"), zeros), None);
    }
    (number.to_string(), Some(Odd::NotText))
}

fn padded(digits: String, zeros: Option<usize>) -> String {
    match zeros {
        Some(zeros) => format!("{digits:0>zeros$}"),
        None => digits,
    }
}

/// `YYYY-MM-DD`, with the time where there is one (ISO 8601).
fn date_text(at: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        return date;
    }
    format!("{date} {hour:02}:{minute:02}:{second:02}")
}
