//! Table `audit_log`.

use sea_orm::entity::prelude::*;

/// An entry of the audit log. Append-only: the database refuses to change or delete one.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_log")]
pub struct Model {
    /// UUID v7; newest is greatest.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Unix milliseconds.
    pub occurred_at: i64,
    /// The user; absent when nobody is signed in.
    pub actor_id: Option<Uuid>,
    /// The login used, known or not.
    pub actor_login: String,
    /// The role at the time.
    pub actor_role: Option<String>,
    /// The merchant it concerns.
    pub merchant_id: Option<Uuid>,
    /// What was done.
    pub action: String,
    /// The kind of thing it was done to.
    pub target_kind: Option<String>,
    /// Which one.
    pub target: Option<String>,
    /// `success` or `failure`.
    pub outcome: String,
    /// Why it failed.
    pub reason: Option<String>,
    /// State before, as JSON.
    pub before: Option<String>,
    /// State after, as JSON.
    pub after: Option<String>,
    /// Client address.
    pub address: Option<String>,
    /// A name for the session that does not open it.
    pub session: Option<String>,
    /// The request it came from.
    pub request_id: String,
}

impl ActiveModelBehavior for ActiveModel {}
