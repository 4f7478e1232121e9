//! The device log's chains. One chain per merchant and one for the platform; each entry's hash covers
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

/// An entry's fields, wherever they lie; text as its bytes.
pub(super) struct Fields<'a> {
    pub(super) chain: Uuid,
    pub(super) sequence: i64,
    pub(super) id: Uuid,
    pub(super) occurred_at: i64,
    pub(super) received_at: i64,
    pub(super) sn_sent: Option<&'a [u8]>,
    pub(super) sn_normalized: Option<&'a [u8]>,
    pub(super) terminal_id: Option<Uuid>,
    pub(super) merchant_id: Option<Uuid>,
    pub(super) kind: &'a [u8],
    pub(super) outcome: &'a [u8],
    pub(super) reason: Option<&'a [u8]>,
    pub(super) told_reason: Option<&'a [u8]>,
    pub(super) actor_kind: &'a [u8],
    pub(super) actor_id: Option<Uuid>,
    pub(super) actor_label: Option<&'a [u8]>,
    pub(super) address: Option<&'a [u8]>,
    pub(super) correlation_id: &'a [u8],
    pub(super) detail: &'a [u8],
}

impl<'a> Fields<'a> {
    fn of(row: &'a device_log::Model) -> Self {
        let perhaps = |text: &'a Option<String>| text.as_deref().map(str::as_bytes);
        Self {
            chain: row.chain,
            sequence: row.sequence,
            id: row.id,
            occurred_at: row.occurred_at,
            received_at: row.received_at,
            sn_sent: perhaps(&row.sn_sent),
            sn_normalized: perhaps(&row.sn_normalized),
            terminal_id: row.terminal_id,
            merchant_id: row.merchant_id,
            kind: row.kind.as_bytes(),
            outcome: row.outcome.as_bytes(),
            reason: perhaps(&row.reason),
            told_reason: perhaps(&row.told_reason),
            actor_kind: row.actor_kind.as_bytes(),
            actor_id: row.actor_id,
            actor_label: perhaps(&row.actor_label),
            address: perhaps(&row.address),
            correlation_id: row.correlation_id.as_bytes(),
            detail: row.detail.as_bytes(),
        }
    }

    /// Hands over the layout's tag, the hash before it, and every field of the row, in the order in which they are hashed.
    fn each(&self, previous_hash: &[u8], mut field: impl FnMut(Option<&[u8]>)) {
        let key = |key: &'_ Option<Uuid>| key.map(Uuid::into_bytes);
        field(Some(LAYOUT));
        field(Some(previous_hash));
        field(Some(self.chain.as_bytes()));
        field(Some(&self.sequence.to_be_bytes()));
        field(Some(self.id.as_bytes()));
        field(Some(&self.occurred_at.to_be_bytes()));
        field(Some(&self.received_at.to_be_bytes()));
        field(self.sn_sent);
        field(self.sn_normalized);
        field(key(&self.terminal_id).as_ref().map(<[u8; 16]>::as_slice));
        field(key(&self.merchant_id).as_ref().map(<[u8; 16]>::as_slice));
        field(Some(self.kind));
        field(Some(self.outcome));
        field(self.reason);
        field(self.told_reason);
        field(Some(self.actor_kind));
        field(key(&self.actor_id).as_ref().map(<[u8; 16]>::as_slice));
        field(self.actor_label);
        field(self.address);
        field(Some(self.correlation_id));
        field(Some(self.detail));
    }

    /// Writes the bytes that the hash is taken of: each field preceded by its length as a big-endian u32, an absent one by the
    /// largest such number.
    pub(super) fn write(&self, previous_hash: &[u8], bytes: &mut Vec<u8>) {
        self.each(previous_hash, |value| {
            bytes.extend_from_slice(&length_of(value).to_be_bytes());
            bytes.extend_from_slice(value.unwrap_or_default());
        });
    }

    /// Whether these are the bytes that [`Fields::write`] would write, without writing them.
    pub(super) fn are_in(&self, previous_hash: &[u8], bytes: &[u8]) -> bool {
        let mut rest = Some(bytes);
        self.each(previous_hash, |value| {
            rest = rest
                .and_then(|rest| rest.strip_prefix(&length_of(value).to_be_bytes()))
                .and_then(|rest| rest.strip_prefix(value.unwrap_or_default()));
        });
        rest.is_some_and(<[u8]>::is_empty)
    }
}

fn length_of(field: Option<&[u8]>) -> u32 {
    field.map_or(u32::MAX, |value| u32::try_from(value.len()).unwrap_or(u32::MAX - 1))
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

        /// To be compared where they lie and to be written and then compared comes to the same.
        #[test]
        fn fields_are_in_what_they_write_and_in_nothing_else(
            texts in prop::collection::vec("[ab]{0,2}", 9),
            others: Vec<bool>,
            at: prop::sample::Index,
            byte: u8,
        ) {
            let text = |at: usize| texts[at].as_bytes();
            let perhaps = |at: usize| others.get(at).is_none_or(|has| *has).then(|| text(at));
            let fields = Fields {
                chain: Uuid::nil(),
                sequence: 7,
                id: Uuid::max(),
                occurred_at: 1,
                received_at: 2,
                sn_sent: perhaps(0),
                sn_normalized: perhaps(1),
                terminal_id: None,
                merchant_id: Some(Uuid::max()),
                kind: text(2),
                outcome: text(3),
                reason: perhaps(4),
                told_reason: None,
                actor_kind: text(5),
                actor_id: None,
                actor_label: perhaps(6),
                address: None,
                correlation_id: text(7),
                detail: text(8),
            };
            let mut bytes = Vec::new();
            fields.write(&GENESIS, &mut bytes);
            prop_assert!(fields.are_in(&GENESIS, &bytes));
            prop_assert!(!fields.are_in(&[1; 32], &bytes));
            prop_assert!(!fields.are_in(&GENESIS, &bytes[..at.index(bytes.len())]));
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] = byte;
            prop_assert_eq!(fields.are_in(&GENESIS, &changed), changed == bytes);
            changed = bytes;
            changed.push(byte);
            prop_assert!(!fields.are_in(&GENESIS, &changed));
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
