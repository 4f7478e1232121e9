//! People: who they are and how they sign in.

use crate::caller::RequestInfo;
use crate::domain::UserId;
use crate::error::AppError;
use async_trait::async_trait;

/// People and how they sign in.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Checks a login and a password and answers who that is.
    ///
    /// **Permissions:** anyone.
    ///
    /// # Errors
    /// [`crate::error::Invalid::LoginOrPasswordWrong`], in the same time for an unknown login, a wrong password and an
    /// account that may not sign in; [`AppError::Throttled`] once too many sign-ins failed under the login, known or not,
    /// or from the address.
    async fn sign_in(&self, request: &RequestInfo, login: &str, password: &str) -> Result<UserId, AppError>;
}
