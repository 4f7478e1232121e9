//! Table `import_changes`.

use sea_orm::entity::prelude::*;

/// A terminal that was there already, as it was before an import changed it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_changes")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// The terminal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub terminal_id: Uuid,
    /// What it was, as JSON.
    pub before: String,
    /// The terminal's `updated_at` after the change: another one means that somebody changed it since.
    pub changed_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
