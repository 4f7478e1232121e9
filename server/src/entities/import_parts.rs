//! Table `import_parts`.

use sea_orm::entity::prelude::*;

/// A piece of an imported file, or of the rows of it that were refused.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_parts")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// `file` or `rejects`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: String,
    /// Its place among the pieces.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    /// What stands there.
    pub bytes: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
