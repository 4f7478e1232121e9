//! Checking the device log's chains: against what they say of themselves, against the boundaries at which they begin, and
//! against checkpoints that were signed outside the database.

pub mod fault;
mod file;
mod row;
mod signed;
pub(super) mod walk;

use super::boundaries::{self, Link};
use super::checkpoints::file::{FileError, Frozen};
use super::checkpoints::key::PublicKey;
use crate::database::begun;
use crate::entities::{device_log, log_boundaries, log_heads};
use app::domain::{MerchantId, Timestamp};
pub use fault::{Broken, Fault};
use file::File;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, EntityTrait,
    IsolationLevel, QueryFilter, QueryOrder, QuerySelect, TransactionOptions,
};
use std::path::PathBuf;
use uuid::Uuid;
use walk::Walk;

/// Heads read at a time.
const HEADS: u64 = 1000;

/// What to check, and against what. By default every chain from its beginning, against itself.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only this merchant's chain.
    pub merchant: Option<MerchantId>,
    /// Only entries received from this instant on; the one before them is believed.
    pub since: Option<Timestamp>,
    /// Whose signatures are believed.
    pub keys: Vec<PublicKey>,
    /// Files of checkpoints.
    pub checkpoints: Vec<PathBuf>,
}

/// What a check found in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chains.
    pub chains: u64,
    /// Entries of all chains.
    pub entries: u64,
    /// Checkpoints.
    pub checkpoints: u64,
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Entries read.
    pub entries: u64,
    /// Entries to read, about.
    pub of: u64,
}

/// Why a check did not end well.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The log was tampered with.
    #[error("{0}")]
    Broken(Box<Broken>),
    /// A file of checkpoints cannot be used.
    #[error("{0}")]
    Checkpoints(#[from] FileError),
    /// The log could not be read.
    #[error("the log could not be read: {0}")]
    Database(#[from] DbErr),
    /// A thread for hashing ended.
    #[error("the log could not be hashed: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl From<Broken> for VerifyError {
    fn from(broken: Broken) -> Self {
        Self::Broken(Box::new(broken))
    }
}

/// Checks every chain against itself. `progress` is told the number of entries read, every so often.
///
/// # Errors
/// [`VerifyError::Broken`] with the first bad entry.
pub async fn verify(db: &DatabaseConnection, progress: &mut (dyn FnMut(u64) + Send)) -> Result<Verified, VerifyError> {
    verify_with(db, &Options::default(), &mut |now| progress(now.entries)).await
}

/// Checks the log as of one instant: what is appended meanwhile is not looked at. Memory does not grow with the log, only with
/// the number of chains where checkpoints are given. `progress` is told how far it has come, every so often.
///
/// # Errors
/// [`VerifyError::Broken`] with the first bad entry.
pub async fn verify_with(
    db: &DatabaseConnection,
    options: &Options,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Verified, VerifyError> {
    // The files first: a checkpoint that is appended later may speak of entries that this look at the database has not.
    let files = options.checkpoints.iter().map(|path| Frozen::open(path));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let txn = snapshot(db).await?;
    let mut file = File::behind(db);
    let verified = verify_in(&txn, &mut file, options, files, progress).await;
    txn.rollback().await?;
    verified
}

/// A look at the database as of now.
pub(super) async fn snapshot(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions {
        // SQLite's readers have a snapshot anyway.
        isolation_level: (db.get_database_backend() == DbBackend::Postgres).then_some(IsolationLevel::RepeatableRead),
        ..TransactionOptions::default()
    };
    begun(db, options).await
}

async fn verify_in(
    db: &DatabaseTransaction,
    file: &mut Option<File>,
    options: &Options,
    files: Vec<Frozen>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Verified, VerifyError> {
    let mut verified = Verified::default();
    let of = total(db, options).await?;
    let mut last = None;
    loop {
        let heads = heads(db, options, last).await?;
        for head in &heads {
            let mut read = 0;
            let before = verified.entries;
            chain(db, file, head, options, &mut |entries| {
                read = entries;
                progress(Progress {
                    entries: before + entries,
                    of,
                });
            })
            .await?;
            verified.entries += read;
            verified.chains += 1;
        }
        match heads.last() {
            Some(head) if heads.len() as u64 == HEADS => last = Some(head.chain),
            _ => break,
        }
    }
    headless(db, options).await?;
    for file in files {
        verified.checkpoints += signed::check(db, options, file).await?;
    }
    Ok(verified)
}

/// The next heads in the order of their keys.
async fn heads(
    db: &impl ConnectionTrait,
    options: &Options,
    after: Option<Uuid>,
) -> Result<Vec<log_heads::Model>, DbErr> {
    let mut query = log_heads::Entity::find()
        .order_by_asc(log_heads::Column::Chain)
        .limit(HEADS);
    if let Some(after) = after {
        query = query.filter(log_heads::Column::Chain.gt(after));
    }
    if let Some(merchant) = options.merchant {
        query = query.filter(log_heads::Column::Chain.eq(merchant.0));
    }
    query.all(db).await
}

/// About how many entries there are to read: what the heads say, without what was dropped.
async fn total(db: &impl ConnectionTrait, options: &Options) -> Result<u64, DbErr> {
    let mut heads = Query::select()
        .expr(Expr::col(log_heads::Column::LastSequence).sum().cast_as("bigint"))
        .from(log_heads::Entity)
        .take();
    let newest = Query::select()
        .column(log_boundaries::Column::Chain)
        .expr_as(Func::max(Expr::col(log_boundaries::Column::Sequence)), "sequence")
        .from(log_boundaries::Entity)
        .group_by_col(log_boundaries::Column::Chain)
        .take();
    let mut dropped = Query::select()
        .expr(Expr::col("sequence").sum().cast_as("bigint"))
        .from_subquery(newest, "newest")
        .take();
    if let Some(merchant) = options.merchant {
        heads.and_where(Expr::col(log_heads::Column::Chain).eq(merchant.0));
        dropped.and_where(Expr::col("chain").eq(merchant.0));
    }
    let mut sums = [0_i64; 2];
    for (sum, query) in sums.iter_mut().zip([heads, dropped]) {
        let row = db.query_one(&query).await?;
        let found: Option<i64> = row.map(|row| row.try_get_by_index(0)).transpose()?.flatten();
        *sum = found.unwrap_or_default();
    }
    Ok(u64::try_from(sums[0] - sums[1]).unwrap_or_default())
}

/// Checks one chain; `read` is told the number of its entries read.
async fn chain(
    db: &DatabaseTransaction,
    file: &mut Option<File>,
    head: &log_heads::Model,
    options: &Options,
    read: &mut (dyn FnMut(u64) + Send),
) -> Result<(), VerifyError> {
    let broken = |sequence, fault| Broken {
        chain: head.chain,
        sequence,
        id: None,
        fault,
    };
    let owner = (!head.chain.is_nil()).then_some(head.chain);
    if head.merchant_id != owner {
        return Err(broken(head.last_sequence, Fault::Owner).into());
    }
    let begin = match boundaries::begin(db, head.chain, &options.keys).await? {
        Ok(link) => link,
        Err((sequence, fault)) => return Err(broken(sequence, Fault::Boundary(fault)).into()),
    };
    let begin = match options.since {
        Some(since) => match walk::first_since(db, head.chain, since).await? {
            Some(first) if first > begin.sequence + 1 => walk::link(db, head.chain, first - 1)
                .await?
                .ok_or_else(|| broken(first - 1, Fault::Missing))?,
            Some(_) => begin,
            None => last_link(db, head, begin).await?,
        },
        None => begin,
    };
    // What stands below the beginning was dropped, and must not be there.
    let mut walk = Walk::new(head.chain, begin, Some(head.last_sequence));
    if options.since.is_none()
        && let Some(sequence) = walk::first(db, head.chain).await?
        && sequence <= begin.sequence
    {
        return Err(broken(sequence, Fault::BelowBoundary).into());
    }
    let mut entries = 0;
    if let Some(end) = file::walk(file, head, begin, read).await? {
        entries = u64::try_from(end.sequence - begin.sequence).unwrap_or_default();
        // There may be more than the head says.
        walk = Walk::new(head.chain, end, Some(head.last_sequence));
    }
    while let Some(rows) = walk.next(db).await? {
        entries += rows.len() as u64;
        read(entries);
    }
    let end = walk.at();
    if end.sequence < head.last_sequence {
        return Err(broken(end.sequence + 1, Fault::Missing).into());
    }
    if end.hash != *head.last_hash {
        return Err(walk::name(db, broken(end.sequence, Fault::Head)).await?.into());
    }
    Ok(())
}

/// The last entry of a chain, when none is as young as was asked for.
async fn last_link(db: &impl ConnectionTrait, head: &log_heads::Model, begin: Link) -> Result<Link, VerifyError> {
    if head.last_sequence <= begin.sequence {
        return Ok(begin);
    }
    let missing = Broken {
        chain: head.chain,
        sequence: head.last_sequence,
        id: None,
        fault: Fault::Missing,
    };
    Ok(walk::link(db, head.chain, head.last_sequence).await?.ok_or(missing)?)
}

/// Looks for entries of chains that have no head. A step for each chain, whatever the number of its entries.
async fn headless(db: &impl ConnectionTrait, options: &Options) -> Result<(), VerifyError> {
    use device_log::Column;
    let mut after = None;
    loop {
        let mut next = device_log::Entity::find()
            .order_by_asc(Column::Chain)
            .order_by_asc(Column::Sequence);
        match (options.merchant, after) {
            (Some(_), Some(_)) => return Ok(()),
            (Some(merchant), None) => next = next.filter(Column::Chain.eq(merchant.0)),
            (None, Some(after)) => next = next.filter(Column::Chain.gt(after)),
            (None, None) => {}
        }
        let Some(entry) = next.one(db).await? else {
            return Ok(());
        };
        if log_heads::Entity::find_by_id(entry.chain).one(db).await?.is_none() {
            return Err(Broken {
                chain: entry.chain,
                sequence: entry.sequence,
                id: Some(entry.id),
                fault: Fault::NoHead,
            }
            .into());
        }
        after = Some(entry.chain);
    }
}
