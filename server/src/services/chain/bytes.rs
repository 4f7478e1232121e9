//! The bytes of an entry of the log: what its hash is taken of, and in what two of them differ.

use crate::entities::device_log;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What a hash of this layout begins with; another layout takes another tag.
const LAYOUT: &[u8] = b"tillkeeper device log 1";

/// The bytes that an entry's hash is taken of.
pub fn bytes_of(previous_hash: &[u8], row: &device_log::Model) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    Fields::of(row).write(previous_hash, &mut bytes);
    bytes
}

/// An entry's fields, wherever they lie; text as its bytes.
pub(in crate::services) struct Fields<'a> {
    pub(in crate::services) chain: Uuid,
    pub(in crate::services) sequence: i64,
    pub(in crate::services) id: Uuid,
    pub(in crate::services) occurred_at: i64,
    pub(in crate::services) received_at: i64,
    pub(in crate::services) sn_sent: Option<&'a [u8]>,
    pub(in crate::services) sn_normalized: Option<&'a [u8]>,
    pub(in crate::services) terminal_id: Option<Uuid>,
    pub(in crate::services) merchant_id: Option<Uuid>,
    pub(in crate::services) kind: &'a [u8],
    pub(in crate::services) outcome: &'a [u8],
    pub(in crate::services) reason: Option<&'a [u8]>,
    pub(in crate::services) told_reason: Option<&'a [u8]>,
    pub(in crate::services) actor_kind: &'a [u8],
    pub(in crate::services) actor_id: Option<Uuid>,
    pub(in crate::services) actor_label: Option<&'a [u8]>,
    pub(in crate::services) address: Option<&'a [u8]>,
    pub(in crate::services) correlation_id: &'a [u8],
    pub(in crate::services) detail: &'a [u8],
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
    pub(in crate::services) fn write(&self, previous_hash: &[u8], bytes: &mut Vec<u8>) {
        self.each(previous_hash, |value| {
            bytes.extend_from_slice(&length_of(value).to_be_bytes());
            bytes.extend_from_slice(value.unwrap_or_default());
        });
    }

    /// Whether these are the bytes that [`Fields::write`] would write, without writing them.
    pub(in crate::services) fn are_in(&self, previous_hash: &[u8], bytes: &[u8]) -> bool {
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

#[cfg(test)]
mod tests {
    use super::super::GENESIS;
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
