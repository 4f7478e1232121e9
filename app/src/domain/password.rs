//! What a person may choose as a password.
//!
//! Length and not being the first guess are what counts (NIST SP 800-63B, section 5.1.1.2); which kinds of characters it is
//! made of does not.

use super::normalize::nfc;
use std::collections::HashSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// A password that may be chosen: Unicode in normalization form C, so that two keyboards type the same.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// Why a text may not be chosen as a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray, thiserror::Error)]
#[strum(serialize_all = "snake_case")]
pub enum PasswordFault {
    /// Fewer characters than [`Password::CHARS`].
    #[error("a password has at least 12 characters")]
    PasswordTooShort,
    /// More characters than [`Password::CHARS`].
    #[error("a password has at most 128 characters")]
    PasswordTooLong,
    /// Many people choose it, or it is one character or a row of the keyboard over and over.
    #[error("this password is among the first that anybody would guess")]
    PasswordCommon,
    /// Little is left of it without the login or the name of the merchant.
    #[error("a password is more than the login or the merchant's name")]
    PasswordPersonal,
}

impl PasswordFault {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Fewest characters that must be left beside the login and the merchant's name, and fewest different ones.
const OWN_CHARS: usize = 8;
const DIFFERENT_CHARS: usize = 5;

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
});

impl Password {
    /// Fewest and most characters.
    pub const CHARS: RangeInclusive<usize> = 12..=128;

    /// Checks `text`, which is to be the password of somebody to whom `personal` belongs: the login, the merchant's name.
    ///
    /// # Errors
    /// [`PasswordFault`].
    pub fn parse(text: &str, personal: &[&str]) -> Result<Self, PasswordFault> {
        let normal = nfc(text);
        let count = normal.chars().count();
        if count < *Self::CHARS.start() {
            return Err(PasswordFault::PasswordTooShort);
        }
        if count > *Self::CHARS.end() {
            return Err(PasswordFault::PasswordTooLong);
        }
        let lower = normal.to_lowercase();
        if is_common(&lower) {
            return Err(PasswordFault::PasswordCommon);
        }
        if is_personal(&lower, personal) {
            return Err(PasswordFault::PasswordPersonal);
        }
        Ok(Self(normal))
    }

    /// A text that somebody says is the password, for comparing and nothing else: in the form in which it was hashed, and
    /// cut, not refused, since a longer text is wrong anyway and refusing it early would tell something by the clock.
    pub fn claimed(text: &str) -> String {
        let cut: String = text.chars().take(4 * *Self::CHARS.end()).collect();
        nfc(&cut).chars().take(*Self::CHARS.end() + 1).collect()
    }

    /// The text, for hashing and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Tells nothing of it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Whether a guesser would come to it early: a word of the list, with digits and signs around it, letters replaced by the
/// digits that look like them, or the whole repeated; few different characters; or one long run.
fn is_common(lower: &str) -> bool {
    let different: HashSet<char> = lower.chars().collect();
    if different.len() < DIFFERENT_CHARS || is_run(lower) {
        return true;
    }
    let inner = within_signs(lower);
    let plain = [unleet(lower), unleet(inner)];
    let plain = plain.iter().flat_map(|text| [text.as_str(), within_signs(text)]);
    [lower, inner]
        .into_iter()
        .chain(plain)
        .any(|text| COMMON.contains(text) || COMMON.contains(unrepeated(text)))
}

/// The text from its first letter to its last.
fn within_signs(text: &str) -> &str {
    text.trim_matches(|c: char| !c.is_alphabetic())
}

/// `p@ssw0rd` as `password`.
fn unleet(text: &str) -> String {
    let plain = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    };
    text.chars().map(plain).collect()
}

/// The shortest text of which `text` is a whole number of repetitions.
fn unrepeated(text: &str) -> &str {
    (1..=text.len() / 2)
        .filter(|length| text.len().is_multiple_of(*length))
        .filter_map(|length| text.get(..length))
        .find(|part| part.repeat(text.len() / part.len()) == text)
        .unwrap_or(text)
}

/// Whether each character follows the one before it, as in `abcdefghijkl` or `98765432109876`: at most a quarter of the
/// steps are none.
fn is_run(text: &str) -> bool {
    let codes: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps = |by: i64| codes.windows(2).filter(|pair| pair[1] - pair[0] == by).count();
    let enough = codes.len().saturating_sub(1) * 3 / 4;
    steps(1) >= enough || steps(-1) >= enough
}

/// Whether little is left of it without what belongs to the person.
fn is_personal(lower: &str, personal: &[&str]) -> bool {
    let mut rest = lower.to_owned();
    for word in personal {
        let word = nfc(word).to_lowercase();
        if word.chars().count() >= 3 {
            rest = rest.replace(&word, "");
        }
    }
    rest != *lower && rest.chars().count() < OWN_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fault(text: &str) -> Option<PasswordFault> {
        Password::parse(text, &["xiaoman", "杭州小满母婴用品店"]).err()
    }

    #[test]
    fn length_is_counted_in_characters() {
        assert_eq!(fault("11 letters."), Some(PasswordFault::PasswordTooShort));
        assert_eq!(fault("收银台旁边有三盆绿萝呢"), Some(PasswordFault::PasswordTooShort));
        assert_eq!(fault("收银台旁边有三盆绿萝花呢"), None);
        assert_eq!(fault(&"kx7 q".repeat(25)), None);
        assert_eq!(fault(&"kx7 q".repeat(26)), Some(PasswordFault::PasswordTooLong));
    }

    #[test]
    fn what_everybody_would_guess_is_refused() {
        for text in [
            "password1234",
            "P@ssw0rd!!!!",
            "PasswordPassword",
            "aaaaaaaaaaaa",
            "121212121212",
            "123456789012",
            "abcdefghijklm",
            "zyxwvutsrqponm",
            "qwertyuiop12",
            "iloveyou!2026",
            "1qaz2wsx1qaz2wsx",
            "woaini1314520",
            "    dragon    ",
        ] {
            assert_eq!(fault(text), Some(PasswordFault::PasswordCommon), "{text}");
        }
        for text in [
            "a long enough password",
            "correct horse battery",
            "我家楼下的包子铺五点半开门",
        ] {
            assert_eq!(fault(text), None, "{text}");
        }
    }

    #[test]
    fn ones_own_name_is_no_secret() {
        for text in ["Xiaoman-2026!", "xiaomanxiaoman", "杭州小满母婴用品店2026"] {
            assert_eq!(fault(text), Some(PasswordFault::PasswordPersonal), "{text}");
        }
        assert_eq!(fault("xiaoman sells 3 strollers"), None);
        assert_eq!(Password::parse("ab in the morning", &["ab"]).err(), None);
    }

    #[test]
    fn two_ways_of_typing_are_one_password() {
        let joined = Password::parse("caf\u{e9} au lait 7", &[]).unwrap();
        let apart = Password::parse("cafe\u{301} au lait 7", &[]).unwrap();
        assert_eq!(joined.expose(), apart.expose());
        assert_eq!(Password::claimed("cafe\u{301} au lait 7"), joined.expose());
        assert_eq!(format!("{joined:?}"), "Password");
    }

    proptest! {
        #[test]
        fn any_text_is_a_password_or_not(text: String, login: String) {
            if let Ok(password) = Password::parse(&text, &[&login]) {
                prop_assert!(Password::CHARS.contains(&password.expose().chars().count()));
                prop_assert_eq!(Password::claimed(&text), password.expose());
            }
        }

        #[test]
        fn what_is_repeated_is_found(part in "[a-z]{1,6}", times in 2usize..5) {
            let shortest = unrepeated(&part).to_owned();
            let repeated = part.repeat(times);
            prop_assert_eq!(unrepeated(&repeated), shortest);
        }
    }
}
