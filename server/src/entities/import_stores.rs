//! Table `import_stores`.

use sea_orm::entity::prelude::*;

/// A store that an import made.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_stores")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// The store.
    #[sea_orm(primary_key, auto_increment = false)]
    pub store_id: Uuid,
}

impl ActiveModelBehavior for ActiveModel {}
