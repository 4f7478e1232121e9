//! Names that people give to terminals, stores and merchants.

use super::normalize::nfc;
use std::fmt;

/// A name: 1 to 100 characters in Unicode NFC, blanks around it dropped, no control characters, and not the start of a
/// spreadsheet formula (CWE-1236), so that no list that is exported from here can run one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name(String);

/// Why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not 1 to [`Name::MAX_CHARS`] characters; holds how many there were.
    #[error("a name has 1 to 100 characters, not {0}")]
    Length(usize),
    /// A control character.
    #[error("{0:?} cannot stand in a name")]
    Character(char),
    /// A first character with which a spreadsheet starts a formula.
    #[error("a name cannot start with {0:?}")]
    Formula(char),
}

impl Name {
    /// Most characters of a name.
    pub const MAX_CHARS: usize = 100;

    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`NameError`].
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let normal = nfc(text.trim());
        if let Some(offender) = normal.chars().find(|c| c.is_control()) {
            return Err(NameError::Character(offender));
        }
        if let Some(first @ ('=' | '+' | '-' | '@')) = normal.chars().next() {
            return Err(NameError::Formula(first));
        }
        match normal.chars().count() {
            1..=Self::MAX_CHARS => Ok(Self(normal)),
            n => Err(NameError::Length(n)),
        }
    }

    /// The name as kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(Name::parse("=HYPERLINK(1)"), Err(NameError::Formula('=')));
        assert_eq!(Name::parse("前\u{7}台"), Err(NameError::Character('\u{7}')));
        assert_eq!(Name::parse("  "), Err(NameError::Length(0)));
        assert_eq!(Name::parse(&"名".repeat(101)), Err(NameError::Length(101)));
        assert_eq!(Name::parse(" 1号收银台 ").unwrap().as_str(), "1号收银台");
    }
}
