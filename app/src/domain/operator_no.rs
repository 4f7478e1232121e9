//! The numbers by which a terminal knows its operators.

use std::fmt;

/// An operator's number at a terminal: 1 to 16 of `A–Z a–z 0–9 . _ -`. Who that is, the terminal alone knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OperatorNo(String);

/// The text is not 1 to 16 letters, digits, dots, underscores and dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an operator number has 1 to 16 letters, digits, dots, underscores and dashes")]
pub struct OperatorNoError;

impl OperatorNo {
    /// Most characters.
    pub const MAX_LEN: usize = 16;

    /// Checks `text` as it stands.
    ///
    /// # Errors
    /// [`OperatorNoError`].
    pub fn parse(text: &str) -> Result<Self, OperatorNoError> {
        let stands = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        if (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(stands) {
            Ok(Self(text.to_owned()))
        } else {
            Err(OperatorNoError)
        }
    }

    /// The number as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperatorNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_terminals_have_them() {
        for text in ["1", "01", "0099", "cashier-2", "A.b_c", "1234567890123456"] {
            assert_eq!(OperatorNo::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " 01", "0 1", "收银", "12345678901234567", "a\u{0}"] {
            assert_eq!(OperatorNo::parse(text), Err(OperatorNoError), "{text:?}");
        }
    }
}
