//! Table `app_refusals`.

use sea_orm::entity::prelude::*;

/// The newest report of an app that may not run on the terminal, so that the log is told of each once.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_refusals")]
pub struct Model {
    /// The terminal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub terminal_id: Uuid,
    /// Package name, which need not be in the catalogue.
    #[sea_orm(primary_key, auto_increment = false)]
    pub package: String,
    /// The state that was reported.
    pub state: String,
    /// Version as reported.
    pub version: Option<String>,
    /// Unix milliseconds.
    pub reported_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
