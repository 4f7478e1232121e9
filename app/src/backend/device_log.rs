//! What happened to terminals.

use super::page::{Cursor, Page};
use super::terminals::MerchantRef;
use crate::caller::Caller;
use crate::domain::{ActorKind, LogEntryId, LogKind, Outcome, SerialNumber, StoreId, Timestamp, Told};
use crate::error::AppError;
use async_trait::async_trait;

/// What the device log is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Only entries of this serial number, in whatever way it is written; where there are none, of those that it is a part
    /// of.
    pub sn: Option<String>,
    /// Only entries of exactly this serial number.
    pub exact_sn: Option<SerialNumber>,
    /// Only entries of this kind.
    pub kind: Option<LogKind>,
    /// Only entries with this outcome.
    pub outcome: Option<Outcome>,
    /// Only entries with this reason, as it is told to the caller.
    pub reason: Option<Told>,
    /// Only entries of the merchant with this number. A merchant sees its own alone, whatever is asked.
    pub merchant_no: Option<String>,
    /// Only entries of terminals that stand in this store now.
    pub store: Option<StoreId>,
    /// Only entries of this kind of party.
    pub by: Option<ActorKind>,
    /// Only entries of the person with this login. A merchant finds its own people.
    pub actor: Option<String>,
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
    /// Its place in its chain, from 1 on.
    pub sequence: i64,
    /// When it happened, by the clock of whoever tells it.
    pub occurred: Timestamp,
    /// When it was received.
    pub received: Timestamp,
    /// The serial number as it was sent.
    pub sn_sent: Option<String>,
    /// The serial number of the terminal it is about, when the caller may see that terminal.
    pub terminal_sn: Option<String>,
    /// That terminal's name.
    pub terminal_name: Option<String>,
    /// The store that the terminal stands in now, when the caller may see that terminal.
    pub store: Option<String>,
    /// Whose chain it is in; `None` for the platform's, and for a merchant, whose all are.
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
    /// What ties it to the other entries of one request.
    pub correlation: String,
    /// What else it tells: places in its JSON, as in `after.name`, and what stands there.
    pub detail: Vec<(String, String)>,
}

impl LogRow {
    /// What stands at a place of the detail.
    pub fn told(&self, place: &str) -> Option<&str> {
        let found = self.detail.iter().find(|(known, _)| known == place);
        found.map(|(_, value)| value.as_str())
    }
}

/// A log entry with all that it says and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// What a list shows.
    pub row: LogRow,
    /// The reason as merchants and terminals are told it; for the platform, which is shown the true one besides.
    pub told: Option<Told>,
    /// The other entries of the same request within the caller's scope, in the order in which they were written; at most
    /// [`RELATED`].
    pub related: Vec<LogRow>,
    /// Whether there are further ones.
    pub more: bool,
}

/// Most entries of the same request that are shown beside one.
pub const RELATED: usize = 20;

/// How many entries match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogCount {
    /// The number.
    pub entries: u64,
    /// Whether they were counted; else it is what those looked at let expect.
    pub exact: bool,
}

/// What happened to terminals.
#[async_trait]
pub trait DeviceLog: Send + Sync {
    /// A page of entries, newest first.
    ///
    /// What no index answers is looked for among a bounded number of entries: the page then has fewer rows than there is
    /// room for, and its cursor in the direction of reading is where the search stopped.
    ///
    /// **Permissions:** any caller, within its scope; a merchant is told the told reason, the platform the true one.
    async fn list(&self, caller: &Caller, query: &LogQuery) -> Result<Page<LogRow>, AppError>;

    /// How many entries match, whatever the page: counted while that is cheap, else estimated.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn count(&self, caller: &Caller, query: &LogQuery) -> Result<LogCount, AppError>;

    /// One entry and those of the same request.
    ///
    /// **Permissions:** any caller, within its scope, as [`DeviceLog::list`].
    async fn get(&self, caller: &Caller, id: LogEntryId) -> Result<Option<LogEntry>, AppError>;
}
