//! Terminals that talk: their business day, their heartbeats, and noticing when one falls silent.

mod beat;
mod record;
mod sweep;

use super::business_day::business_day;
use super::chain::{self, Actor, NewEntry};
use super::failure::{Failure, unreadable};
use super::tokens::Device;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{merchants, terminals};
use app::domain::{Lifecycle, LogKind, OperatorNo, Outcome, Reason, Timestamp, Told};
use app::error::{AppError, Invalid};
use beat::{Arrivals, Pending};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use serde_json::json;

pub use beat::{Heard, INTERVAL_MS};
pub use record::Record;
pub use sweep::{silent_at, watch};

/// Hears terminals.
pub struct PresenceService {
    database: Database,
    surroundings: Surroundings,
    pending: Pending,
    arrivals: Arrivals,
}

/// A terminal's business day, as the terminal is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessDay {
    /// The day in the merchant's time zone, `YYYY-MM-DD`.
    pub day: String,
    /// Who signed in.
    pub operator_no: String,
    /// When.
    pub signed_in: Timestamp,
    /// When the day was closed, if it is.
    pub signed_out: Option<Timestamp>,
}

impl BusinessDay {
    fn of(terminal: &terminals::Model) -> Option<Self> {
        Some(Self {
            day: terminal.business_day.clone()?,
            operator_no: terminal.operator_no.clone()?,
            signed_in: Timestamp(terminal.signed_in_at?),
            signed_out: terminal.signed_out_at.map(Timestamp),
        })
    }
}

impl PresenceService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self {
            pending: Pending::default(),
            arrivals: beat::arrivals(database.clone(), surroundings.clone()),
            database,
            surroundings,
        }
    }

    /// Opens the terminal's business day: 签到. Doing it again on the same day changes nothing, unless another operator
    /// does it or the day was closed.
    ///
    /// **Permissions:** [`Device`].
    ///
    /// # Errors
    /// [`AppError::Refused`] with [`Reason::MerchantSuspended`], [`Reason::TerminalSuspended`] or
    /// [`Reason::TerminalRetired`]; [`AppError::Internal`].
    pub async fn sign_in(&self, by: &Device, operator: &OperatorNo) -> Result<BusinessDay, AppError> {
        Ok(self.open_day(by, operator).await?)
    }

    /// Closes the terminal's business day: 签退. Doing it again changes nothing.
    ///
    /// **Permissions:** [`Device`].
    ///
    /// # Errors
    /// [`Invalid::NotInThisState`] when it has never signed in; [`AppError::Refused`] as for
    /// [`PresenceService::sign_in`]; [`AppError::Internal`].
    pub async fn sign_out(&self, by: &Device) -> Result<BusinessDay, AppError> {
        Ok(self.close_day(by).await?)
    }

    async fn open_day(&self, by: &Device, operator: &OperatorNo) -> Result<BusinessDay, Failure> {
        let txn = self.database.begin().await?;
        let terminal = lock(&txn, by).await?;
        let merchant = merchants::Entity::find_by_id(by.merchant.0)
            .one(&txn)
            .await?
            .ok_or_else(|| unreadable("merchant"))?;
        if merchant.state != "active" {
            return Err(AppError::Refused(Told::Itself(Reason::MerchantSuspended)).into());
        }
        let now = self.surroundings.now();
        let today = business_day(now, &merchant.time_zone).ok_or_else(|| unreadable("time zone"))?;
        let open = BusinessDay::of(&terminal)
            .filter(|open| open.day == today && open.operator_no == operator.as_str() && open.signed_out.is_none());
        if let Some(open) = open {
            return Ok(open);
        }
        let mut terminal = terminals::ActiveModel::from(terminal);
        terminal.business_day = Set(Some(today.clone()));
        terminal.operator_no = Set(Some(operator.as_str().to_owned()));
        terminal.signed_in_at = Set(Some(now.0));
        terminal.signed_out_at = Set(None);
        terminal.last_seen_at = Set(Some(now.0));
        let terminal = terminal.update(&txn).await?;
        let detail = json!({ "business_day": today, "operator_no": operator.as_str() });
        self.tell(&txn, by, LogKind::TerminalSignedIn, detail).await?;
        txn.commit().await?;
        BusinessDay::of(&terminal).ok_or_else(|| unreadable("business day"))
    }

    async fn close_day(&self, by: &Device) -> Result<BusinessDay, Failure> {
        let txn = self.database.begin().await?;
        let terminal = lock(&txn, by).await?;
        let day = BusinessDay::of(&terminal).ok_or(Invalid::NotInThisState)?;
        if day.signed_out.is_some() {
            return Ok(day);
        }
        let now = self.surroundings.now();
        let mut terminal = terminals::ActiveModel::from(terminal);
        terminal.signed_out_at = Set(Some(now.0));
        terminal.last_seen_at = Set(Some(now.0));
        terminal.update(&txn).await?;
        let detail = json!({ "business_day": day.day, "operator_no": day.operator_no });
        self.tell(&txn, by, LogKind::TerminalSignedOut, detail).await?;
        txn.commit().await?;
        Ok(BusinessDay {
            signed_out: Some(now),
            ..day
        })
    }

    /// Appends what a terminal did to its merchant's log.
    async fn tell(
        &self,
        txn: &DatabaseTransaction,
        by: &Device,
        kind: LogKind,
        detail: serde_json::Value,
    ) -> Result<(), Failure> {
        let actor = Actor::terminal(Some(by.terminal));
        let entry = NewEntry {
            merchant: Some(by.merchant),
            terminal: Some(by.terminal),
            sn_sent: Some(by.sn_printed.clone()),
            detail,
            ..NewEntry::of(&self.surroundings, by.request(), actor, kind, Outcome::Info)
        };
        chain::append(txn, &self.surroundings, vec![entry]).await?;
        Ok(())
    }
}

/// The terminal's row, locked, while it is still what its token said: a moment ago somebody may have suspended it.
pub(super) async fn lock(txn: &DatabaseTransaction, by: &Device) -> Result<terminals::Model, Failure> {
    let terminal = terminals::Entity::find_by_id(by.terminal.0)
        .filter(terminals::Column::MerchantId.eq(by.merchant.0))
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?
        .ok_or(AppError::SignInRequired)?;
    let lifecycle: Lifecycle = terminal.lifecycle.parse().map_err(|_| unreadable("lifecycle"))?;
    let refused = |reason| Err(AppError::Refused(Told::Itself(reason)).into());
    match lifecycle {
        Lifecycle::Registered => Ok(terminal),
        Lifecycle::Suspended => refused(Reason::TerminalSuspended),
        Lifecycle::Retired => refused(Reason::TerminalRetired),
        Lifecycle::Unassigned | Lifecycle::Awaiting => Err(AppError::SignInRequired.into()),
    }
}
