//! The name that a person signs in with.

use super::normalize::nfkc;
use std::fmt;

/// A login in normal form: NFKC, trimmed, lower case, 3 to 64 characters without spaces or control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Login(String);

/// Why a text is not a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Not 3 to 64 characters; holds how many there were.
    #[error("a login has 3 to 64 characters, not {0}")]
    Length(usize),
    /// A space or control character.
    #[error("{0:?} cannot stand in a login")]
    Character(char),
}

impl Login {
    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn parse(text: &str) -> Result<Self, LoginError> {
        let normal = nfkc(text.trim()).to_lowercase();
        if let Some(offender) = normal.chars().find(|c| c.is_whitespace() || c.is_control()) {
            return Err(LoginError::Character(offender));
        }
        match normal.chars().count() {
            3..=64 => Ok(Self(normal)),
            n => Err(LoginError::Length(n)),
        }
    }

    /// What it looks like (Unicode TR 39, section 4): two logins that the eye takes for one have the same. In it `1` is `l`,
    /// `0` is `o`, and a Cyrillic `а` is a Latin one.
    #[cfg(feature = "ssr")]
    pub fn skeleton(&self) -> String {
        let looks = unicode_security::confusable_detection::skeleton(&self.0);
        looks.flat_map(char::to_lowercase).collect()
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_width_do_not_make_another_login() {
        assert_eq!(Login::parse(" Ａdmin ").unwrap(), Login::parse("admin").unwrap());
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn what_looks_the_same_has_one_skeleton() {
        let looks = |text: &str| Login::parse(text).unwrap().skeleton();
        for twin in ["аdmin", "admіn", "ａdmin", "ADMIN", "ad\u{ff4d}in"] {
            assert_eq!(looks(twin), looks("admin"), "{twin}");
        }
        assert_eq!(looks("xia0man"), looks("xiaoman"));
        assert_eq!(looks("clerk1"), looks("clerkl"));
        for other in ["admin2", "adnin", "管理员"] {
            assert_ne!(looks(other), looks("admin"), "{other}");
        }
        assert_ne!(looks("张三丰"), looks("张二丰"));
    }

    #[test]
    fn spaces_controls_and_lengths_are_refused() {
        assert_eq!(Login::parse("a b c"), Err(LoginError::Character(' ')));
        assert_eq!(Login::parse("abc\u{0}"), Err(LoginError::Character('\0')));
        assert_eq!(Login::parse("ab"), Err(LoginError::Length(2)));
        assert_eq!(Login::parse(&"a".repeat(65)), Err(LoginError::Length(65)));
    }
}
