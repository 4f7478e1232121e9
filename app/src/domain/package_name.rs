//! The name under which an app is installed.

use super::normalize::nfkc;
use std::fmt;

/// A package name in reverse-DNS form, as Android's manifest takes it: two or more parts, each a letter and then
/// `A–Z a–z 0–9 _`, with dots between; 3 to 128 characters. Upper and lower case differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageName(String);

/// Why a text is not a package name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageNameError {
    /// Too long; holds how many characters there were.
    #[error("a package name has at most 128 characters, not {0}")]
    Length(usize),
    /// A character that cannot stand there.
    #[error("{0:?} cannot stand in a package name")]
    Character(char),
    /// Fewer than two parts, an empty one, or one that does not begin with a letter.
    #[error("a package name has two or more parts that begin with letters, such as com.example.pay")]
    Parts,
}

impl PackageName {
    /// Most characters of a package name.
    pub const MAX_CHARS: usize = 128;

    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`PackageNameError`].
    pub fn parse(text: &str) -> Result<Self, PackageNameError> {
        let normal = nfkc(text.trim());
        if let Some(offender) = normal
            .chars()
            .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')))
        {
            return Err(PackageNameError::Character(offender));
        }
        if normal.len() > Self::MAX_CHARS {
            return Err(PackageNameError::Length(normal.len()));
        }
        let mut parts = normal.split('.');
        if !parts.all(|part| part.starts_with(|c: char| c.is_ascii_alphabetic())) || !normal.contains('.') {
            return Err(PackageNameError::Parts);
        }
        Ok(Self(normal))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            PackageName::parse(" com.Example.pay_2 ").unwrap().as_str(),
            "com.Example.pay_2"
        );
        assert_eq!(PackageName::parse("ｃｏｍ．a").unwrap().as_str(), "com.a");
        assert_eq!(PackageName::parse("com/a.b"), Err(PackageNameError::Character('/')));
        assert_eq!(PackageName::parse("支付.a"), Err(PackageNameError::Character('支')));
        for text in ["", "com", ".com.a", "com.", "com..a", "com.2a", "com._a"] {
            assert_eq!(PackageName::parse(text), Err(PackageNameError::Parts), "{text:?}");
        }
        let long = format!("com.{}", "a".repeat(125));
        assert_eq!(PackageName::parse(&long), Err(PackageNameError::Length(129)));
    }

    proptest! {
        #[test]
        fn a_package_name_is_its_own_normal_form(text in "\\PC{0,40}") {
            if let Ok(name) = PackageName::parse(&text) {
                prop_assert_eq!(PackageName::parse(name.as_str()), Ok(name));
            }
        }
    }
}
