//! Retention of the device log: whole closed months that are old enough are exported to a file and dropped. What remains
//! begins at a signed boundary, and the file is signed as well, so both can be checked ever after.

pub mod export;

use super::audit::{AuditEntry, record};
use super::boundaries::{self, Cut, Link};
use super::chain_verify::walk::{self, Walk};
use super::chain_verify::{Broken, Fault, VerifyError, snapshot};
use super::checkpoints::key::{PublicKey, SigningKey};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{device_log, log_boundaries, log_heads};
use app::caller::PlatformAdmin;
use app::domain::{AuditAction, Timestamp};
use chrono::{DateTime, Datelike, Months, NaiveDate};
use export::Export;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel, QueryFilter, QueryOrder,
};
use serde_json::json;
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Entries that one transaction drops, so that nobody waits long for it.
const PIECE: i64 = 5000;

/// Why nothing, or not everything, was dropped.
#[derive(Debug, thiserror::Error)]
pub enum RetainError {
    /// The file cannot be written.
    #[error("the export {} cannot be written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The log was tampered with: it is not dropped.
    #[error("the device log was tampered with, so nothing was dropped: {0}")]
    Verify(#[from] VerifyError),
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] DbErr),
}

/// What was exported and dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Chains that are shorter now.
    pub chains: u64,
    /// Entries.
    pub entries: u64,
}

/// The beginning of the oldest month that is kept, in UTC: `months` whole months and the one that is not over.
pub fn kept_from(now: Timestamp, months: u32) -> Timestamp {
    let today = DateTime::from_timestamp_millis(now.0).unwrap_or_default().date_naive();
    let first = NaiveDate::from_ymd_opt(today.year(), today.month(), 1).unwrap_or(today);
    let kept = first.checked_sub_months(Months::new(months)).unwrap_or(first);
    Timestamp(kept.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
}

/// A part of a chain that is exported.
struct Part {
    chain: Uuid,
    begin: Link,
    end: Link,
}

/// What retention works on.
pub struct Retention<'a> {
    /// The database. On PostgreSQL its owner's connection: the role of the server may drop nothing.
    pub database: &'a Database,
    /// The clock and the randomness.
    pub surroundings: &'a Surroundings,
    /// Signs boundaries and exports.
    pub key: &'a SigningKey,
    /// Whose boundaries are believed.
    pub keys: &'a [PublicKey],
}

/// Exports what was received before `until` to a file at `path` and drops it. `None` when there is no such entry; there is
/// no file then. `progress` is told the number of entries exported, then the number dropped, every so often.
///
/// **Permissions:** platform administrators; the command line.
///
/// # Errors
/// [`RetainError`]. Until the file is whole and on disk nothing has been dropped; after that, what it holds may be there still.
pub async fn retain(
    by: PlatformAdmin<'_>,
    on: &Retention<'_>,
    until: Timestamp,
    path: &Path,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Option<Retained>, RetainError> {
    let Retention {
        database,
        surroundings,
        key,
        keys,
    } = *on;
    let failed = |source| RetainError::File {
        path: path.to_owned(),
        source,
    };
    let mut export = Export::begin(path, until, surroundings.now()).map_err(failed)?;
    let parts = match write(database, keys, until, &mut export, progress).await {
        Ok(parts) if !parts.is_empty() => parts,
        nothing => {
            export.give_up().map_err(failed)?;
            return nothing.map(|_| None);
        }
    };
    let entries = export.entries();
    let export_hash = export.finish(key).map_err(failed)?;
    let cut = Cut {
        until,
        at: surroundings.now(),
        export_hash,
    };
    let told = json!({
        "until": day(until),
        "entries": entries,
        "chains": parts.len(),
        "sha256": hex::encode(export_hash),
    });
    let mut audited = Some(AuditEntry::of(&by, AuditAction::LogRetained).changed(None, Some(told)));
    let mut dropped = 0;
    for part in &parts {
        let mut at = part.begin.sequence;
        while at < part.end.sequence {
            let to = part.end.sequence.min(at + PIECE);
            drop_until(on, part, to, &cut, audited.take()).await?;
            dropped += u64::try_from(to - at).unwrap_or_default();
            progress(dropped);
            at = to;
        }
    }
    Ok(Some(Retained {
        chains: parts.len() as u64,
        entries,
    }))
}

/// The day of an instant, in UTC.
pub fn day(at: Timestamp) -> String {
    let at = DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    at.format("%Y-%m-%d").to_string()
}

/// Writes what is old enough, each entry checked against the one before it.
async fn write(
    database: &Database,
    keys: &[PublicKey],
    until: Timestamp,
    export: &mut Export,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Vec<Part>, RetainError> {
    let txn = snapshot(database.reader()).await?;
    let heads = log_heads::Entity::find()
        .order_by_asc(log_heads::Column::Chain)
        .all(&txn)
        .await?;
    let mut parts = Vec::new();
    for head in heads {
        let begin = boundaries::begin(&txn, head.chain, keys)
            .await?
            .map_err(|(sequence, fault)| {
                VerifyError::from(Broken {
                    chain: head.chain,
                    sequence,
                    id: None,
                    fault: Fault::Boundary(fault),
                })
            })?;
        let mut walk = Walk::new(head.chain, begin, Some(head.last_sequence));
        let mut end = begin;
        'chain: while let Some(rows) = walk.next(&txn).await? {
            for row in &rows {
                let row = device_log::Model::from_query_result(row, "")?;
                if row.received_at >= until.0 {
                    break 'chain;
                }
                if end == begin {
                    export
                        .chain(head.chain, begin)
                        .map_err(|source| export.failed(source))?;
                }
                export.entry(&row).map_err(|source| export.failed(source))?;
                end.sequence = row.sequence;
                end.hash.copy_from_slice(&row.hash);
            }
            progress(export.entries());
        }
        if end != begin {
            parts.push(Part {
                chain: head.chain,
                begin,
                end,
            });
        }
    }
    txn.rollback().await?;
    Ok(parts)
}

/// Drops a part's entries up to one, behind a boundary that is written first.
async fn drop_until(
    on: &Retention<'_>,
    part: &Part,
    to: i64,
    cut: &Cut,
    audited: Option<AuditEntry>,
) -> Result<(), RetainError> {
    let txn = on.database.begin().await?;
    let link = if to == part.end.sequence {
        part.end
    } else {
        walk::link(&txn, part.chain, to)
            .await?
            .ok_or_else(|| DbErr::RecordNotFound("an entry that was exported".to_owned()))?
    };
    let boundary = boundaries::signed(on.key, part.chain, link, cut)
        .into_active_model()
        .reset_all();
    log_boundaries::Entity::insert(boundary)
        .exec_without_returning(&txn)
        .await?;
    device_log::Entity::delete_many()
        .filter(device_log::Column::Chain.eq(part.chain))
        .filter(device_log::Column::Sequence.lte(to))
        .exec(&txn)
        .await?;
    if let Some(entry) = audited {
        record(&txn, on.surroundings, entry).await?;
    }
    txn.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_months_are_kept() {
        let at = |text: &str| Timestamp(DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis());
        for (now, months, kept) in [
            ("2026-11-24T10:00:00Z", 13, "2025-10-01"),
            ("2026-11-01T00:00:00Z", 13, "2025-10-01"),
            ("2026-10-31T23:59:59Z", 13, "2025-09-01"),
            ("2024-02-29T12:00:00Z", 12, "2023-02-01"),
            ("2026-01-31T12:00:00Z", 1, "2025-12-01"),
            ("2026-01-31T12:00:00Z", 0, "2026-01-01"),
        ] {
            let from = kept_from(at(now), months);
            assert_eq!((day(from).as_str(), from.0 % Timestamp::DAY_MS), (kept, 0), "{now}");
        }
    }
}
