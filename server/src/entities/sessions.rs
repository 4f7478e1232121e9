//! Table `sessions`.

use sea_orm::entity::prelude::*;

/// A browser session.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sessions")]
pub struct Model {
    /// SHA-256 of the session id; the id itself is only in the cookie.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id_hash: Vec<u8>,
    /// Who is signed in; absent before sign-in.
    pub user_id: Option<Uuid>,
    /// Session values as JSON.
    pub data: String,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// Last use, Unix milliseconds.
    pub last_seen_at: i64,
    /// End, Unix milliseconds.
    pub expires_at: i64,
    /// Client address at creation.
    pub address: Option<String>,
    /// Browser at creation.
    pub user_agent: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
