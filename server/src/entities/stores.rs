//! Table `stores`.

use sea_orm::entity::prelude::*;

/// A store of a merchant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stores")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The merchant it belongs to.
    pub merchant_id: Uuid,
    /// Unique within the merchant.
    pub name: String,
    /// The name in the form in which it is searched, where that is not just its ASCII letters in lower case.
    pub name_key: Option<String>,
    /// Postal address.
    pub address: Option<String>,
    /// Since when it is closed, Unix milliseconds.
    pub closed_at: Option<i64>,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// When it was last changed, Unix milliseconds.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
