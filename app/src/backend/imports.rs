//! Inventory files: sent, checked, confirmed, and brought in by a job that goes on whoever watches.

mod preview;
mod sending;

use super::page::{Cursor, Page};
use crate::caller::{PlatformAdmin, PlatformViewer};
use crate::domain::{ImportBatchId, Timestamp};
use crate::error::{AppError, Invalid};
use async_trait::async_trait;
use std::collections::BTreeMap;
use strum::{EnumString, IntoStaticStr, VariantArray};

pub use preview::{Effect, FactChange, PREVIEW_ROWS, PreviewRow};
pub use sending::Sending;

/// Most bytes of a file: 256 MiB, some 2,000,000 terminals.
pub const MAX_FILE_BYTES: usize = 256 * 1024 * 1024;

/// Bytes of each piece that a file is sent in; the last one may be shorter.
pub const PART_BYTES: usize = 256 * 1024;

/// Most errors of a file that are listed; all refused rows are in the file of [`ImportReport::has_rejects`].
pub const MAX_ERRORS: usize = 1000;

/// Most rows of a file.
pub const MAX_ROWS: u64 = 2_000_000;

/// Most columns of a file.
pub const MAX_COLUMNS: usize = 200;

/// Rows of a file that are shown where its columns are matched.
pub const SAMPLE_ROWS: usize = 3;

/// How far an import has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// The file is being sent.
    Uploading,
    /// Somebody has to say which column is what.
    Mapping,
    /// The rows are being compared with what is there; nothing changes.
    Checking,
    /// Somebody has to say whether it goes in.
    Checked,
    /// The rows go in.
    Running,
    /// They are in.
    Done,
    /// The file as a whole could not be read, or it had bad rows that were not to be skipped.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// What it did is being taken back.
    Undoing,
    /// That was done.
    Undone,
}

impl Stage {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Whether a server works on it, or will.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Checking | Self::Running | Self::Undoing)
    }

    /// How many rows the present stage has to work through, as far as that is known: of a file's `rows`, or of those that it
    /// `changed`.
    pub fn rows_to_do(self, rows: u64, changed: u64) -> Option<u64> {
        let to_do = match self {
            Self::Running => rows,
            Self::Undoing => changed,
            _ => 0,
        };
        (to_do > 0).then_some(to_do)
    }

    /// Whether somebody may stop it.
    pub fn can_cancel(self) -> bool {
        matches!(
            self,
            Self::Uploading | Self::Mapping | Self::Checking | Self::Checked | Self::Running
        )
    }
}

/// What a column of a file can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Field {
    /// Serial number.
    Sn,
    /// Manufacturer.
    Manufacturer,
    /// Model.
    Model,
    /// Name of the terminal.
    Name,
    /// Number of the merchant that it goes to.
    MerchantNo,
    /// Name of the store where it goes.
    Store,
    /// Firmware version.
    Firmware,
    /// Free text.
    Note,
}

impl Field {
    /// The stable code, which is its heading in English as well.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Whether a file must have it.
    pub fn is_needed(self) -> bool {
        matches!(self, Self::Sn | Self::Manufacturer | Self::Model)
    }

    /// Whether one value can stand for all rows of a file that has no such column.
    pub fn can_be_constant(self) -> bool {
        matches!(self, Self::Manufacturer | Self::Model)
    }
}

/// Which column of a file is what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// What each column of the file is, in its order; `None` is passed over.
    pub columns: Vec<Option<Field>>,
    /// Whether the first row names the columns; otherwise it is a terminal already.
    pub headings: bool,
    /// What holds for all rows.
    pub constants: BTreeMap<Field, String>,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileColumn {
    /// What stands in the first row.
    pub heading: String,
    /// What stands in the rows after it.
    pub samples: Vec<String>,
}

/// What was wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum RowFault {
    /// The row has more or fewer columns than the first one.
    ColumnCount,
    /// There is no serial number.
    SnMissing,
    /// A character cannot stand in a serial number.
    SnCharacter,
    /// The serial number is too short.
    SnTooShort,
    /// The serial number is too long.
    SnTooLong,
    /// The serial number is written as a spreadsheet shows a long number, `8.2E+13`: its digits are lost.
    SnScientific,
    /// The cell is a number or a date in which a spreadsheet has not kept every digit.
    NotText,
    /// The cell holds a spreadsheet's error, such as `#REF!`.
    CellError,
    /// An earlier row has the same manufacturer and serial number.
    Duplicate,
    /// There is no manufacturer, or it is malformed.
    Manufacturer,
    /// There is no model, or it is malformed.
    Model,
    /// The name is too long.
    NameTooLong,
    /// The name has a control character.
    NameCharacter,
    /// The name starts like a spreadsheet formula.
    NameFormula,
    /// No merchant has this number.
    MerchantUnknown,
    /// The merchant is suspended, and is given no terminal.
    MerchantSuspended,
    /// The store's name is too long or starts like a formula, or it stands without a merchant.
    Store,
    /// The store is closed.
    StoreClosed,
    /// The firmware or the note is too long.
    Text,
    /// The terminal belongs to another merchant already.
    OtherMerchant,
}

impl RowFault {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A fault in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Line of the file where the row begins, or row of the sheet; the first is 1.
    pub line: u64,
    /// Heading of the column, as the file has it.
    pub column: Option<String>,
    /// What is wrong.
    pub fault: RowFault,
    /// What stands there.
    pub found: Option<String>,
}

/// Why a file as a whole cannot be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub what: Invalid,
    /// On which line, where it is one's.
    pub line: Option<u64>,
}

/// What became of a file, or will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// Its key.
    pub id: ImportBatchId,
    /// What its owner calls it.
    pub file_name: String,
    /// When it was sent.
    pub created: Timestamp,
    /// How far it is.
    pub stage: Stage,
    /// Why the file as a whole cannot be imported.
    pub problem: Option<Problem>,
    /// Why it was not undone when somebody last asked for that.
    pub undo_problem: Option<Invalid>,
    /// Rows worked through in the present stage.
    pub rows_read: u64,
    /// Rows without the headings; before the first stage has ended, those that were seen so far.
    pub rows_total: u64,
    /// Terminals that are new.
    pub rows_created: u64,
    /// Terminals that were there with other facts.
    pub rows_updated: u64,
    /// Terminals that were there just so.
    pub rows_skipped: u64,
    /// Rows that are wrong.
    pub rows_failed: u64,
    /// Terminals that somebody changed since, so that the import was not undone.
    pub rows_touched: u64,
    /// The columns of the file, once they are known.
    pub columns: Vec<FileColumn>,
    /// Which of them is what, as far as that is known.
    pub mapping: Mapping,
    /// Whether the refused rows are to be had as a file.
    pub has_rejects: bool,
    /// Whether it can be undone.
    pub can_undo: bool,
    /// What the first rows would do, by line: up to [`PREVIEW_ROWS`] of each [`Effect`], as long as somebody has to say
    /// whether the rows go in.
    pub preview: Vec<PreviewRow>,
    /// The first [`MAX_ERRORS`] faults, by line, and those of the same row as the last of them.
    pub errors: Vec<RowError>,
}

/// An import in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Its key.
    pub id: ImportBatchId,
    /// What its owner calls it.
    pub file_name: String,
    /// When it was sent.
    pub created: Timestamp,
    /// The login of whoever sent it; `None` for the command line.
    pub by: Option<String>,
    /// How far it is.
    pub stage: Stage,
    /// Rows worked through in the present stage.
    pub rows_read: u64,
    /// Rows without the headings.
    pub rows_total: u64,
    /// Terminals that are new.
    pub rows_created: u64,
    /// Terminals that were there with other facts.
    pub rows_updated: u64,
    /// Rows that are wrong.
    pub rows_failed: u64,
}

/// Inventory files.
#[async_trait]
pub trait Imports: Send + Sync {
    /// Begins to take a file.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    async fn create(&self, by: PlatformAdmin<'_>, file_name: &str) -> Result<ImportBatchId, AppError>;

    /// Takes a piece of a file, of [`PART_BYTES`] except for the last; they are counted from 0.
    ///
    /// **Permissions:** [`PlatformAdmin`], of an import that is still being sent.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`Invalid::FileTooLarge`].
    async fn put(&self, by: PlatformAdmin<'_>, id: ImportBatchId, place: u32, bytes: Vec<u8>) -> Result<(), AppError>;

    /// Says that all pieces are there; what they hold is then checked.
    ///
    /// **Permissions:** [`PlatformAdmin`], of an import that is still being sent.
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`Invalid::FileMissing`] when there was no piece.
    async fn close(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), AppError>;

    /// Says which column is what; the rows are then checked anew.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`Invalid::AlreadyDone`] when it has gone on meanwhile; [`Invalid::FileHeadings`] when a
    /// column that is needed is missing or two are the same.
    async fn map(&self, by: PlatformAdmin<'_>, id: ImportBatchId, mapping: &Mapping) -> Result<(), AppError>;

    /// Says that the rows shall go in, without the bad ones when there are any and `skip_bad_rows` is said.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`Invalid::AlreadyDone`] when it has gone on meanwhile; [`Invalid::BadRows`] when there
    /// are bad rows and they shall not be skipped.
    async fn confirm(&self, by: PlatformAdmin<'_>, id: ImportBatchId, skip_bad_rows: bool) -> Result<(), AppError>;

    /// Stops an import. Rows that are in stay in, and can be undone.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`Invalid::AlreadyDone`] when it has ended.
    async fn cancel(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), AppError>;

    /// Takes back what an import did, unless somebody has changed one of its terminals since.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`Invalid::AlreadyDone`] when there is nothing to undo.
    async fn undo(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), AppError>;

    /// What became of a file; `None` when there was no such file.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn get(&self, by: PlatformViewer<'_>, id: ImportBatchId) -> Result<Option<ImportReport>, AppError>;

    /// The imports, newest first.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn list(&self, by: PlatformViewer<'_>, cursor: Option<&Cursor>) -> Result<Page<ImportRow>, AppError>;
}
