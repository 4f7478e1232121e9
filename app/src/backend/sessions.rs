//! A person's own sessions and password.

use crate::caller::Caller;
use crate::domain::Timestamp;
use crate::error::AppError;
use async_trait::async_trait;

/// A session that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// A name for it that does not open it.
    pub name: String,
    /// Whether it is the one that asks.
    pub own: bool,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// From which address it was begun.
    pub address: Option<String>,
    /// When it was begun.
    pub since: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
}

/// The session that a request is sent in.
#[async_trait]
pub trait OwnSession: Send + Sync {
    /// Gives it another id, as after each change of what its user may do (OWASP ASVS 5.0, 7.2.4): whoever had the one before
    /// has nothing any more.
    ///
    /// **Permissions:** whoever holds the session.
    async fn renew(&self) -> Result<(), AppError>;
}

/// A person's own sessions.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// The caller's open sessions, the one that asks first, then by last use.
    ///
    /// **Permissions:** any caller, for itself.
    async fn list(&self, caller: &Caller) -> Result<Vec<OpenSession>, AppError>;

    /// Ends one of the caller's sessions.
    ///
    /// **Permissions:** any caller, for itself.
    ///
    /// # Errors
    /// [`AppError::NotFound`] when the caller has no open session of that name.
    async fn end(&self, caller: &Caller, name: &str) -> Result<(), AppError>;

    /// Ends all of the caller's sessions but the one that asks; answers how many.
    ///
    /// **Permissions:** any caller, for itself.
    async fn end_others(&self, caller: &Caller) -> Result<u64, AppError>;
}
