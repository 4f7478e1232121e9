//! Merchants, as the platform looks after them and as each sees itself.

use super::page::{Cursor, Page};
use super::stores::StoreRow;
use super::terminals::TerminalCounts;
use crate::caller::{MerchantMember, PlatformAdmin, PlatformViewer};
use crate::domain::{MerchantNo, MerchantState, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// Most terminals that a merchant can be allowed.
pub const MAX_QUOTA: u64 = 10_000_000;

/// Most characters of the reason for which a merchant is suspended.
pub const REASON_CHARS: usize = 200;

/// What the list of merchants is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MerchantQuery {
    /// Words, each of which must be part of the number or the name.
    pub search: Option<String>,
    /// Only merchants in this state.
    pub state: Option<MerchantState>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// A merchant as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantRow {
    /// Its number with the platform.
    pub number: MerchantNo,
    /// Its name.
    pub name: String,
    /// Whether it may take payments.
    pub state: MerchantState,
    /// Since when that holds.
    pub state_since: Timestamp,
    /// How many terminals may be registered at once.
    pub quota: u64,
    /// How many are: registered and suspended ones.
    pub used: u64,
}

/// A merchant with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// What a list shows.
    pub row: MerchantRow,
    /// Why it is suspended.
    pub state_reason: Option<String>,
    /// IANA time zone.
    pub time_zone: String,
    /// Who to ask for.
    pub contact_name: Option<String>,
    /// Their telephone number.
    pub contact_phone: Option<String>,
    /// Their address for e-mail.
    pub contact_email: Option<String>,
    /// When the platform took it on.
    pub created: Timestamp,
    /// Its terminals by state.
    pub counts: TerminalCounts,
    /// Its stores by name, open ones first.
    pub stores: Vec<StoreRow>,
    /// Accounts that can be used or wait for their password.
    pub users: u64,
}

/// What is known of a merchant, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MerchantInput {
    /// Its name.
    pub name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// How many terminals may be registered at once.
    pub quota: String,
    /// Who to ask for; may be empty.
    pub contact_name: String,
    /// Their telephone number; may be empty.
    pub contact_phone: String,
    /// Their address for e-mail; may be empty.
    pub contact_email: String,
}

/// Merchants.
#[async_trait]
pub trait Merchants: Send + Sync {
    /// A page of merchants, by number.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn list(&self, by: PlatformViewer<'_>, query: &MerchantQuery) -> Result<Page<MerchantRow>, AppError>;

    /// One merchant.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn get(&self, by: PlatformViewer<'_>, number: &MerchantNo) -> Result<Option<Merchant>, AppError>;

    /// The caller's own merchant.
    ///
    /// **Permissions:** [`MerchantMember`].
    async fn own(&self, by: MerchantMember<'_>) -> Result<Merchant, AppError>;

    /// Takes a merchant on.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`crate::error::Invalid::MerchantNoMalformed`], [`crate::error::Invalid::MerchantNoTaken`] and what
    /// [`Merchants::update`] says of the rest.
    async fn create(&self, by: PlatformAdmin<'_>, number: &str, input: &MerchantInput) -> Result<MerchantNo, AppError>;

    /// Changes what is known of a merchant; its number stays. A quota below what is in use takes nothing away and lets
    /// nothing more be registered.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::Name`], [`crate::error::Invalid::TimeZoneUnknown`],
    /// [`crate::error::Invalid::QuotaMalformed`], [`crate::error::Invalid::NameMalformed`] of the contact,
    /// [`crate::error::Invalid::PhoneMalformed`], [`crate::error::Invalid::EmailMalformed`].
    async fn update(&self, by: PlatformAdmin<'_>, number: &MerchantNo, input: &MerchantInput) -> Result<(), AppError>;

    /// Keeps a merchant from registering terminals and its terminals from taking payments; its people can still sign in
    /// and look, and are told the reason. Nothing happens to one that is suspended already.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::SuspensionUnexplained`].
    async fn suspend(&self, by: PlatformAdmin<'_>, number: &MerchantNo, reason: &str) -> Result<(), AppError>;

    /// Lets a merchant do all of that again.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    async fn resume(&self, by: PlatformAdmin<'_>, number: &MerchantNo) -> Result<(), AppError>;
}
