//! What happened to terminals: PRODUCT section 6.

use super::page::{Cursor, Page};
use super::terminals::MerchantRef;
use crate::caller::Caller;
use crate::domain::{ActorKind, LogEntryId, LogKind, Outcome, Timestamp, Told};
use crate::error::AppError;
use async_trait::async_trait;

/// What the device log is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only entries of this serial number, in whatever way it is written.
    pub sn: Option<String>,
    /// Only entries of this kind.
    pub kind: Option<LogKind>,
    /// Only entries with this outcome.
    pub outcome: Option<Outcome>,
    /// Only entries with this reason, as it is told to the caller.
    pub reason: Option<Told>,
    /// Only entries received at or after this instant.
    pub from: Option<Timestamp>,
    /// Only entries received before this instant.
    pub until: Option<Timestamp>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// A log entry as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Its key.
    pub id: LogEntryId,
    /// When it was received.
    pub received: Timestamp,
    /// The serial number as it was sent.
    pub sn_sent: Option<String>,
    /// The serial number of the terminal it is about, when the caller may see that terminal.
    pub terminal_sn: Option<String>,
    /// That terminal's name.
    pub terminal_name: Option<String>,
    /// Whose chain it is in; `None` for the platform's.
    pub merchant: Option<MerchantRef>,
    /// What happened.
    pub kind: LogKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Why not, as it is told to the caller.
    pub reason: Option<Told>,
    /// Who did it.
    pub actor: ActorKind,
    /// The name of who did it.
    pub actor_label: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// How many attempts it stands for, where it tells of all that were turned away in a window.
    pub turned_away: Option<u64>,
}

/// What happened to terminals.
#[async_trait]
pub trait DeviceLog: Send + Sync {
    /// A page of entries, newest first.
    ///
    /// **Permissions:** any caller, within its scope; a merchant is told the told reason, the platform the true one.
    async fn list(&self, caller: &Caller, query: &LogQuery) -> Result<Page<LogRow>, AppError>;
}
