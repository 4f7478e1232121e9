//! Table `saved_views`.

use sea_orm::entity::prelude::*;

/// Search, filters and order of a list under a name.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "saved_views")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// `devices` or `terminals`.
    pub list: String,
    /// What its owner calls it.
    pub name: String,
    /// The query parameters of the list.
    pub query: String,
    /// When it was made, Unix milliseconds.
    pub created_at: i64,
    /// When it was last changed, Unix milliseconds.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
