//! Table `invitations`.

use sea_orm::entity::prelude::*;

/// A one-time link with which somebody sets a password.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invitations")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// SHA-256 of the token in the link; the token itself is only there.
    pub token_hash: Vec<u8>,
    /// `invite`, `reset` or `setup`.
    pub purpose: String,
    /// Whose password it sets; absent where accepting it makes the user.
    pub user_id: Option<Uuid>,
    /// The role of that user.
    pub role: String,
    /// The merchant of that user, for a merchant's role.
    pub merchant_id: Option<Uuid>,
    /// The name of that user.
    pub display_name: String,
    /// Who made the link; absent for the server itself.
    pub created_by: Option<Uuid>,
    /// When it was made, Unix milliseconds.
    pub created_at: i64,
    /// Until when it works, Unix milliseconds.
    pub expires_at: i64,
    /// When it was used, Unix milliseconds.
    pub used_at: Option<i64>,
    /// When it was withdrawn, or another took its place, Unix milliseconds.
    pub revoked_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
