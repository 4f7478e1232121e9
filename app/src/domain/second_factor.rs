//! The second step of signing in: codes of an authenticator app (RFC 6238), and recovery codes for when it is lost.

use super::normalize::{is_dash, nfkc};
use std::fmt;

/// Crockford's base 32 digits, <https://www.crockford.com/base32.html>: no I, L, O or U.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A recovery code: 16 base-32 symbols, 80 bits. It has no `Debug` that shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode([u8; Self::SYMBOLS]);

impl RecoveryCode {
    /// Symbols of a code.
    pub const SYMBOLS: usize = 16;
    /// Codes that a person gets.
    pub const COUNT: usize = 10;

    /// The code made of 80 random bits.
    pub fn from_entropy(entropy: [u8; 10]) -> Self {
        let mut bits = entropy.iter().fold(0u128, |bits, byte| bits << 8 | u128::from(*byte));
        let mut symbols = [0; Self::SYMBOLS];
        for symbol in &mut symbols {
            *symbol = DIGITS[(bits & 31) as usize];
            bits >>= 5;
        }
        Self(symbols)
    }

    /// The symbols without separators, as they are hashed.
    pub fn symbols(&self) -> &[u8; Self::SYMBOLS] {
        &self.0
    }
}

/// `XXXX-XXXX-XXXX-XXXX`
impl fmt::Display for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, symbol) in self.0.iter().enumerate() {
            let dash = if place > 0 && place % 4 == 0 { "-" } else { "" };
            write!(f, "{dash}{}", char::from(*symbol))?;
        }
        Ok(())
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode")
    }
}

/// What a person keys in as the second step.
#[derive(Clone, PartialEq, Eq)]
pub enum FactorCode {
    /// The six digits that an authenticator app shows.
    App(String),
    /// One of the recovery codes.
    Recovery(RecoveryCode),
}

impl FactorCode {
    /// Digits of an app's code.
    pub const APP_DIGITS: usize = 6;

    /// Reads a code as people key it in: full width or plain, spaces and dashes anywhere, a recovery code in upper or lower
    /// case with O for 0, I and L for 1. `None` for what is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let plain: Vec<char> = nfkc(text)
            .chars()
            .filter(|c| !c.is_whitespace() && !is_dash(*c))
            .map(|c| c.to_ascii_uppercase())
            .collect();
        if plain.len() == Self::APP_DIGITS && plain.iter().all(char::is_ascii_digit) {
            return Some(Self::App(plain.into_iter().collect()));
        }
        if plain.len() != RecoveryCode::SYMBOLS {
            return None;
        }
        let mut symbols = [0; RecoveryCode::SYMBOLS];
        for (symbol, c) in symbols.iter_mut().zip(plain) {
            *symbol = match c {
                'O' => b'0',
                'I' | 'L' => b'1',
                digit => u8::try_from(digit).ok().filter(|digit| DIGITS.contains(digit))?,
            };
        }
        Some(Self::Recovery(RecoveryCode(symbols)))
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for FactorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactorCode")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_recovery_code_is_read_back_however_it_is_written(entropy: [u8; 10]) {
            let code = RecoveryCode::from_entropy(entropy);
            let written = code.to_string();
            prop_assert_eq!(written.len(), 19);
            for typed in [written.to_lowercase(), written.replace('-', " "), written.replace('0', "o").replace('1', "l")] {
                prop_assert_eq!(FactorCode::parse(&typed), Some(FactorCode::Recovery(code.clone())));
            }
        }

        #[test]
        fn any_text_is_a_code_or_none(text: String) {
            let _ = FactorCode::parse(&text);
        }
    }

    #[test]
    fn the_digits_of_an_app_are_read_in_any_width() {
        for typed in ["012345", " 012 345 ", "０１２３４５", "012-345"] {
            assert_eq!(FactorCode::parse(typed), Some(FactorCode::App("012345".to_owned())));
        }
        for typed in ["", "01234", "0123456", "01234a", "UUUU-UUUU-UUUU-UUUU"] {
            assert_eq!(FactorCode::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn debug_keeps_the_secret() {
        let code = RecoveryCode::from_entropy([7; 10]);
        assert_eq!(format!("{code:?}"), "RecoveryCode");
        assert_eq!(format!("{:?}", FactorCode::Recovery(code)), "FactorCode");
    }
}
