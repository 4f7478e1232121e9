//! Whether terminals can take a payment now.

use super::page::Page;
use super::terminals::{Amount, TerminalQuery, TerminalRow};
use crate::caller::Caller;
use crate::domain::{SerialNumber, TerminalId, Verdict};
use crate::error::AppError;
use async_trait::async_trait;

/// Most serial numbers that are judged at once.
pub const MOST_JUDGED: usize = 500;

/// How long counting lists may keep a page waiting, in milliseconds.
pub const COUNTING_MS: i64 = 60;

/// A terminal and the verdict on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The terminal as a list shows it.
    pub row: TerminalRow,
    /// The verdict.
    pub verdict: Verdict,
}

/// How a merchant's registered terminals are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Registered terminals that were looked at: the first [`MOST_JUDGED`] by serial number.
    pub looked_at: u64,
    /// Whether there are more than were looked at.
    pub more: bool,
    /// How many of them are ready.
    pub ready: u64,
    /// Those that cannot take a payment, the ones with the first obstacles in the order of the checks last: what is
    /// nearest to working comes first.
    pub obstructed: Vec<Judged>,
}

/// Whether terminals can take a payment now.
#[async_trait]
pub trait Verdicts: Send + Sync {
    /// The verdicts on the terminals with some serial numbers, by serial number: none where nobody within the scope has
    /// one, several where makers share it. Of retired records only the newest, and only where no live terminal has the
    /// serial number. Of more than [`MOST_JUDGED`] serial numbers, the first.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn list(&self, caller: &Caller, numbers: &[SerialNumber]) -> Result<Vec<Judged>, AppError>;

    /// A page of the list of terminals with the verdict on each: the same rows as
    /// [`super::terminals::Terminals::list`] has, and of those that cannot take a payment for a reason, those whose verdict
    /// says so. A page that has looked at many terminals for them ends before it is full, and the next one goes on there.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn page(&self, caller: &Caller, query: &TerminalQuery) -> Result<Page<Judged>, AppError>;

    /// How many terminals lists have, each on all its pages together, one after the other. After [`COUNTING_MS`] no other
    /// one is begun, and `None` stands for each that is left.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn amounts(&self, caller: &Caller, queries: &[TerminalQuery]) -> Result<Vec<Option<Amount>>, AppError>;

    /// The verdict on one terminal; `None` outside the caller's scope.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn get(&self, caller: &Caller, terminal: TerminalId) -> Result<Option<Judged>, AppError>;

    /// How the registered terminals of a merchant are doing; `None` for the platform, which has too many.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn health(&self, caller: &Caller) -> Result<Option<Health>, AppError>;
}
