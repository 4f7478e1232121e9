//! Many terminals at once: chosen from a list or written down, then handled together, with what came of each.

use super::lifecycle::Change;
use super::registration::IssuedCode;
use super::terminals::{TerminalQuery, TerminalRow};
use crate::caller::{Caller, CodeIssuer, Manager, Registrar};
use crate::domain::{BatchId, ListedSn, Move, TerminalId, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// Most terminals that are handled together.
pub const MAX_ITEMS: usize = 500;

/// What is done with the terminals of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// They are registered.
    Register,
    /// Each gets an activation code.
    IssueCodes,
    /// One move is done to each.
    Move(Move),
}

impl Work {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::IssueCodes => "issue_codes",
            Self::Move(wanted) => wanted.code(),
        }
    }

    /// Reads a stored code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "register" => Some(Self::Register),
            "issue_codes" => Some(Self::IssueCodes),
            code => code.parse().ok().map(Self::Move),
        }
    }
}

/// What came of one terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// It was not its turn.
    Nothing,
    /// It was done.
    Done,
    /// It was not; holds [`AppError::code`], or [`REPEATED`].
    Refused(String),
}

/// Code of a serial number that stood in the list before, which is no attempt of its own.
pub const REPEATED: &str = "repeated";

/// One terminal of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchItem {
    /// The serial number as it was typed or is printed.
    pub typed: String,
    /// The terminal as it stands now, where the caller may see it.
    pub terminal: Option<TerminalRow>,
    /// What came of it.
    pub came: Came,
    /// The activation code that was issued for it, where the caller holds the key and the code still works.
    pub code: Option<IssuedCode>,
}

/// Terminals that are handled together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its key.
    pub id: BatchId,
    /// When they were chosen.
    pub created: Timestamp,
    /// What was done with them; `None` as long as nothing was.
    pub work: Option<Work>,
    /// The terminals, in the order in which they were chosen or written.
    pub items: Vec<BatchItem>,
}

/// From which terminals a batch is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// These.
    These(Vec<TerminalId>),
    /// The first [`MAX_ITEMS`] that a list shows.
    Listed(Box<TerminalQuery>),
}

/// A batch whose codes can be shown to whoever holds its key.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened {
    /// The batch.
    pub id: BatchId,
    /// The key, 256 bits in hexadecimal, from which its codes are made; it is kept nowhere.
    pub key: String,
}

/// Many terminals at once.
#[async_trait]
pub trait Batches: Send + Sync {
    /// Chooses terminals. Those outside the caller's scope are left out.
    ///
    /// **Permissions:** [`CodeIssuer`], which everybody is who may do anything with a batch, within its scope.
    ///
    /// # Errors
    /// [`crate::error::Invalid::NothingChosen`] and [`crate::error::Invalid::TooMany`].
    async fn create(&self, by: CodeIssuer<'_>, choice: &Choice) -> Result<BatchId, AppError>;

    /// A batch, with its codes for whoever holds its key.
    ///
    /// **Permissions:** whoever made it.
    async fn get(&self, caller: &Caller, id: BatchId, key: Option<&str>) -> Result<Option<Batch>, AppError>;

    /// Does one move to each terminal that allows it, once; a batch with which something was done stays as it is.
    ///
    /// **Permissions:** [`Manager`] who made it, and of the moves those that [`Move::is_for`] its role.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Forbidden`].
    async fn change(&self, by: Manager<'_>, id: BatchId, change: &Change) -> Result<(), AppError>;

    /// Issues an activation code for each terminal that may have one, once. A terminal without a merchant gets one for
    /// the merchant named.
    ///
    /// **Permissions:** [`CodeIssuer`] who made it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::AlreadyDone`].
    async fn issue_codes(&self, by: CodeIssuer<'_>, id: BatchId, merchant_no: Option<&str>)
    -> Result<Opened, AppError>;

    /// Registers the terminals of a list, each attempt by itself and with its log entry.
    ///
    /// **Permissions:** [`Registrar`], as for one.
    ///
    /// # Errors
    /// [`crate::error::Invalid::NothingChosen`] and [`crate::error::Invalid::TooMany`].
    async fn register(
        &self,
        by: Registrar<'_>,
        list: &[ListedSn],
        merchant_no: Option<&str>,
    ) -> Result<Opened, AppError>;
}
