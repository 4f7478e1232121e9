//! Table `list_layouts`.

use sea_orm::entity::prelude::*;

/// How somebody has laid out a list.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "list_layouts")]
pub struct Model {
    /// Whose it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// `devices` or `terminals`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list: String,
    /// Words between spaces: `compact`, and the columns that are left out.
    pub layout: String,
}

impl ActiveModelBehavior for ActiveModel {}
