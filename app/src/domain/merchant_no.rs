//! The number under which the platform knows a merchant (商户编号).

use super::normalize::{is_dash, nfkc};
use std::fmt;

/// A merchant number in normal form: 1 to 32 of `A–Z 0–9`. Mainland acquirers use 15 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MerchantNo(String);

/// Why a text is not a merchant number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerchantNoError {
    /// Not 1 to 32 characters; holds how many there were.
    #[error("a merchant number has 1 to 32 characters, not {0}")]
    Length(usize),
    /// Neither a letter A–Z nor a digit.
    #[error("{0:?} cannot stand in a merchant number")]
    Character(char),
}

impl MerchantNo {
    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`MerchantNoError`].
    pub fn parse(text: &str) -> Result<Self, MerchantNoError> {
        let normal: String = nfkc(text)
            .chars()
            .filter(|c| !c.is_whitespace() && !is_dash(*c))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        if let Some(offender) = normal.chars().find(|c| !c.is_ascii_alphanumeric()) {
            return Err(MerchantNoError::Character(offender));
        }
        match normal.len() {
            1..=32 => Ok(Self(normal)),
            n => Err(MerchantNoError::Length(n)),
        }
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MerchantNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
