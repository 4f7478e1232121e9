//! Where the device log's chains begin: a boundary says that everything up to an entry was exported and dropped, and is
//! signed, so that nobody can shorten the log by writing one.

use super::chain::GENESIS;
use super::checkpoints::key::{PublicKey, SigningKey};
use super::checkpoints::length_prefixed;
use crate::entities::log_boundaries::{Column, Entity, Model};
use app::domain::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

/// What the signed bytes of this layout begin with; another layout takes another tag.
const LAYOUT: &[u8] = b"tillkeeper log boundary 1";

/// A place in a chain: the entry with this sequence has this hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The sequence; 0 before the first entry.
    pub sequence: i64,
    /// The hash.
    pub hash: [u8; 32],
}

impl Link {
    /// Before the first entry of a chain.
    pub const GENESIS: Self = Self {
        sequence: 0,
        hash: GENESIS,
    };
}

/// Why a boundary is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoundaryFault {
    /// It is not what was signed.
    Forged,
    /// It is signed with a key that nobody vouches for.
    UnknownKey(PublicKey),
}

/// What a new boundary says beside its chain and place.
pub(super) struct Cut {
    /// Everything dropped was received before this.
    pub(super) until: Timestamp,
    /// Now.
    pub(super) at: Timestamp,
    /// SHA-256 digest of the export.
    pub(super) export_hash: [u8; 32],
}

/// A boundary at this link, signed.
pub(super) fn signed(key: &SigningKey, chain: Uuid, link: Link, cut: &Cut) -> Model {
    let mut model = Model {
        chain,
        sequence: link.sequence,
        hash: link.hash.to_vec(),
        until: cut.until.0,
        cut_at: cut.at.0,
        export_hash: cut.export_hash.to_vec(),
        public_key: key.public().as_bytes().to_vec(),
        signature: Vec::new(),
    };
    model.signature = key.sign(&signed_bytes(&model)).to_vec();
    model
}

/// Where a chain begins by its newest boundary, or before its first entry; and what speaks against that boundary.
pub(super) async fn begin(
    db: &impl ConnectionTrait,
    chain: Uuid,
    keys: &[PublicKey],
) -> Result<Result<Link, (i64, BoundaryFault)>, DbErr> {
    let newest = Entity::find()
        .filter(Column::Chain.eq(chain))
        .order_by_desc(Column::Sequence)
        .one(db)
        .await?;
    let Some(newest) = newest else {
        return Ok(Ok(Link::GENESIS));
    };
    let forged = Ok(Err((newest.sequence, BoundaryFault::Forged)));
    let (Some(key), Ok(hash)) = (
        PublicKey::from_slice(&newest.public_key),
        <[u8; 32]>::try_from(newest.hash.as_slice()),
    ) else {
        return forged;
    };
    if !key.verifies(&signed_bytes(&newest), &newest.signature) {
        return forged;
    }
    if !keys.contains(&key) {
        return Ok(Err((newest.sequence, BoundaryFault::UnknownKey(key))));
    }
    Ok(Ok(Link {
        sequence: newest.sequence,
        hash,
    }))
}

fn signed_bytes(boundary: &Model) -> Vec<u8> {
    length_prefixed(&[
        LAYOUT,
        boundary.chain.as_bytes(),
        &boundary.sequence.to_be_bytes(),
        &boundary.hash,
        &boundary.until.to_be_bytes(),
        &boundary.cut_at.to_be_bytes(),
        &boundary.export_hash,
        &boundary.public_key,
    ])
}
