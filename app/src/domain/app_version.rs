//! Versions of apps and of firmware, and which is the newer one.

use super::normalize::nfkc;
use std::cmp::Ordering;
use std::fmt;

/// A version as its maker writes it: 1 to 64 of `A–Z a–z 0–9 . _ + - ( )` and blanks within.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppVersion(String);

/// Why a text is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppVersionError {
    /// Nothing, or too much; holds how many characters there were.
    #[error("a version has 1 to 64 characters, not {0}")]
    Length(usize),
    /// A character that no version has.
    #[error("{0:?} cannot stand in a version")]
    Character(char),
}

impl AppVersion {
    /// Most characters of a version.
    pub const MAX_CHARS: usize = 64;

    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`AppVersionError`].
    pub fn parse(text: &str) -> Result<Self, AppVersionError> {
        let normal = nfkc(text.trim());
        let stands = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '(' | ')' | ' ');
        if let Some(offender) = normal.chars().find(|c| !stands(c)) {
            return Err(AppVersionError::Character(offender));
        }
        match normal.len() {
            1..=Self::MAX_CHARS => Ok(Self(normal)),
            n => Err(AppVersionError::Length(n)),
        }
    }

    /// The version.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of two versions is the newer one: runs of digits by their number, everything else as text, so that 1.10 comes
/// after 1.9. A version that goes on where the other ends is the newer one.
pub fn compare_versions(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (parts(one), parts(other));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(Part::Number(a)), Some(Part::Number(b))) => {
                let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
                a.len().cmp(&b.len()).then(a.cmp(b))
            }
            (Some(Part::Text(a)), Some(Part::Text(b))) => a.cmp(b),
            (Some(Part::Number(_)), Some(Part::Text(_))) => Ordering::Greater,
            (Some(Part::Text(_)), Some(Part::Number(_))) => Ordering::Less,
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

enum Part<'a> {
    Number(&'a str),
    Text(&'a str),
}

/// The runs of digits and of letters in a version; what stands between them only parts them.
fn parts(version: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = version;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let digit = rest.chars().next()?.is_ascii_digit();
        let end = rest.find(|c: char| !c.is_alphanumeric() || c.is_ascii_digit() != digit);
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(if digit { Part::Number(part) } else { Part::Text(part) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(AppVersion::parse(" "), Err(AppVersionError::Length(0)));
        assert_eq!(AppVersion::parse(&"1".repeat(65)), Err(AppVersionError::Length(65)));
        assert_eq!(AppVersion::parse("1/2"), Err(AppVersionError::Character('/')));
        assert_eq!(
            AppVersion::parse(" ３.２.4-rc1 (5) ").unwrap().as_str(),
            "3.2.4-rc1 (5)"
        );
    }

    #[test]
    fn the_newer_one_is_found() {
        for (older, newer) in [
            ("1.9", "1.10"),
            ("1.9.12", "2"),
            ("3.1.0", "3.2.4"),
            ("3.2", "3.2.1"),
            ("1.0-alpha", "1.0-beta"),
            ("V1.2b3", "V1.2b10"),
            ("", "0"),
        ] {
            assert_eq!(compare_versions(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare_versions(newer, older), Ordering::Greater, "{older} {newer}");
        }
        assert_eq!(compare_versions("1.02", "1.2"), Ordering::Equal);
        assert_eq!(compare_versions("1_2", "1.2"), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn any_text_is_a_version_or_none(text: String) {
            if let Ok(version) = AppVersion::parse(&text) {
                prop_assert_eq!(AppVersion::parse(version.as_str()), Ok(version));
            }
        }

        #[test]
        fn the_order_is_one(a in "[0-9a-c.]{0,8}", b in "[0-9a-c.]{0,8}", c in "[0-9a-c.]{0,8}") {
            prop_assert_eq!(compare_versions(&a, &b), compare_versions(&b, &a).reverse());
            if compare_versions(&a, &b) != Ordering::Greater && compare_versions(&b, &c) != Ordering::Greater {
                prop_assert_ne!(compare_versions(&a, &c), Ordering::Greater);
            }
        }
    }
}
