//! The device log's chains. One chain per merchant and one for the platform; each entry's hash covers
//! its own fields and the hash before it, as [`bytes`] writes them.

mod bytes;

pub(super) use bytes::Fields;
pub use bytes::{bytes_of, difference, hash_of};

use crate::clock::Surroundings;
use crate::entities::{device_log, log_heads};
use app::domain::{
    ActorKind, LogEntryId, LogKind, MerchantId, Outcome, Reason, SerialNumber, TerminalId, Timestamp, Told,
};
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The hash before the first entry of a chain.
pub const GENESIS: [u8; 32] = [0; 32];

/// Entries that one statement inserts; 23 columns each stay under SQLite's 32,766 parameters.
const INSERT_ROWS: usize = 500;

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind of party.
    pub kind: ActorKind,
    /// Its key, when it has one.
    pub id: Option<Uuid>,
    /// Its name, as it was then.
    pub label: Option<String>,
}

/// An entry to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Whose chain; `None` for the platform's.
    pub merchant: Option<MerchantId>,
    /// When it happened.
    pub occurred: Timestamp,
    /// The serial number as it was sent.
    pub sn_sent: Option<String>,
    /// Which terminal it is about.
    pub terminal: Option<TerminalId>,
    /// What happened.
    pub kind: LogKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Why not, in truth.
    pub reason: Option<Reason>,
    /// Why not, as it was told.
    pub told: Option<Told>,
    /// Who did it.
    pub actor: Actor,
    /// From which address.
    pub address: Option<String>,
    /// What ties it to other entries and to the log lines of one request.
    pub correlation: String,
    /// More, as a JSON object.
    pub detail: serde_json::Value,
}

/// The key of a merchant's chain, or of the platform's.
pub fn chain_of(merchant: Option<MerchantId>) -> Uuid {
    merchant.map_or(Uuid::nil(), |merchant| merchant.0)
}

/// Appends entries to their chains, in the order given, as part of `txn`. The heads are the last rows that a transaction
/// should lock: they are locked until it ends, chains in the order of their keys.
///
/// # Errors
/// What the database says; the transaction must then be given up.
pub async fn append(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    entries: Vec<NewEntry>,
) -> Result<Vec<LogEntryId>, DbErr> {
    let mut chains: BTreeMap<Uuid, Vec<NewEntry>> = BTreeMap::new();
    for entry in entries {
        chains.entry(chain_of(entry.merchant)).or_default().push(entry);
    }
    let mut heads = lock_heads(txn, &chains).await?;
    let mut rows = Vec::new();
    for (chain, entries) in chains {
        let head = heads
            .get_mut(&chain)
            .ok_or_else(|| DbErr::RecordNotFound("the head of a log chain".to_owned()))?;
        for entry in entries {
            let mut row = row(surroundings, chain, head.last_sequence + 1, entry);
            row.bytes = bytes_of(&head.last_hash, &row);
            row.hash = hash_of(&row.bytes).to_vec();
            head.last_sequence = row.sequence;
            head.last_hash.clone_from(&row.hash);
            rows.push(row);
        }
    }
    let ids = rows.iter().map(|row| LogEntryId(row.id)).collect();
    let mut rows = rows.into_iter();
    loop {
        let chunk: Vec<_> = rows
            .by_ref()
            .take(INSERT_ROWS)
            .map(device_log::ActiveModel::from)
            .map(all_set)
            .collect();
        if chunk.is_empty() {
            break;
        }
        device_log::Entity::insert_many(chunk)
            .exec_without_returning(txn)
            .await?;
    }
    let heads: Vec<_> = heads.into_values().collect();
    for chunk in heads.chunks(INSERT_ROWS) {
        move_heads(txn, chunk).await?;
    }
    Ok(ids)
}

/// The heads of chains, locked in the order of their keys; those that are missing are made.
async fn lock_heads(
    txn: &DatabaseTransaction,
    chains: &BTreeMap<Uuid, Vec<NewEntry>>,
) -> Result<BTreeMap<Uuid, log_heads::Model>, DbErr> {
    let mut heads = BTreeMap::new();
    let keys: Vec<Uuid> = chains.keys().copied().collect();
    for keys in keys.chunks(INSERT_ROWS) {
        let find = || {
            log_heads::Entity::find()
                .filter(log_heads::Column::Chain.is_in(keys.iter().copied()))
                .order_by_asc(log_heads::Column::Chain)
                .lock(LockType::NoKeyUpdate)
                .all(txn)
        };
        let mut found = find().await?;
        if found.len() < keys.len() {
            let missing = keys.iter().filter(|key| found.iter().all(|head| head.chain != **key));
            let first = missing.map(|key| log_heads::ActiveModel {
                chain: Set(*key),
                merchant_id: Set((!key.is_nil()).then_some(*key)),
                last_sequence: Set(0),
                last_hash: Set(GENESIS.to_vec()),
            });
            log_heads::Entity::insert_many(first)
                .on_conflict_do_nothing_on([log_heads::Column::Chain])
                .exec_without_returning(txn)
                .await?;
            found = find().await?;
        }
        heads.extend(found.into_iter().map(|head| (head.chain, head)));
    }
    Ok(heads)
}

/// Writes where chains end now, whose heads are there and locked.
async fn move_heads(txn: &DatabaseTransaction, heads: &[log_heads::Model]) -> Result<(), DbErr> {
    if let [head] = heads {
        log_heads::Entity::update_many()
            .col_expr(log_heads::Column::LastSequence, head.last_sequence.into())
            .col_expr(log_heads::Column::LastHash, head.last_hash.clone().into())
            .filter(log_heads::Column::Chain.eq(head.chain))
            .exec(txn)
            .await?;
        return Ok(());
    }
    let rows = heads
        .iter()
        .cloned()
        .map(|head| log_heads::ActiveModel::from(head).reset_all());
    log_heads::Entity::insert_many(rows)
        .on_conflict(
            OnConflict::column(log_heads::Column::Chain)
                .update_columns([log_heads::Column::LastSequence, log_heads::Column::LastHash])
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

fn row(surroundings: &Surroundings, chain: Uuid, sequence: i64, entry: NewEntry) -> device_log::Model {
    let sn_normalized = entry
        .sn_sent
        .as_deref()
        .and_then(|sn| SerialNumber::parse(sn).ok())
        .map(|sn| sn.as_str().to_owned());
    device_log::Model {
        id: surroundings.new_id(),
        chain,
        sequence,
        occurred_at: entry.occurred.0,
        received_at: surroundings.now().0,
        sn_sent: entry.sn_sent,
        sn_normalized,
        terminal_id: entry.terminal.map(|terminal| terminal.0),
        merchant_id: entry.merchant.map(|merchant| merchant.0),
        kind: entry.kind.code().to_owned(),
        outcome: entry.outcome.code().to_owned(),
        reason: entry.reason.map(|reason| reason.code().to_owned()),
        told_reason: entry.told.map(|told| told.code().to_owned()),
        actor_kind: entry.actor.kind.code().to_owned(),
        actor_id: entry.actor.id,
        actor_label: entry.actor.label,
        address: entry.address,
        correlation_id: entry.correlation,
        detail: entry.detail.to_string(),
        bytes: Vec::new(),
        hash: Vec::new(),
    }
}

fn all_set(row: device_log::ActiveModel) -> device_log::ActiveModel {
    row.reset_all()
}
