//! One-time links with which people set a password: made by an owner for its clerks, and opened by whoever holds one.

use super::terminals::MerchantRef;
use crate::caller::{RequestInfo, StaffManager};
use crate::domain::{InvitationId, InvitationToken, Login, Purpose, Role, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// A one-time link, which is shown now and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedLink {
    /// What makes it secret.
    pub token: InvitationToken,
    /// What it is for.
    pub purpose: Purpose,
    /// The name of whoever it is for.
    pub name: String,
    /// Until when it works.
    pub expires: Timestamp,
}

/// An invitation that nobody has accepted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its key.
    pub id: InvitationId,
    /// The name of whoever it is for.
    pub name: String,
    /// When its link was made.
    pub created: Timestamp,
    /// Until when its link works; that may be over.
    pub expires: Timestamp,
}

/// What a one-time link that works tells whoever opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What it is for.
    pub purpose: Purpose,
    /// The name of whoever it is for.
    pub name: String,
    /// The login that gets the password; `None` where a login is to be chosen.
    pub login: Option<Login>,
    /// The role of that user.
    pub role: Role,
    /// The merchant of that user.
    pub merchant: Option<MerchantRef>,
    /// Until when the link works.
    pub expires: Timestamp,
}

/// What whoever opens a link fills in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The login that was chosen, where one is.
    pub login: String,
    /// The password.
    pub password: String,
    /// The same, typed again.
    pub password_again: String,
}

/// One-time links.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Invites a clerk, who chooses a login.
    ///
    /// **Permissions:** [`StaffManager`], for its merchant.
    ///
    /// # Errors
    /// [`crate::error::Invalid::NameMalformed`]; [`crate::error::Invalid::TooManyInvitations`].
    async fn create(&self, by: StaffManager<'_>, name: &str) -> Result<IssuedLink, AppError>;

    /// The invitations that nobody has accepted yet, newest first, at most [`MOST_OPEN`].
    ///
    /// **Permissions:** [`StaffManager`], of its merchant.
    async fn list(&self, by: StaffManager<'_>) -> Result<Vec<Invitation>, AppError>;

    /// Makes another link for an invitation; the one before stops working.
    ///
    /// **Permissions:** [`StaffManager`], of its merchant.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for another merchant's, and for one that was accepted or withdrawn.
    async fn renew(&self, by: StaffManager<'_>, id: InvitationId) -> Result<IssuedLink, AppError>;

    /// Withdraws an invitation.
    ///
    /// **Permissions:** [`StaffManager`], of its merchant.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for another merchant's, and for one that was accepted or withdrawn.
    async fn delete(&self, by: StaffManager<'_>, id: InvitationId) -> Result<(), AppError>;

    /// What a link says; `None` when it does not work (any more), without saying why.
    ///
    /// **Permissions:** whoever holds the link.
    async fn get(&self, token: &InvitationToken) -> Result<Option<Opened>, AppError>;

    /// Sets the password, and makes the account where there is none yet. The link stops working and the account's sessions
    /// end. Answers the login.
    ///
    /// **Permissions:** whoever holds the link.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the link does not work (any more); [`crate::error::Invalid::LoginMalformed`],
    /// [`crate::error::Invalid::LoginTaken`], [`crate::error::Invalid::PasswordsDiffer`],
    /// [`crate::error::AppError::Password`]. The link works on then.
    async fn accept(
        &self,
        request: &RequestInfo,
        token: &InvitationToken,
        accepted: &Accepted,
    ) -> Result<Login, AppError>;
}

/// Most invitations of a merchant that nobody has accepted yet.
pub const MOST_OPEN: u64 = 100;
