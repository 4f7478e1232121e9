//! Table `app_versions`.

use sea_orm::entity::prelude::*;

/// A published version of an app.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "app_versions")]
pub struct Model {
    /// UUID v7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The app.
    pub app_id: Uuid,
    /// Unique within the app.
    pub version: String,
    /// Release notes in Chinese.
    pub notes_zh: String,
    /// Release notes in English.
    pub notes_en: String,
    /// Oldest firmware it runs on.
    pub min_firmware: Option<String>,
    /// Unix milliseconds.
    pub published_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
