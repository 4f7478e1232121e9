//! Table `second_factors`.

use sea_orm::entity::prelude::*;

/// The second step of somebody's sign-in.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "second_factors")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: Uuid,
    /// The secret that the authenticator app shares.
    pub secret: Vec<u8>,
    /// When it was begun, Unix milliseconds.
    pub created_at: i64,
    /// Since when it is asked for, Unix milliseconds; absent until a first code has confirmed it.
    pub confirmed_at: Option<i64>,
    /// The newest time step (RFC 6238) whose code was taken; none up to it is taken again.
    pub last_step: Option<i64>,
    /// Codes that were tried since `tries_since`.
    pub tries: i64,
    /// Unix milliseconds.
    pub tries_since: i64,
}

impl ActiveModelBehavior for ActiveModel {}
