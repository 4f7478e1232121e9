//! Table `recovery_codes`.

use sea_orm::entity::prelude::*;

/// A code that takes the place of an authenticator app once.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "recovery_codes")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// SHA-256 of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code_hash: Vec<u8>,
    /// When it was used, Unix milliseconds.
    pub used_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
