//! Table `log_heads`.

use sea_orm::entity::prelude::*;

/// The last link of one chain of the device log.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "log_heads")]
pub struct Model {
    /// The merchant's id, or the nil UUID for the platform's chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub chain: Uuid,
    /// The merchant; absent for the platform's chain.
    pub merchant_id: Option<Uuid>,
    /// Sequence of the last entry.
    pub last_sequence: i64,
    /// SHA-256 hash of the last entry.
    pub last_hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
