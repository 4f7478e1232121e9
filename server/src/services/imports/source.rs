//! What is read from a file, whatever its kind: rows of cells, one after the other, in bounded memory.

use super::{sheet, text};
use app::backend::imports::Problem;
use app::error::Invalid;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

/// Most characters of a cell: what a spreadsheet takes.
/// Source: Excel specifications and limits, "Total number of characters that a cell can contain".
pub(super) const MAX_CELL_CHARS: usize = 32_767;

/// Most bytes of a row: no cell can be longer than [`MAX_CELL_CHARS`], and no row is full of such.
pub(super) const MAX_ROW_BYTES: usize = 1024 * 1024;

/// Where a cell's text cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Odd {
    /// A number or a date in which not every digit that was typed is there still.
    NotText,
    /// A spreadsheet's error.
    Error,
}

/// A row of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// Line of a text, as an editor shows it, or row of a sheet; the first is 1.
    pub(super) line: u64,
    /// The cells, from the first column on.
    pub(super) cells: Vec<String>,
    /// The few of them that cannot be trusted, by column.
    pub(super) odd: Vec<(usize, Odd)>,
}

impl Row {
    /// Bytes of all cells.
    pub(super) fn bytes(&self) -> usize {
        self.cells.iter().map(String::len).sum()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// What kind of file it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// A workbook of Excel 2007 and later (ECMA-376), of which the first visible sheet is read.
    Xlsx,
    /// Rows of text.
    Text {
        /// The name of its encoding (WHATWG Encoding Standard).
        encoding: String,
        /// What stands between cells.
        delimiter: char,
    },
}

/// Why a file cannot be read on.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not right.
    File(Problem),
    /// It is not to be had.
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Invalid> for Trouble {
    fn from(what: Invalid) -> Self {
        Self::File(Problem { what, line: None })
    }
}

/// Something that is wrong on a line.
pub(super) fn on_line(what: Invalid, line: u64) -> Trouble {
    Trouble::File(Problem { what, line: Some(line) })
}

impl Kind {
    /// Looks what a file is. A text is read to its end for that: an encoding is one only when all of it is.
    pub(super) fn of<F: Read + Seek>(file: &mut F) -> Result<Self, Trouble> {
        let head = text::head(file)?;
        let kind = match head.as_slice() {
            [] => return Err(Invalid::FileMissing.into()),
            // A zip archive, which a workbook is (APPNOTE.TXT, section 4.3.7).
            [b'P', b'K', 3, 4, ..] => Self::Xlsx,
            // A compound file, as workbooks were before 2007 (MS-CFB, section 2.2).
            [0xd0, 0xcf, 0x11, 0xe0, ..] => return Err(Invalid::FileKind.into()),
            _ => {
                let encoding = text::encoding_of(file, &head)?;
                let delimiter = text::delimiter_of(file, encoding)?;
                Self::Text {
                    encoding: encoding.name().to_owned(),
                    delimiter: char::from(delimiter),
                }
            }
        };
        file.seek(SeekFrom::Start(0))?;
        Ok(kind)
    }

    /// Reads the rows that are not blank, until `take` breaks off.
    pub(super) fn read<F: Read + Seek>(
        &self,
        mut file: F,
        take: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<(), Trouble> {
        file.seek(SeekFrom::Start(0))?;
        let mut filled = |row: Row| {
            if row.is_blank() {
                return ControlFlow::Continue(());
            }
            take(row)
        };
        match self {
            Self::Xlsx => sheet::read(file, &mut filled),
            Self::Text { encoding, delimiter } => {
                let encoding = encoding_rs::Encoding::for_label(encoding.as_bytes()).ok_or(Invalid::FileEncoding)?;
                let delimiter = u8::try_from(*delimiter).map_err(|_| Invalid::FileKind)?;
                text::read(file, encoding, delimiter, &mut filled)
            }
        }
    }
}
