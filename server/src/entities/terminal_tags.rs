//! Table `terminal_tags`.

use sea_orm::entity::prelude::*;

/// A tag on a terminal.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "terminal_tags")]
pub struct Model {
    /// The terminal.
    #[sea_orm(primary_key, auto_increment = false)]
    pub terminal_id: Uuid,
    /// The tag.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tag: String,
}

impl ActiveModelBehavior for ActiveModel {}
