//! Table `users`.

use sea_orm::entity::prelude::*;

/// A person who signs in.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Already normalized; unique.
    pub login: String,
    /// What the login looks like ([`app::domain::Login::skeleton`]); unique. Absent where two looked alike before that was
    /// refused.
    pub login_skeleton: Option<String>,
    /// The name that pages show.
    pub display_name: String,
    /// `merchant_owner`, `merchant_clerk`, `platform_admin` or `platform_support`.
    pub role: String,
    /// Set for merchant roles, absent for platform roles.
    pub merchant_id: Option<Uuid>,
    /// PHC string (argon2id); absent until a password is set.
    pub password_hash: Option<String>,
    /// Chosen language, absent for the default.
    pub locale: Option<String>,
    /// Since when sign-in is refused, Unix milliseconds.
    pub disabled_at: Option<i64>,
    /// Unix milliseconds.
    pub password_changed_at: Option<i64>,
    /// Unix milliseconds.
    pub last_signed_in_at: Option<i64>,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// When it was last changed, Unix milliseconds.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
