//! Table `import_errors`.

use sea_orm::entity::prelude::*;

/// One complaint about one row of an import.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_errors")]
pub struct Model {
    /// The import run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// Line in the file, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// Which complaint about that line, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i64,
    /// The column it is about; absent for the whole row.
    pub column_name: Option<String>,
    /// Stable code; the text comes from it.
    pub code: String,
    /// What was there instead.
    pub found: Option<String>,
    /// The row's serial number as read.
    pub sn: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
