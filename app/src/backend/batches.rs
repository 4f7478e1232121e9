//! Many terminals at once: chosen from a list or written down, then handled together, with what came of each.

use super::lifecycle::Change;
use super::page::{Cursor, Page};
use super::registration::IssuedCode;
use super::terminals::{TerminalCounts, TerminalRow};
use crate::caller::{Caller, CodeIssuer, Manager, Registrar};
use crate::domain::{BatchId, Lifecycle, ListedSn, Move, Role, Tag, TerminalId, Timestamp, allowed};
use crate::error::{AppError, Invalid};
use async_trait::async_trait;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Most terminals that are ticked, registered or given codes together: what a request does itself.
pub const MAX_ITEMS: usize = 500;

/// Most terminals that are chosen by what a list matches.
pub const MAX_CHOSEN: u64 = 100_000;

/// Terminals of a batch on a page.
pub const BATCH_ROWS: usize = 100;

/// What is done with the terminals of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// They are registered.
    Register,
    /// Each gets an activation code.
    IssueCodes,
    /// One move is done to each.
    Move(Move),
    /// Each gets a tag.
    Tag,
    /// A tag is taken off each.
    Untag,
}

impl Work {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::IssueCodes => "issue_codes",
            Self::Move(wanted) => wanted.code(),
            Self::Tag => "tag",
            Self::Untag => "untag",
        }
    }

    /// Whether a role may do it to a terminal in a state.
    pub fn allows(self, role: Role, lifecycle: Lifecycle) -> bool {
        match self {
            Self::Register => lifecycle == Lifecycle::Awaiting,
            Self::IssueCodes => !matches!(lifecycle, Lifecycle::Suspended | Lifecycle::Retired),
            Self::Move(wanted) => allowed(role, lifecycle, wanted).is_ok(),
            Self::Tag | Self::Untag => lifecycle != Lifecycle::Retired,
        }
    }

    /// Reads a stored code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "register" => Some(Self::Register),
            "issue_codes" => Some(Self::IssueCodes),
            "tag" => Some(Self::Tag),
            "untag" => Some(Self::Untag),
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

/// What is done to each terminal of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BatchChange {
    /// [`Work::Move`]
    Move(Change),
    /// [`Work::Tag`]
    Tag(Tag),
    /// [`Work::Untag`]
    Untag(Tag),
}

impl BatchChange {
    /// Which work it is.
    pub fn work(&self) -> Work {
        match self {
            Self::Move(change) => Work::Move(change.wanted()),
            Self::Tag(_) => Work::Tag,
            Self::Untag(_) => Work::Untag,
        }
    }
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum BatchStage {
    /// Its terminals are being looked for.
    Choosing,
    /// They are found, and a person has to say what is to be done.
    Chosen,
    /// It is being done.
    Running,
    /// All had their turn, unless the request that did it was broken off.
    Done,
    /// It was given up.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl BatchStage {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// Whether it goes on without anybody.
    pub fn is_working(self) -> bool {
        matches!(self, Self::Choosing | Self::Running)
    }
}

/// What came of the terminals of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// [`Came::Done`]
    pub done: u64,
    /// [`Came::Refused`]
    pub refused: u64,
    /// [`Came::Nothing`]
    pub waiting: u64,
}

impl BatchCounts {
    /// All of them.
    pub fn all(self) -> u64 {
        self.done + self.refused + self.waiting
    }
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
    /// How far it is.
    pub stage: BatchStage,
    /// Why it was given up.
    pub problem: Option<Invalid>,
    /// What came of them.
    pub counts: BatchCounts,
    /// In which states they are now, as long as nothing was done; without those that are no longer within the scope.
    pub states: TerminalCounts,
    /// A page of them, in the order in which they were chosen or written.
    pub items: Page<BatchItem>,
}

/// Which of its terminals are shown with a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchView {
    /// Which page.
    pub cursor: Option<Cursor>,
    /// Only those that were not done.
    pub not_done: bool,
}

/// From which terminals a batch is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// These.
    These(Vec<TerminalId>),
    /// All that a list has, by its query parameters, [`crate::pages::terminals_asked`].
    Listed(String),
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
    /// Chooses terminals. Those outside the caller's scope are left out. Where a list has many, a job goes on choosing.
    ///
    /// **Permissions:** [`CodeIssuer`], which everybody is who may do anything with a batch, within its scope.
    ///
    /// # Errors
    /// [`crate::error::Invalid::NothingChosen`], [`crate::error::Invalid::TooMany`] of more than [`MAX_ITEMS`] that were
    /// ticked, and [`crate::error::Invalid::TooManyMatch`], which may also be the [`Batch::problem`] later.
    async fn create(&self, by: CodeIssuer<'_>, choice: &Choice) -> Result<BatchId, AppError>;

    /// A batch with a page of at most [`BATCH_ROWS`] of its terminals; for whoever holds its key with its codes, and then
    /// with all of its terminals.
    ///
    /// **Permissions:** whoever made it.
    async fn get(
        &self,
        caller: &Caller,
        id: BatchId,
        view: &BatchView,
        key: Option<&str>,
    ) -> Result<Option<Batch>, AppError>;

    /// Does one thing to each terminal that allows it, once; a batch with which something was done stays as it is. A few
    /// are done when this returns, and a job does the rest.
    ///
    /// **Permissions:** [`Manager`] who made it, and of the moves those that [`Move::is_for`] its role.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`AppError::Forbidden`].
    async fn change(&self, by: Manager<'_>, id: BatchId, change: &BatchChange) -> Result<(), AppError>;

    /// Stops choosing, or what is being done; what was done stays done.
    ///
    /// **Permissions:** [`CodeIssuer`] who made it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::AlreadyDone`].
    async fn cancel(&self, by: CodeIssuer<'_>, id: BatchId) -> Result<(), AppError>;

    /// Issues an activation code for each terminal that may have one, once. A terminal without a merchant gets one for
    /// the merchant named.
    ///
    /// **Permissions:** [`CodeIssuer`] who made it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::AlreadyDone`], and [`crate::error::Invalid::TooMany`] of more than
    /// [`MAX_ITEMS`]: the key from which codes are made is kept nowhere, so that no job could go on with it.
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
