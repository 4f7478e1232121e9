//! Checking the device log's chains against what they say of themselves.

use super::chain::{GENESIS, bytes_of, hash_of};
use crate::entities::{device_log, log_heads};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait, IsolationLevel, QueryFilter,
    QueryOrder, QuerySelect, TransactionOptions, TransactionTrait,
};
use std::collections::HashMap;
use std::fmt;
use uuid::Uuid;

/// Entries read at a time.
const BATCH: u64 = 2000;

/// What a check found in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chains.
    pub chains: u64,
    /// Entries of all chains.
    pub entries: u64,
}

/// The first entry that is not what it was when it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its chain: a merchant's key, or the nil UUID for the platform's.
    pub chain: Uuid,
    /// Its place in the chain, from 1.
    pub sequence: i64,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Its fields are not what was hashed.
    Edited,
    /// The entry that should be here is not.
    Missing,
    /// An entry stands where there should be none.
    Surplus,
}

/// Why a check did not end well.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The log was tampered with.
    #[error("{0}")]
    Broken(Broken),
    /// The log could not be read.
    #[error("the log could not be read: {0}")]
    Database(#[from] DbErr),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = match self.fault {
            Fault::Edited => "is not what it was when it was appended",
            Fault::Missing => "is missing",
            Fault::Surplus => "stands behind the end of its chain",
        };
        write!(f, "entry {} of chain {} {fault}", self.sequence, self.chain)
    }
}

/// Reads every chain from its beginning and compares it with its hashes and its head, all as of one instant: what is
/// appended meanwhile is not looked at. `progress` is told the number of entries read, every so often.
///
/// # Errors
/// [`VerifyError::Broken`] with the first bad entry.
pub async fn verify(db: &DatabaseConnection, progress: &mut (dyn FnMut(u64) + Send)) -> Result<Verified, VerifyError> {
    let snapshot = TransactionOptions {
        // SQLite's readers have a snapshot anyway.
        isolation_level: (db.get_database_backend() == DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead),
        ..TransactionOptions::default()
    };
    let txn = db.begin_with_options(snapshot).await?;
    let verified = verify_in(&txn, progress).await;
    txn.rollback().await?;
    verified
}

async fn verify_in(db: &impl ConnectionTrait, progress: &mut (dyn FnMut(u64) + Send)) -> Result<Verified, VerifyError> {
    let heads = log_heads::Entity::find()
        .order_by_asc(log_heads::Column::Chain)
        .all(db)
        .await?;
    let mut verified = Verified {
        chains: heads.len() as u64,
        entries: 0,
    };
    let heads: HashMap<Uuid, log_heads::Model> = heads.into_iter().map(|head| (head.chain, head)).collect();
    let mut chains: Vec<_> = heads.values().collect();
    chains.sort_by_key(|head| head.chain);
    for head in chains {
        let mut last_hash = GENESIS.to_vec();
        let mut last_sequence = 0;
        loop {
            let rows = device_log::Entity::find()
                .filter(device_log::Column::Chain.eq(head.chain))
                .filter(device_log::Column::Sequence.gt(last_sequence))
                .order_by_asc(device_log::Column::Sequence)
                .limit(BATCH)
                .all(db)
                .await?;
            let full = rows.len() as u64 == BATCH;
            for row in &rows {
                check(row, head, last_sequence, &last_hash)?;
                last_sequence = row.sequence;
                last_hash.clone_from(&row.hash);
            }
            verified.entries += rows.len() as u64;
            progress(verified.entries);
            if !full {
                break;
            }
        }
        let broken = |sequence, fault| Broken {
            chain: head.chain,
            sequence,
            fault,
        };
        if last_sequence < head.last_sequence {
            return Err(VerifyError::Broken(broken(last_sequence + 1, Fault::Missing)));
        }
        if last_hash != head.last_hash {
            return Err(VerifyError::Broken(broken(last_sequence, Fault::Edited)));
        }
    }
    Ok(verified)
}

fn check(
    row: &device_log::Model,
    head: &log_heads::Model,
    last_sequence: i64,
    last_hash: &[u8],
) -> Result<(), VerifyError> {
    let broken = |sequence, fault| {
        Err(VerifyError::Broken(Broken {
            chain: row.chain,
            sequence,
            fault,
        }))
    };
    if row.sequence > head.last_sequence {
        return broken(row.sequence, Fault::Surplus);
    }
    if row.sequence != last_sequence + 1 {
        return broken(last_sequence + 1, Fault::Missing);
    }
    if row.bytes != bytes_of(last_hash, row) || row.hash != hash_of(&row.bytes) {
        return broken(row.sequence, Fault::Edited);
    }
    Ok(())
}
