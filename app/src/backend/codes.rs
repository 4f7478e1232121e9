//! Activation codes: issuing, withdrawing, and what became of them.

use super::registration::IssuedCode;
use crate::caller::{Caller, CodeIssuer};
use crate::domain::{TerminalId, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// How long a code works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// 30 days: it travels with the terminal.
    Standard,
    /// 15 minutes: whoever asks for it stands before the terminal.
    Counter,
}

impl Lifetime {
    /// In milliseconds.
    pub fn ms(self) -> i64 {
        match self {
            Self::Standard => 30 * Timestamp::DAY_MS,
            Self::Counter => 15 * 60 * 1000,
        }
    }
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum CodeState {
    /// It works.
    Issued,
    /// The terminal has used it.
    Consumed,
    /// Its time is over.
    Expired,
    /// It was withdrawn.
    Revoked,
}

/// A code as its terminal's page shows it; of the code itself there is nothing to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// What became of it, now.
    pub state: CodeState,
    /// When it was issued.
    pub issued: Timestamp,
    /// The login of who issued it; `None` for the command line, and for a merchant where that was not one of its own.
    pub issued_by: Option<String>,
    /// Until when it works, or would have.
    pub expires: Timestamp,
    /// When it was used or withdrawn.
    pub ended: Option<Timestamp>,
}

/// Codes of a terminal that its page shows.
pub const CODES_SHOWN: usize = 10;

/// Activation codes.
#[async_trait]
pub trait Codes: Send + Sync {
    /// Issues an activation code for a terminal; a code that was out for it stops working.
    ///
    /// **Permissions:** [`CodeIssuer`], within its scope. For a terminal without a merchant, a platform user says which
    /// merchant the code binds it to.
    ///
    /// # Errors
    /// Those of [`super::registration::Registration::issue_code`].
    async fn issue(
        &self,
        by: CodeIssuer<'_>,
        terminal: TerminalId,
        merchant_no: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<IssuedCode, AppError>;

    /// Withdraws the code that is out for a terminal.
    ///
    /// **Permissions:** [`CodeIssuer`], within its scope.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the caller's scope, [`crate::error::Invalid::NoCodeOut`] when none is out.
    async fn revoke(&self, by: CodeIssuer<'_>, terminal: TerminalId) -> Result<(), AppError>;

    /// The newest [`CODES_SHOWN`] codes of a terminal, newest first.
    ///
    /// **Permissions:** any caller, within its scope; a merchant sees its own codes. Empty for a terminal that is not there.
    async fn list(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<CodeRow>, AppError>;
}
