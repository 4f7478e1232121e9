//! Table `import_batches`.

use sea_orm::entity::prelude::*;

/// One run of the inventory importer.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_batches")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The user who started it; absent for the command line.
    pub created_by: Option<Uuid>,
    /// `portal` or `cli`.
    pub source: String,
    /// As uploaded.
    pub file_name: String,
    /// `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Rows read.
    pub rows_total: i64,
    /// Terminals made.
    pub rows_created: i64,
    /// Terminals changed.
    pub rows_updated: i64,
    /// Rows that changed nothing.
    pub rows_skipped: i64,
    /// Rows refused; see `import_errors`.
    pub rows_failed: i64,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds; absent while it runs.
    pub finished_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
