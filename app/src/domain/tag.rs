//! Words that people put on terminals to find them together.

use super::Name;
use std::fmt;

/// A tag: a [`Name`] of at most 40 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag(Name);

impl Tag {
    /// Most characters of a tag.
    pub const MAX_CHARS: usize = 40;

    /// Most tags of a terminal.
    pub const MOST: usize = 20;

    /// Normalizes and checks `text`; `None` for what is no tag.
    pub fn parse(text: &str) -> Option<Self> {
        let name = Name::parse(text).ok()?;
        (name.as_str().chars().count() <= Self::MAX_CHARS).then_some(Self(name))
    }

    /// The tag as kept.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_tag() {
        assert_eq!(Tag::parse(" 春节备机 ").unwrap().as_str(), "春节备机");
        for wrong in ["", " ", "=1", "a\nb", &"字".repeat(41)] {
            assert_eq!(Tag::parse(wrong), None, "{wrong:?}");
        }
        assert!(Tag::parse(&"字".repeat(40)).is_some());
    }
}
