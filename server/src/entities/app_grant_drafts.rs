//! Table `app_grant_drafts`.

use sea_orm::entity::prelude::*;

/// What is to be authorized, before it is confirmed.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_grant_drafts")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who prepared it.
    pub user_id: Uuid,
    /// The app.
    pub app_id: Uuid,
    /// `merchants`, `stores` or `terminals`.
    pub kind: String,
    /// The merchant whose stores are listed.
    pub merchant_no: Option<String>,
    /// The list, as a JSON array of what was typed.
    pub lines: String,
    /// Unix milliseconds; absent for the instant of the confirmation.
    pub starts_at: Option<i64>,
    /// Unix milliseconds; absent for no end.
    pub expires_at: Option<i64>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// When it was confirmed, Unix milliseconds.
    pub done_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
