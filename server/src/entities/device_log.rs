//! Table `device_log`.

use sea_orm::entity::prelude::*;

/// An entry of the device log. Append-only: the database refuses to change one, or to delete one above its chain's boundary.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device_log")]
pub struct Model {
    /// UUID v7; newest is greatest.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The chain it belongs to.
    pub chain: Uuid,
    /// Position in the chain.
    pub sequence: i64,
    /// When it happened, Unix milliseconds.
    pub occurred_at: i64,
    /// When it was written, Unix milliseconds.
    pub received_at: i64,
    /// Serial number as sent.
    pub sn_sent: Option<String>,
    /// Serial number as understood.
    pub sn_normalized: Option<String>,
    /// The terminal, when there is one.
    pub terminal_id: Option<Uuid>,
    /// The merchant whose entry it is, when there is one.
    pub merchant_id: Option<Uuid>,
    /// Kind, for example `registration.failed`.
    pub kind: String,
    /// `success`, `failure` or `info`.
    pub outcome: String,
    /// The true reason.
    pub reason: Option<String>,
    /// The reason that merchants and terminals are told.
    pub told_reason: Option<String>,
    /// `user`, `terminal` or `system`.
    pub actor_kind: String,
    /// The user or terminal.
    pub actor_id: Option<Uuid>,
    /// Their name at the time.
    pub actor_label: Option<String>,
    /// Client address.
    pub address: Option<String>,
    /// The request it came from.
    pub correlation_id: String,
    /// Everything else, as JSON.
    pub detail: String,
    /// Exactly what was hashed.
    pub bytes: Vec<u8>,
    /// SHA-256 of `bytes`, which begin with the hash before.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
