//! Makers of terminals.

use super::normalize::nfkc;
use std::fmt;

/// Makers whose spelling is known; any other is kept in upper case.
const KNOWN: [&str; 7] = ["Centerm", "Ingenico", "Landi", "Newland", "PAX", "Sunmi", "Verifone"];

/// A maker of terminals, in one spelling however it was written, so that `sunmi` and `SUNMI` share a serial number space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Manufacturer(String);

/// Why a text is not a manufacturer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManufacturerError {
    /// Not 1 to 40 characters; holds how many there were.
    #[error("a manufacturer has 1 to 40 characters, not {0}")]
    Length(usize),
    /// A control character.
    #[error("{0:?} cannot stand in a manufacturer")]
    Character(char),
}

impl Manufacturer {
    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`ManufacturerError`].
    pub fn parse(text: &str) -> Result<Self, ManufacturerError> {
        let text = nfkc(text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(offender) = text.chars().find(|c| c.is_control()) {
            return Err(ManufacturerError::Character(offender));
        }
        match text.chars().count() {
            1..=40 => {}
            n => return Err(ManufacturerError::Length(n)),
        }
        let known = KNOWN.iter().find(|known| known.eq_ignore_ascii_case(&text));
        Ok(Self(
            known.map_or_else(|| text.to_uppercase(), |known| (*known).to_owned()),
        ))
    }

    /// The one spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Manufacturer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_each() {
        for (written, kept) in [
            ("SUNMI", "Sunmi"),
            ("pax", "PAX"),
            (" New  POS ", "NEW POS"),
            ("Ｌandi", "Landi"),
        ] {
            assert_eq!(Manufacturer::parse(written).unwrap().as_str(), kept);
        }
        assert_eq!(Manufacturer::parse("  "), Err(ManufacturerError::Length(0)));
    }
}
