//! Activation codes.

use super::normalize::{is_dash, nfkc};
use std::fmt;

/// Crockford's base 32 digits, <https://www.crockford.com/base32.html>: no I, L, O or U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The one-time secret that a person carries to a terminal: 14 base-32 symbols, 70 bits.
///
/// It has no `Debug` that shows it and no `Serialize`: it is shown once, on purpose, through [`fmt::Display`].
#[derive(Clone, PartialEq, Eq)]
pub struct ActivationCode([u8; Self::SYMBOLS]);

/// Why a text is not an activation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActivationCodeError {
    /// The first character that is no Crockford base-32 digit.
    #[error("{0:?} cannot stand in an activation code")]
    Character(char),
    /// Not [`ActivationCode::SYMBOLS`] symbols; holds how many there were.
    #[error("an activation code has 14 symbols, not {0}")]
    Length(usize),
}

impl ActivationCode {
    /// Symbols of a code.
    pub const SYMBOLS: usize = 14;
    /// Random bytes that [`Self::from_entropy`] takes.
    pub const ENTROPY_BYTES: usize = 9;

    /// The code made of the first 70 bits of `entropy`, which must come from a cryptographic source.
    pub fn from_entropy(entropy: [u8; Self::ENTROPY_BYTES]) -> Self {
        let mut bits = entropy.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
        let mut symbols = [0; Self::SYMBOLS];
        for symbol in &mut symbols {
            *symbol = DIGITS[(bits & 31) as usize];
            bits >>= 5;
        }
        Self(symbols)
    }

    /// Reads a code as people key it in: upper or lower case, O for 0, I and L for 1, spaces and dashes anywhere.
    ///
    /// # Errors
    /// [`ActivationCodeError`].
    pub fn parse(text: &str) -> Result<Self, ActivationCodeError> {
        let mut symbols = [0; Self::SYMBOLS];
        let mut count = 0;
        for c in nfkc(text).chars().filter(|c| !c.is_whitespace() && !is_dash(*c)) {
            let symbol = match c.to_ascii_uppercase() {
                'O' => b'0',
                'I' | 'L' => b'1',
                digit => u8::try_from(digit)
                    .ok()
                    .filter(|b| DIGITS.contains(b))
                    .ok_or(ActivationCodeError::Character(c))?,
            };
            if let Some(place) = symbols.get_mut(count) {
                *place = symbol;
            }
            count += 1;
        }
        if count == Self::SYMBOLS {
            Ok(Self(symbols))
        } else {
            Err(ActivationCodeError::Length(count))
        }
    }

    /// The 14 symbols without separators, as they are hashed.
    pub fn symbols(&self) -> &[u8; Self::SYMBOLS] {
        &self.0
    }
}

/// `XXXX-XXXX-XXXXXX`
impl fmt::Display for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, symbol) in self.0.iter().enumerate() {
            if place == 4 || place == 8 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*symbol))?;
        }
        Ok(())
    }
}

impl fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActivationCode(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn look_alikes_are_one() {
        assert_eq!(
            ActivationCode::parse("oOiI-lL01-abcdef").unwrap(),
            ActivationCode::parse("0011 1101 ABCDEF").unwrap()
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            ActivationCode::parse("UUUU-0000-000000"),
            Err(ActivationCodeError::Character('U'))
        );
        assert_eq!(ActivationCode::parse("0000"), Err(ActivationCodeError::Length(4)));
        assert_eq!(ActivationCode::parse(""), Err(ActivationCodeError::Length(0)));
    }

    #[test]
    fn debug_keeps_the_secret() {
        let code = ActivationCode::from_entropy([7; 9]);
        assert_eq!(format!("{code:?}"), "ActivationCode(****)");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(entropy: [u8; 9]) {
            let code = ActivationCode::from_entropy(entropy);
            let shown = code.to_string();
            prop_assert_eq!(shown.len(), 16);
            prop_assert_eq!(&ActivationCode::parse(&shown).unwrap(), &code);
            prop_assert_eq!(&ActivationCode::parse(&shown.to_lowercase().replace('0', "o")).unwrap(), &code);
        }

        #[test]
        fn no_input_panics(text in any::<String>()) {
            let _ = ActivationCode::parse(&text);
        }
    }
}
