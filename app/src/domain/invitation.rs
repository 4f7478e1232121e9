//! One-time links with which people set a password.

use std::fmt;
use std::str::FromStr;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// Somebody begins to use Tillkeeper.
    Invite,
    /// Somebody who has an account sets another password.
    Reset,
    /// The first platform administrator of a new installation.
    Setup,
}

impl Purpose {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// How long such a link works, in milliseconds: 72 hours for an invitation, else 24.
    pub fn lifetime_ms(self) -> i64 {
        const HOUR_MS: i64 = 60 * 60 * 1000;
        match self {
            Self::Invite => 72 * HOUR_MS,
            Self::Reset | Self::Setup => 24 * HOUR_MS,
        }
    }
}

/// The secret of a one-time link: 256 bits, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvitationToken([u8; 32]);

/// A text that is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("64 hexadecimal digits are needed")]
pub struct InvitationTokenError;

impl InvitationToken {
    /// A token of these random bytes.
    pub fn from_entropy(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be hashed.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for InvitationToken {
    type Err = InvitationTokenError;

    fn from_str(text: &str) -> Result<Self, InvitationTokenError> {
        let digits = text.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 64 {
            return Err(InvitationTokenError);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| match pair[at] {
                digit @ b'0'..=b'9' => Ok(digit - b'0'),
                digit @ b'a'..=b'f' => Ok(digit - b'a' + 10),
                _ => Err(InvitationTokenError),
            };
            *byte = digit(0)? << 4 | digit(1)?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for InvitationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InvitationToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_in_a_link_is_read_back(bytes: [u8; 32]) {
            let token = InvitationToken::from_entropy(bytes);
            let text = token.to_string();
            prop_assert_eq!(text.parse(), Ok(token));
            prop_assert!(text.to_uppercase() == text || text.to_uppercase().parse::<InvitationToken>().is_err());
        }

        #[test]
        fn any_text_is_a_token_or_none(text: String) {
            prop_assert!(text.parse::<InvitationToken>().is_err() || text.len() == 64);
        }
    }

    #[test]
    fn debug_keeps_the_secret() {
        assert_eq!(
            format!("{:?}", InvitationToken::from_entropy([7; 32])),
            "InvitationToken"
        );
    }
}
