//! Table `throttles`.

use sea_orm::entity::prelude::*;

/// How often something went wrong lately.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "throttles")]
pub struct Model {
    /// What is counted, such as `sign_in.login`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// SHA-256 of what it is counted under.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_hash: Vec<u8>,
    /// When the first one of this window was counted, Unix milliseconds.
    pub window_start: i64,
    /// How many were counted in this window, those that were turned away among them.
    pub count: i64,
    /// Until when all are turned away, Unix milliseconds.
    pub locked_until: Option<i64>,
    /// From when the row says nothing any more, Unix milliseconds.
    pub expires_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
