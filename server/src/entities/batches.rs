//! Table `batches`.

use sea_orm::entity::prelude::*;

/// Terminals that are handled together.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batches")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Who chose them, and alone may see this.
    pub user_id: Uuid,
    /// What was done: a move, `register` or `issue_codes`; absent as long as nothing was.
    pub work: Option<String>,
    /// When they were chosen, Unix milliseconds.
    pub created_at: i64,
    /// When the work was begun, Unix milliseconds.
    pub begun_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
