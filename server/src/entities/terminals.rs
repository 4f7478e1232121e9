//! Table `terminals`.

use sea_orm::entity::prelude::*;

/// A POS terminal.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "terminals")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Manufacturer.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Normalized serial number: upper case, 4 to 64 characters; unique per manufacturer among terminals that are not retired.
    pub sn: String,
    /// Serial number as printed.
    pub sn_printed: String,
    /// Display name.
    pub name: String,
    /// The name in the form in which it is searched, where that is not just its ASCII letters in lower case.
    pub name_key: Option<String>,
    /// The merchant it is given to.
    pub merchant_id: Option<Uuid>,
    /// The store of that merchant where it stands.
    pub store_id: Option<Uuid>,
    /// `unassigned`, `awaiting`, `registered`, `suspended` or `retired`.
    pub lifecycle: String,
    /// Why it is suspended or retired.
    pub lifecycle_reason: Option<String>,
    /// The reason in words.
    pub lifecycle_note: Option<String>,
    /// Free text.
    pub note: Option<String>,
    /// Firmware version as last reported.
    pub firmware: Option<String>,
    /// Terminal program version as last reported.
    pub app_version: Option<String>,
    /// SHA-256 of the device token; absent before it has connected.
    pub token_hash: Option<Vec<u8>>,
    /// Unix milliseconds.
    pub token_issued_at: Option<i64>,
    /// Expected time between heartbeats, milliseconds.
    pub heartbeat_interval_ms: Option<i64>,
    /// Last heartbeat's facts as JSON.
    pub last_report: Option<String>,
    /// When that was, Unix milliseconds.
    pub reported_at: Option<i64>,
    /// Whether the log was last told that it is online.
    pub online: bool,
    /// From when on its silence means that it is offline, Unix milliseconds.
    pub online_until: Option<i64>,
    /// The day of its last sign-in in the merchant's time zone, `YYYY-MM-DD`.
    pub business_day: Option<String>,
    /// When it last signed in, Unix milliseconds.
    pub signed_in_at: Option<i64>,
    /// When it signed out after that, Unix milliseconds.
    pub signed_out_at: Option<i64>,
    /// Who signed in at it, as the terminal numbers its operators.
    pub operator_no: Option<String>,
    /// The import that made it.
    pub import_batch_id: Option<Uuid>,
    /// When the row was made, Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub registered_at: Option<i64>,
    /// Last heard from, Unix milliseconds.
    pub last_seen_at: Option<i64>,
    /// When it was last changed, Unix milliseconds.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
