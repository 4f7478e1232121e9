//! Table `app_grants`.

use sea_orm::entity::prelude::*;

/// The permission to run an app: for a merchant, one of its stores, or one of its terminals.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_grants")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The app.
    pub app_id: Uuid,
    /// The merchant.
    pub merchant_id: Uuid,
    /// Only in this store.
    pub store_id: Option<Uuid>,
    /// Only on this terminal.
    pub terminal_id: Option<Uuid>,
    /// Unix milliseconds.
    pub starts_at: i64,
    /// Unix milliseconds; absent for no end.
    pub expires_at: Option<i64>,
    /// Unix milliseconds.
    pub revoked_at: Option<i64>,
    /// Why it was revoked.
    pub revoke_reason: Option<String>,
    /// The user who granted it.
    pub granted_by: Option<Uuid>,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// When the log was told that it ran out, Unix milliseconds.
    pub expiry_told_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
