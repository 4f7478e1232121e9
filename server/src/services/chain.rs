//! The device log's chains: PRODUCT section 6. One chain per merchant and one for the platform; each entry's hash covers
//! its own fields and the hash before it.

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
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What a hash of this layout begins with; another layout takes another tag.
const LAYOUT: &[u8] = b"tillkeeper device log 1";

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

/// The bytes that an entry's hash is taken of.
pub fn bytes_of(previous_hash: &[u8], row: &device_log::Model) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    Fields::of(row).write(previous_hash, &mut bytes);
    bytes
}

/// An entry's fields, wherever they lie.
pub(super) struct Fields<'a> {
    pub(super) chain: Uuid,
    pub(super) sequence: i64,
    pub(super) id: Uuid,
    pub(super) occurred_at: i64,
    pub(super) received_at: i64,
    pub(super) sn_sent: Option<&'a str>,
    pub(super) sn_normalized: Option<&'a str>,
    pub(super) terminal_id: Option<Uuid>,
    pub(super) merchant_id: Option<Uuid>,
    pub(super) kind: &'a str,
    pub(super) outcome: &'a str,
    pub(super) reason: Option<&'a str>,
    pub(super) told_reason: Option<&'a str>,
    pub(super) actor_kind: &'a str,
    pub(super) actor_id: Option<Uuid>,
    pub(super) actor_label: Option<&'a str>,
    pub(super) address: Option<&'a str>,
    pub(super) correlation_id: &'a str,
    pub(super) detail: &'a str,
}

impl<'a> Fields<'a> {
    fn of(row: &'a device_log::Model) -> Self {
        Self {
            chain: row.chain,
            sequence: row.sequence,
            id: row.id,
            occurred_at: row.occurred_at,
            received_at: row.received_at,
            sn_sent: row.sn_sent.as_deref(),
            sn_normalized: row.sn_normalized.as_deref(),
            terminal_id: row.terminal_id,
            merchant_id: row.merchant_id,
            kind: &row.kind,
            outcome: &row.outcome,
            reason: row.reason.as_deref(),
            told_reason: row.told_reason.as_deref(),
            actor_kind: &row.actor_kind,
            actor_id: row.actor_id,
            actor_label: row.actor_label.as_deref(),
            address: row.address.as_deref(),
            correlation_id: &row.correlation_id,
            detail: &row.detail,
        }
    }

    /// Writes the bytes that the hash is taken of: the layout's tag, the hash before it, and every field of the row, each
    /// preceded by its length as a big-endian u32, an absent one by the largest such number.
    pub(super) fn write(&self, previous_hash: &[u8], bytes: &mut Vec<u8>) {
        let mut field = |value: Option<&[u8]>| match value {
            Some(value) => {
                let length = u32::try_from(value.len()).unwrap_or(u32::MAX - 1);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(value);
            }
            None => bytes.extend_from_slice(&u32::MAX.to_be_bytes()),
        };
        let key = |key: &'_ Option<Uuid>| key.map(Uuid::into_bytes);
        field(Some(LAYOUT));
        field(Some(previous_hash));
        field(Some(self.chain.as_bytes()));
        field(Some(&self.sequence.to_be_bytes()));
        field(Some(self.id.as_bytes()));
        field(Some(&self.occurred_at.to_be_bytes()));
        field(Some(&self.received_at.to_be_bytes()));
        field(self.sn_sent.map(str::as_bytes));
        field(self.sn_normalized.map(str::as_bytes));
        field(key(&self.terminal_id).as_ref().map(<[u8; 16]>::as_slice));
        field(key(&self.merchant_id).as_ref().map(<[u8; 16]>::as_slice));
        field(Some(self.kind.as_bytes()));
        field(Some(self.outcome.as_bytes()));
        field(self.reason.map(str::as_bytes));
        field(self.told_reason.map(str::as_bytes));
        field(Some(self.actor_kind.as_bytes()));
        field(key(&self.actor_id).as_ref().map(<[u8; 16]>::as_slice));
        field(self.actor_label.map(str::as_bytes));
        field(self.address.map(str::as_bytes));
        field(Some(self.correlation_id.as_bytes()));
        field(Some(self.detail.as_bytes()));
    }
}

/// What the fields of an entry's bytes are called, in their order; the first two are no columns.
const NAMES: [&str; 21] = [
    "layout",
    "previous_hash",
    "chain",
    "sequence",
    "id",
    "occurred_at",
    "received_at",
    "sn_sent",
    "sn_normalized",
    "terminal_id",
    "merchant_id",
    "kind",
    "outcome",
    "reason",
    "told_reason",
    "actor_kind",
    "actor_id",
    "actor_label",
    "address",
    "correlation_id",
    "detail",
];

/// The names of the fields in which two entries' bytes differ; `None` when `found` is not such bytes at all.
pub fn difference(found: &[u8], expected: &[u8]) -> Option<Vec<&'static str>> {
    let (found, expected) = (fields(found)?, fields(expected)?);
    let pairs = NAMES.into_iter().zip(found.into_iter().zip(expected));
    let differ = pairs.filter(|(_, (found, expected))| found != expected);
    Some(differ.map(|(name, _)| name).collect())
}

/// The fields of an entry's bytes.
fn fields(mut bytes: &[u8]) -> Option<Vec<Option<&[u8]>>> {
    let mut fields = Vec::with_capacity(NAMES.len());
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = u32::from_be_bytes(*length);
        let (field, rest) = match length {
            u32::MAX => (None, rest),
            length => {
                let (field, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (Some(field), rest)
            }
        };
        fields.push(field);
        bytes = rest;
    }
    (bytes.is_empty() && fields.len() == NAMES.len()).then_some(fields)
}

/// SHA-256 (FIPS 180-4) of an entry's bytes.
pub fn hash_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn all_set(row: device_log::ActiveModel) -> device_log::ActiveModel {
    row.reset_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever somebody wrote in the place of an entry's bytes, reading them ends well.
        #[test]
        fn any_bytes_can_be_compared(found in prop::collection::vec(any::<u8>(), 0..300), expected: Vec<u8>) {
            prop_assert!(difference(&found, &expected).is_none_or(|names| names.len() <= NAMES.len()));
        }

        #[test]
        fn fields_are_read_back(fields in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), 21)) {
            let mut bytes = Vec::new();
            for field in &fields {
                let length = field.as_ref().map_or(u32::MAX, |field| field.len() as u32);
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(field.as_deref().unwrap_or_default());
            }
            let read = super::fields(&bytes).map(|read| read.into_iter().map(|field| field.map(<[u8]>::to_vec)).collect());
            prop_assert_eq!(read, Some(fields));
            prop_assert_eq!(difference(&bytes, &bytes), Some(Vec::new()));
            prop_assert_eq!(difference(&bytes[..bytes.len() - 1], &bytes), None);
        }
    }
}
