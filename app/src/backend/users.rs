//! Accounts, as those who look after them see them.

use super::invitations::IssuedLink;
use super::page::{Cursor, Page};
use super::terminals::MerchantRef;
use crate::caller::{AccountManager, AccountViewer, PlatformAdmin};
use crate::domain::{Login, Role, Timestamp, UserState};
use crate::error::AppError;
use async_trait::async_trait;

/// What the list of accounts is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserQuery {
    /// Words, each of which must be part of the login, the name or the merchant.
    pub search: Option<String>,
    /// Only accounts with this role.
    pub role: Option<Role>,
    /// Only accounts in this state.
    pub state: Option<UserState>,
    /// Only accounts of the merchant with this number.
    pub merchant_no: Option<String>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// An account as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The name to sign in with.
    pub login: Login,
    /// The name to show.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// Whose user, for a merchant's role.
    pub merchant: Option<MerchantRef>,
    /// Whether it can be used.
    pub state: UserState,
    /// When it was made.
    pub created: Timestamp,
    /// When its user last signed in.
    pub last_signed_in: Option<Timestamp>,
}

/// An account to make, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAccount {
    /// The name to sign in with.
    pub login: String,
    /// The name to show.
    pub name: String,
    /// The code of a role.
    pub role: String,
    /// Number of the merchant; empty for a role of the platform.
    pub merchant_no: String,
}

/// Accounts, as those who look after them see them.
#[async_trait]
pub trait Users: Send + Sync {
    /// A page of accounts, by login.
    ///
    /// **Permissions:** [`AccountViewer`]; an owner sees its own clerks, the platform everybody.
    async fn list(&self, by: AccountViewer<'_>, query: &UserQuery) -> Result<Page<UserRow>, AppError>;

    /// One account.
    ///
    /// **Permissions:** [`AccountViewer`], within its scope.
    async fn get(&self, by: AccountViewer<'_>, login: &Login) -> Result<Option<UserRow>, AppError>;

    /// Makes an account without a password, and the link with which its user sets one.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`crate::error::Invalid::LoginMalformed`], [`crate::error::Invalid::LoginTaken`],
    /// [`crate::error::Invalid::NameMalformed`], [`crate::error::Invalid::Form`] for a role that there is not,
    /// [`crate::error::Invalid::MerchantUnknown`], [`crate::error::Invalid::RoleAndMerchant`].
    async fn create(&self, by: PlatformAdmin<'_>, new: &NewAccount) -> Result<IssuedLink, AppError>;

    /// Takes an account's password away, ends its sessions, and makes the link with which its user sets another.
    ///
    /// **Permissions:** [`AccountManager`], within its scope.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the scope; [`crate::error::Invalid::OwnAccount`];
    /// [`crate::error::Invalid::AccountDisabled`].
    async fn reset(&self, by: AccountManager<'_>, login: &Login) -> Result<IssuedLink, AppError>;

    /// Lets an account sign in again, or no longer, which ends its sessions and withdraws its link.
    ///
    /// **Permissions:** [`AccountManager`], within its scope.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the scope; [`crate::error::Invalid::OwnAccount`];
    /// [`crate::error::Invalid::LastAdministrator`].
    async fn set_enabled(&self, by: AccountManager<'_>, login: &Login, enabled: bool) -> Result<(), AppError>;

    /// Gives an account the other role of its side, platform or merchant, and ends its sessions.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`crate::error::Invalid::OwnAccount`]; [`crate::error::Invalid::RoleAndMerchant`] for a
    /// role of the other side; [`crate::error::Invalid::LastAdministrator`].
    async fn set_role(&self, by: PlatformAdmin<'_>, login: &Login, role: Role) -> Result<(), AppError>;
}
