//! Table `floods`.

use sea_orm::entity::prelude::*;

/// Attempts to register that were turned away within one window. What was not the same in all of them is absent.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "floods")]
pub struct Model {
    /// What is counted, such as `register.sn`: the limit that turned them away.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// SHA-256 of what it is counted under.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: Vec<u8>,
    /// When the window ends, Unix milliseconds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ends_at: i64,
    /// In whose chain it is logged.
    pub merchant_id: Option<Uuid>,
    /// Which terminal was meant.
    pub terminal_id: Option<Uuid>,
    /// The serial number as it was sent.
    pub sn_sent: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// When the first one was turned away, Unix milliseconds.
    pub began_at: i64,
    /// When the newest one was turned away, Unix milliseconds.
    pub last_at: i64,
    /// How many were turned away.
    pub turned_away: i64,
}

impl ActiveModelBehavior for ActiveModel {}
