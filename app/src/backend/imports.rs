//! Inventory files.

use crate::caller::{PlatformAdmin, PlatformViewer};
use crate::domain::{ImportBatchId, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Most bytes of a file that is sent at once: 4 MiB, some 40,000 terminals. They go in
/// within one transaction, and nobody else should wait for it for long.
pub const MAX_FILE_BYTES: usize = 4 * 1024 * 1024;

/// Most errors of a file that are kept; a file with more is of another kind.
pub const MAX_ERRORS: usize = 1000;

/// A file of terminals, as it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// What its owner calls it.
    pub file_name: String,
    /// CSV (RFC 4180) in UTF-8, with or without a byte-order mark.
    pub bytes: Vec<u8>,
    /// Whether to import the good rows of a file that has bad ones; otherwise such a file changes nothing.
    pub skip_bad_rows: bool,
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
    /// The store's name is too long or starts like a formula, or it stands without a merchant.
    Store,
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
    /// Line of the file where the row begins; the headings are line 1.
    pub line: u64,
    /// Heading of the column, as the file has it.
    pub column: Option<String>,
    /// What is wrong.
    pub fault: RowFault,
    /// What stands there.
    pub found: Option<String>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// Its key.
    pub id: ImportBatchId,
    /// What its owner calls it.
    pub file_name: String,
    /// When it was read.
    pub created: Timestamp,
    /// Whether its good rows are in; `false` when it had bad ones and nothing was changed.
    pub done: bool,
    /// Rows without the headings.
    pub rows_total: u64,
    /// Terminals that are new.
    pub rows_created: u64,
    /// Terminals that were there with other facts.
    pub rows_updated: u64,
    /// Terminals that were there just so.
    pub rows_skipped: u64,
    /// Rows that are wrong.
    pub rows_failed: u64,
    /// The first [`MAX_ERRORS`] faults, by line.
    pub errors: Vec<RowError>,
}

/// Inventory files.
#[async_trait]
pub trait Imports: Send + Sync {
    /// Reads a file of terminals and, when all its rows are good or the bad ones may be skipped, creates and updates them.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`crate::error::Invalid`] when the file as a whole cannot be read; a bad row is in the report instead.
    async fn create(&self, by: PlatformAdmin<'_>, upload: Upload) -> Result<ImportReport, AppError>;

    /// What became of a file; `None` when there was no such file.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn get(&self, by: PlatformViewer<'_>, id: ImportBatchId) -> Result<Option<ImportReport>, AppError>;
}
