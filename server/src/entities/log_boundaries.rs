//! Table `log_boundaries`.

use sea_orm::entity::prelude::*;

/// Where a chain of the device log begins once its oldest entries were exported and dropped. Append-only; the row with
/// the greatest sequence is in force.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_boundaries")]
pub struct Model {
    /// The chain that was shortened.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain: Uuid,
    /// Sequence of the last entry that was dropped.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// SHA-256 hash of that entry.
    pub hash: Vec<u8>,
    /// Every entry that was dropped had been received before this, Unix milliseconds.
    pub until: i64,
    /// When they were dropped, Unix milliseconds.
    pub cut_at: i64,
    /// SHA-256 digest of the export that holds them.
    pub export_hash: Vec<u8>,
    /// Ed25519 public key of whoever signed it.
    pub public_key: Vec<u8>,
    /// Ed25519 signature over the fields before.
    pub signature: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
