//! What a terminal may read of itself.

use super::{BusinessDay, Device, Failure, PresenceService};
use crate::entities::{merchants, stores, terminals};
use crate::services::failure::unreadable;
use app::domain::{Lifecycle, Timestamp};
use app::error::AppError;
use sea_orm::EntityTrait;

/// A terminal's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its serial number in normal form.
    pub sn: String,
    /// Who made it.
    pub manufacturer: String,
    /// What it is.
    pub model: String,
    /// What its people call it.
    pub name: String,
    /// Its merchant's number with the platform.
    pub merchant_no: String,
    /// Its merchant's name.
    pub merchant_name: String,
    /// Where it stands, when that is known.
    pub store: Option<String>,
    /// Its state.
    pub lifecycle: Lifecycle,
    /// Its firmware, as last told.
    pub firmware: Option<String>,
    /// Version of its main app.
    pub app_version: Option<String>,
    /// When it was registered.
    pub registered: Option<Timestamp>,
    /// When it was last heard from.
    pub last_seen: Option<Timestamp>,
    /// Its last business day.
    pub day: Option<BusinessDay>,
}

impl PresenceService {
    /// The terminal's own record. A heartbeat stands in it within a second.
    ///
    /// **Permissions:** [`Device`].
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn get(&self, by: &Device) -> Result<Record, AppError> {
        Ok(self.record(by).await?)
    }

    async fn record(&self, by: &Device) -> Result<Record, Failure> {
        let reader = self.database.reader();
        let terminal = terminals::Entity::find_by_id(by.terminal.0).one(reader).await?;
        // It may have been given to somebody else a moment ago.
        let terminal = terminal
            .filter(|terminal| terminal.merchant_id == Some(by.merchant.0))
            .ok_or(AppError::SignInRequired)?;
        let merchant = merchants::Entity::find_by_id(by.merchant.0).one(reader).await?;
        let merchant = merchant.ok_or_else(|| unreadable("merchant"))?;
        let store = match terminal.store_id {
            Some(store) => stores::Entity::find_by_id(store).one(reader).await?,
            None => None,
        };
        Ok(Record {
            day: BusinessDay::of(&terminal),
            sn: terminal.sn,
            manufacturer: terminal.manufacturer,
            model: terminal.model,
            name: terminal.name,
            merchant_no: merchant.merchant_no,
            merchant_name: merchant.name,
            store: store.map(|store| store.name),
            lifecycle: by.lifecycle,
            firmware: terminal.firmware,
            app_version: terminal.app_version,
            registered: terminal.registered_at.map(Timestamp),
            last_seen: terminal.last_seen_at.map(Timestamp),
        })
    }
}
