//! Table `activation_codes`.

use sea_orm::entity::prelude::*;

/// An activation code, of which only the hash is kept.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "activation_codes")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The terminal it is for.
    pub terminal_id: Uuid,
    /// The merchant it binds the terminal to.
    pub merchant_id: Uuid,
    /// SHA-256 of the normalized code; unique.
    pub code_hash: Vec<u8>,
    /// `issued`, `consumed`, `expired` or `revoked`; at most one `issued` per terminal.
    pub state: String,
    /// The user who issued it.
    pub issued_by: Option<Uuid>,
    /// Unix milliseconds.
    pub issued_at: i64,
    /// Unix milliseconds.
    pub expires_at: i64,
    /// When it stopped being `issued`, Unix milliseconds.
    pub ended_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
