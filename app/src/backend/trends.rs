//! How registrations went lately.

use crate::caller::{Caller, PlatformViewer};
use crate::domain::Reason;
use crate::error::AppError;
use async_trait::async_trait;
use chrono::NaiveDate;

/// Days that are looked back on, today among them.
pub const DAYS: usize = 30;

/// Most reasons that are told.
pub const MOST_REASONS: usize = 5;

/// A day's registrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day {
    /// The date where the caller is.
    pub date: NaiveDate,
    /// Registrations that went well, from the portal and from terminals.
    pub succeeded: u64,
    /// Those that were refused.
    pub failed: u64,
}

/// How registrations went lately.
#[async_trait]
pub trait Trends: Send + Sync {
    /// The last [`DAYS`] days, oldest first, each of them, also without a registration.
    ///
    /// **Permissions:** any caller, within its scope. Of the whole platform it may be a minute old.
    async fn days(&self, caller: &Caller) -> Result<Vec<Day>, AppError>;

    /// The true reasons of most failures of the last [`DAYS`] days, most frequent first.
    ///
    /// **Permissions:** [`PlatformViewer`]. It may be a minute old.
    async fn reasons(&self, by: PlatformViewer<'_>) -> Result<Vec<(Reason, u64)>, AppError>;
}
