//! Table `app_installs`.

use sea_orm::entity::prelude::*;

/// What a terminal last reported about an app.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_installs")]
pub struct Model {
    /// The terminal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub terminal_id: Uuid,
    /// The app.
    #[sea_orm(primary_key, auto_increment = false)]
    pub app_id: Uuid,
    /// The terminal's merchant; follows it.
    pub merchant_id: Uuid,
    /// `unknown`, `installing`, `installed`, `failed` or `removed`.
    pub state: String,
    /// Version as reported.
    pub version: Option<String>,
    /// Why it failed.
    pub error_code: Option<String>,
    /// Unix milliseconds.
    pub reported_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
