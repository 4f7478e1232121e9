//! Serial numbers, and the form in which they are compared.

use super::normalize::{is_dash, nfkc};
use serde::Serialize;
use std::fmt;

/// A terminal's serial number in normal form: 4 to 64 of `A–Z 0–9 . _ /`.
///
/// Whatever way it was printed, typed or scanned, the same number has the same normal form, so two values are equal
/// exactly when they name the same number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SerialNumber(String);

/// Why a text is not a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SerialNumberError {
    /// Nothing is left once spaces and dashes are dropped.
    #[error("no serial number was given")]
    Empty,
    /// The first character that cannot stand in a serial number.
    #[error("{0:?} cannot stand in a serial number")]
    Character(char),
    /// Fewer than [`SerialNumber::MIN_LEN`] characters; holds how many there were.
    #[error("{0} characters are too few for a serial number")]
    TooShort(usize),
    /// More than [`SerialNumber::MAX_LEN`] characters; holds how many there were.
    #[error("{0} characters are too many for a serial number")]
    TooLong(usize),
}

impl SerialNumber {
    /// Fewest characters of a normal form.
    pub const MIN_LEN: usize = 4;
    /// Most characters of a normal form.
    pub const MAX_LEN: usize = 64;
    /// Most characters of one as it is printed, with its spaces and dashes.
    pub const MAX_PRINTED_LEN: usize = 2 * Self::MAX_LEN;

    /// Normalizes `text` (NFKC, spaces and dashes dropped, upper-cased) and checks what is left.
    ///
    /// # Errors
    /// [`SerialNumberError`], the offending character before any length.
    pub fn parse(text: &str) -> Result<Self, SerialNumberError> {
        let normal: String = nfkc(text)
            .chars()
            .filter(|c| !c.is_whitespace() && !is_dash(*c))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let stands = |c: &char| matches!(c, 'A'..='Z' | '0'..='9' | '.' | '_' | '/');
        if let Some(offender) = normal.chars().find(|c| !stands(c)) {
            return Err(SerialNumberError::Character(offender));
        }
        match normal.len() {
            0 => Err(SerialNumberError::Empty),
            n if n < Self::MIN_LEN => Err(SerialNumberError::TooShort(n)),
            n if n > Self::MAX_LEN => Err(SerialNumberError::TooLong(n)),
            _ => Ok(Self(normal)),
        }
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_number_however_it_was_written() {
        for text in [
            "161-203-824",
            "161 203 824",
            "１６１２０３８２４",
            " 161–203–824\t",
            "161—203－824",
        ] {
            assert_eq!(SerialNumber::parse(text).unwrap().as_str(), "161203824", "{text}");
        }
        assert_eq!(
            SerialNumber::parse("pb1403d0782377").unwrap().as_str(),
            "PB1403D0782377"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text| SerialNumber::parse(text).unwrap_err();
        assert_eq!(error("ABC#1234"), SerialNumberError::Character('#'));
        assert_eq!(error("序列号1234"), SerialNumberError::Character('序'));
        assert_eq!(error("straße1"), SerialNumberError::Character('ß'));
        assert_eq!(error("12"), SerialNumberError::TooShort(2));
        assert_eq!(error(" - "), SerialNumberError::Empty);
        assert_eq!(error(&"P".repeat(65)), SerialNumberError::TooLong(65));
    }

    proptest! {
        #[test]
        fn no_input_panics(text in any::<String>()) {
            let _ = SerialNumber::parse(&text);
        }

        #[test]
        fn the_normal_form_is_its_own_normal_form(text in "[ -~０-９Ａ-Ｚａ-ｚ–—]{0,80}") {
            if let Ok(number) = SerialNumber::parse(&text) {
                prop_assert_eq!(SerialNumber::parse(number.as_str()), Ok(number.clone()));
            }
        }

        #[test]
        fn every_normal_form_is_accepted_as_it_stands(text in "[A-Z0-9._/]{4,64}") {
            let number = SerialNumber::parse(&text).unwrap();
            prop_assert_eq!(number.as_str(), text);
        }
    }
}
