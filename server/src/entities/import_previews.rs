//! Table `import_previews`.

use sea_orm::entity::prelude::*;

/// What a row of an import would do.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_previews")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// `created`, `updated` or `skipped`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub effect: String,
    /// The row's place among those of the same effect, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    /// Line of the file, from 1.
    pub line: i64,
    /// Serial number as the file has it.
    pub sn: String,
    /// The terminal's name as it would be.
    pub name: String,
    /// Number of the merchant whose it would be.
    pub merchant_no: Option<String>,
    /// That merchant's name.
    pub merchant_name: Option<String>,
    /// Name of the store where it would stand.
    pub store: Option<String>,
    /// Each fact that would change, before and after, as JSON.
    pub changes: String,
}

impl ActiveModelBehavior for ActiveModel {}
