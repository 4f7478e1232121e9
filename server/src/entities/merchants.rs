//! Table `merchants`.

use sea_orm::entity::prelude::*;

/// A merchant.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "merchants")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The number the platform knows it by, 1 to 32 letters and digits; unique.
    pub merchant_no: String,
    /// Display name.
    pub name: String,
    /// The name in the form in which it is searched, where that is not just its ASCII letters in lower case.
    pub name_key: Option<String>,
    /// `active` or `suspended`.
    pub state: String,
    /// Since when `state` holds, Unix milliseconds.
    pub state_since: i64,
    /// Why it is suspended.
    pub state_reason: Option<String>,
    /// IANA time zone, for example `Asia/Shanghai`.
    pub time_zone: String,
    /// How many terminals may be registered at once.
    pub terminal_quota: i64,
    /// Who to ask for.
    pub contact_name: Option<String>,
    /// Their telephone number.
    pub contact_phone: Option<String>,
    /// Their address for e-mail.
    pub contact_email: Option<String>,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// When it was last changed, Unix milliseconds.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
