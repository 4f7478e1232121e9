//! The second step of signing in, as each person sets it up.

use crate::caller::{Caller, PlatformAdmin};
use crate::domain::{FactorCode, Login, RecoveryCode, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// Whether somebody has a second step.
#[derive(Clone, PartialEq, Eq)]
pub enum FactorState {
    /// No.
    Off,
    /// It was begun and is to be confirmed with a first code.
    Begun(Enrolment),
    /// Yes.
    On {
        /// Since when.
        since: Timestamp,
        /// Recovery codes that have not been used.
        recovery_codes: u64,
    },
}

/// What an authenticator app needs to know. It is shown until the first code has confirmed it, and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The secret in base 32 (RFC 4648), for whoever types it.
    pub secret: String,
    /// The same as `otpauth://`, for whoever scans it.
    pub uri: String,
}

/// The second step of signing in.
#[async_trait]
pub trait SecondFactor: Send + Sync {
    /// Whether the caller has a second step.
    ///
    /// **Permissions:** any caller, of itself.
    async fn get(&self, caller: &Caller) -> Result<FactorState, AppError>;

    /// Begins to set it up, with a new secret.
    ///
    /// **Permissions:** any caller, for itself.
    ///
    /// # Errors
    /// [`crate::error::Invalid::FactorIsOn`].
    async fn begin(&self, caller: &Caller) -> Result<(), AppError>;

    /// Sets it up, once a code shows that the app has the secret. Answers the recovery codes, which are shown once.
    ///
    /// **Permissions:** any caller, for itself.
    ///
    /// # Errors
    /// [`crate::error::Invalid::CodeWrong`]; [`AppError::Throttled`] when too many went wrong;
    /// [`crate::error::Invalid::FactorIsOff`] when it was not begun.
    async fn confirm(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, AppError>;

    /// Makes other recovery codes; those of before stop working.
    ///
    /// **Permissions:** any caller, for itself, with a code.
    ///
    /// # Errors
    /// As [`Self::delete`].
    async fn renew(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, AppError>;

    /// Takes it away.
    ///
    /// **Permissions:** any caller, for itself, with a code.
    ///
    /// # Errors
    /// [`crate::error::Invalid::CodeWrong`]; [`AppError::Throttled`] when too many went wrong;
    /// [`crate::error::Invalid::FactorIsOff`].
    async fn delete(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<(), AppError>;

    /// Takes somebody's away who has lost the app and the recovery codes, and ends the sessions.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`]; [`crate::error::Invalid::OwnAccount`].
    async fn reset(&self, by: PlatformAdmin<'_>, login: &Login) -> Result<(), AppError>;
}
