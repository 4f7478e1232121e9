//! Table `idempotency_keys`.

use sea_orm::entity::prelude::*;

/// The answer kept for an `Idempotency-Key`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// Who sent the key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub principal: Vec<u8>,
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 of the request it was first used with.
    pub request_hash: Vec<u8>,
    /// HTTP status; absent while the first request runs.
    pub status: Option<i64>,
    /// Media type of the answer.
    pub content_type: Option<String>,
    /// The answer, byte for byte.
    pub body: Option<Vec<u8>>,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub expires_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
