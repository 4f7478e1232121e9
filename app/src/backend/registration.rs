//! Binding terminals to merchants.

use crate::caller::{CodeIssuer, Registrar, RequestInfo};
use crate::domain::{ActivationCode, Manufacturer, SerialNumber, TerminalId, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// A registration that a person asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterInput {
    /// The serial number as it was typed or scanned.
    pub sn: String,
    /// The maker, where two use the same serial number.
    pub manufacturer: Option<String>,
    /// The activation code, when one was given.
    pub code: Option<String>,
    /// For whom, when a platform administrator asks for a terminal that has no merchant.
    pub merchant_no: Option<String>,
}

/// A terminal that a person has registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Its key.
    pub terminal: TerminalId,
    /// Its serial number.
    pub sn: SerialNumber,
    /// Who made it.
    pub manufacturer: Manufacturer,
    /// The code to key into the terminal next.
    pub next: IssuedCode,
}

/// An activation code, which is shown now and never again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// The code.
    pub code: ActivationCode,
    /// Until when it works.
    pub expires: Timestamp,
}

/// A registration that a terminal asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimInput {
    /// The serial number as the terminal sent it.
    pub sn: String,
    /// The activation code as the terminal sent it.
    pub activation_code: String,
    /// The model as the terminal knows it.
    pub model: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Version of its main app.
    pub app_version: Option<String>,
}

/// A terminal that has registered itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its key.
    pub terminal: TerminalId,
    /// Its serial number.
    pub sn: SerialNumber,
    /// Number of the merchant it belongs to.
    pub merchant_no: String,
    /// Name of the merchant it belongs to.
    pub merchant_name: String,
    /// The bearer token (RFC 6750), 256 bits in hexadecimal; only its hash is kept.
    pub token: String,
}

/// Binding terminals to merchants.
#[async_trait]
pub trait Registration: Send + Sync {
    /// Registers one terminal and issues the code that connects it. The attempt is in the device log whatever comes of it.
    ///
    /// **Permissions:** [`Registrar`]; a merchant's for that merchant, a platform administrator for any.
    ///
    /// # Errors
    /// [`AppError::Refused`] or [`AppError::SerialNumber`] as a caller of this scope is told;
    /// [`crate::error::Invalid::ManufacturerRequired`] where two manufacturers use the serial number;
    /// [`crate::error::Invalid::MerchantRequired`] or [`crate::error::Invalid::MerchantUnknown`] for an administrator who
    /// must say for whom.
    async fn register(&self, by: Registrar<'_>, input: &RegisterInput) -> Result<Registered, AppError>;

    /// Issues an activation code for a terminal; a code that was out for it stops working.
    ///
    /// **Permissions:** [`CodeIssuer`], within its scope. For a terminal without a merchant, a platform user says which
    /// merchant the code binds it to.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the caller's scope; [`crate::error::Invalid::NotInThisState`] for a suspended or
    /// retired terminal; [`crate::error::Invalid::MerchantRequired`] or [`crate::error::Invalid::MerchantUnknown`].
    async fn issue_code(
        &self,
        by: CodeIssuer<'_>,
        terminal: TerminalId,
        merchant_no: Option<&str>,
    ) -> Result<IssuedCode, AppError>;

    /// Registers the terminal that asks, by its activation code, and hands it its token; a token that it had before stops
    /// working. The attempt is in the device log whatever comes of it.
    ///
    /// **Permissions:** whoever holds the code.
    ///
    /// # Errors
    /// [`AppError::Refused`] or [`AppError::SerialNumber`] as a terminal is told.
    async fn claim(&self, request: &RequestInfo, input: &ClaimInput) -> Result<Claimed, AppError>;
}
