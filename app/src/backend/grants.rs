//! Who may run an app: authorizing and taking back, one or many at once, for the platform.

use super::page::{Cursor, Page};
use super::terminals::MerchantRef;
use crate::caller::{PlatformAdmin, PlatformViewer};
use crate::domain::{AppGrantId, GrantDraftId, PackageName, PolicyState, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Most lines of a list of those that are authorized together.
pub const MAX_LINES: usize = 500;

/// Names that a preview shows of each line.
pub const NAMES_SHOWN: usize = 5;

/// What the lines of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum GrantKind {
    /// Merchant numbers: all terminals of each.
    Merchants,
    /// Names of stores of one merchant: the terminals in each.
    Stores,
    /// Serial numbers: these terminals.
    Terminals,
}

impl GrantKind {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// For whom an app is to be authorized, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewGrants {
    /// [`GrantKind::code`].
    pub kind: String,
    /// The merchant whose stores are listed; of [`GrantKind::Stores`] only.
    pub merchant_no: String,
    /// The list.
    pub list: String,
    /// From when on; from the confirmation on when absent.
    pub starts: Option<Timestamp>,
    /// Until when; `None` without end.
    pub expires: Option<Timestamp>,
}

/// Why nothing can be authorized by a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LineFault {
    /// It is no serial number, no merchant number, no name.
    Malformed,
    /// There is none such.
    Unknown,
    /// Several manufacturers have a terminal with this serial number.
    Ambiguous,
    /// The terminal has no merchant yet.
    NoMerchant,
    /// The terminal is out of use for good.
    Retired,
    /// The merchant is stopped.
    MerchantStopped,
    /// It stands further up already.
    Repeated,
}

impl LineFault {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Whom a line touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The merchant.
    pub merchant: MerchantRef,
    /// The store, where one is meant.
    pub store: Option<String>,
    /// The terminal's serial number as printed, where one is meant.
    pub sn: Option<String>,
    /// How many terminals are meant; those that are out of use for good are not.
    pub terminals: u64,
    /// How many of them may run it once it is authorized, from its start on.
    pub may: u64,
    /// How many of them may run it now already.
    pub may_now: u64,
    /// Names of some of them.
    pub names: Vec<String>,
}

/// A line and what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewLine {
    /// As it was typed.
    pub typed: String,
    /// Whom it touches, or why nobody.
    pub touches: Result<Touched, LineFault>,
}

/// What will be authorized, before it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The app's package name.
    pub package: PackageName,
    /// The app's names in Chinese and in English.
    pub names: (String, String),
    /// What the lines are.
    pub kind: GrantKind,
    /// From when on; from the confirmation on when absent.
    pub starts: Option<Timestamp>,
    /// Until when; `None` without end.
    pub expires: Option<Timestamp>,
    /// The lines.
    pub lines: Vec<PreviewLine>,
    /// When it was authorized, if it was.
    pub done: Option<Timestamp>,
}

/// Which authorizations of an app are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantQuery {
    /// Only those of the merchant with this number.
    pub merchant_no: Option<String>,
    /// Only those that are in this state.
    pub state: Option<PolicyState>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// An authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRow {
    /// Its key.
    pub id: AppGrantId,
    /// Whose terminals.
    pub merchant: MerchantRef,
    /// Only in this store.
    pub store: Option<String>,
    /// Only on this terminal: its serial number as printed.
    pub sn: Option<String>,
    /// What it comes to by itself.
    pub state: PolicyState,
    /// From when on.
    pub starts: Timestamp,
    /// Until when; `None` without end.
    pub expires: Option<Timestamp>,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
    /// Why it was taken back.
    pub reason: Option<String>,
    /// The login of whoever authorized it; `None` for the command line.
    pub granted_by: Option<String>,
    /// When it was authorized.
    pub created: Timestamp,
}

/// Who may run an app.
#[async_trait]
pub trait Grants: Send + Sync {
    /// Keeps what is to be authorized, to be looked at before it is.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an app that there is not; [`crate::error::Invalid::NoTargets`] for an empty list,
    /// [`crate::error::Invalid::TooMany`], [`crate::error::Invalid::Period`],
    /// [`crate::error::Invalid::MerchantUnknown`], [`crate::error::Invalid::Form`] for a kind that there is not.
    async fn prepare(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        new: &NewGrants,
    ) -> Result<GrantDraftId, AppError>;

    /// What will be authorized and whom it touches, as things stand now.
    ///
    /// **Permissions:** [`PlatformAdmin`] who prepared it.
    async fn preview(&self, by: PlatformAdmin<'_>, id: GrantDraftId) -> Result<Option<Preview>, AppError>;

    /// Authorizes what was prepared, once, with its log entries; lines by which nothing can be are left out. Answers how
    /// many authorizations those were.
    ///
    /// **Permissions:** [`PlatformAdmin`] who prepared it.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::AlreadyDone`], [`crate::error::Invalid::NoTargets`],
    /// [`crate::error::Invalid::Period`] when its end has passed meanwhile.
    async fn grant(&self, by: PlatformAdmin<'_>, id: GrantDraftId) -> Result<u64, AppError>;

    /// A page of an app's authorizations, newest first.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn list(
        &self,
        by: PlatformViewer<'_>,
        package: &PackageName,
        query: &GrantQuery,
    ) -> Result<Page<GrantRow>, AppError>;

    /// Takes authorizations of an app back, with their log entries. Those that have ended are left as they are. Answers how
    /// many were taken back.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`] for an app that there is not, [`crate::error::Invalid::NoTargets`],
    /// [`crate::error::Invalid::TooMany`], [`crate::error::Invalid::RevokeReason`].
    async fn revoke(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        ids: &[AppGrantId],
        reason: &str,
    ) -> Result<u64, AppError>;
}
