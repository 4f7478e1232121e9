//! How a merchant is reached.

use super::normalize::nfkc;
use std::fmt;

/// A telephone number as people write it: 3 to 40 of digits, blanks and `+ - ( ) . / * # , ;` with at least three digits.
/// It is kept as written, full-width characters made plain: nothing here dials it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Phone(String);

/// The text is no telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a telephone number")]
pub struct PhoneError;

impl Phone {
    /// Most characters.
    pub const MAX_CHARS: usize = 40;

    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let normal = nfkc(text);
        let normal = normal.trim();
        let fits = |c: char| c.is_ascii_digit() || " +-().,;/*#".contains(c);
        let digits = normal.chars().filter(char::is_ascii_digit).count();
        if digits < 3 || normal.chars().count() > Self::MAX_CHARS || !normal.chars().all(fits) {
            return Err(PhoneError);
        }
        Ok(Self(normal.to_owned()))
    }

    /// The number as kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address for e-mail: something, one `@`, and a domain, at most 254 characters (RFC 5321, section 4.5.3.1.3). Whether
/// anybody reads what is sent there is not checked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is no address for e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address for e-mail")]
pub struct EmailError;

impl Email {
    /// Most characters.
    pub const MAX_CHARS: usize = 254;

    /// Normalizes and checks `text`.
    ///
    /// # Errors
    /// [`EmailError`].
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let normal = nfkc(text);
        let normal = normal.trim();
        let (name, domain) = normal.rsplit_once('@').ok_or(EmailError)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"@<>()[]\\,;:\"".contains(c);
        let labels = domain.split('.').collect::<Vec<_>>();
        let good = !name.is_empty()
            && !name.starts_with(['=', '+', '-'])
            && name.chars().all(plain)
            && domain.chars().all(plain)
            && labels.len() > 1
            && labels.iter().all(|label| !label.is_empty())
            && normal.chars().count() <= Self::MAX_CHARS;
        good.then(|| Self(normal.to_owned())).ok_or(EmailError)
    }

    /// The address as kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn telephone_numbers_are_taken_as_written() {
        for text in [
            "0755-5550 0101",
            "+86 139 5550 0101",
            "（０１０）5550 0103",
            "95588",
            "400-800-1234,8",
        ] {
            assert!(Phone::parse(text).is_ok(), "{text}");
        }
        assert_eq!(Phone::parse(" ０７５５ ").unwrap().as_str(), "0755");
        for text in ["", "12", "ask for 李", "+-()", "1\n23", &"1".repeat(41)] {
            assert_eq!(Phone::parse(text), Err(PhoneError), "{text:?}");
        }
    }

    #[test]
    fn addresses_have_a_name_and_a_domain() {
        for text in ["a@b.cn", "li.na+pos@mail.example.com", "财务@例子.中国"] {
            assert_eq!(Email::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "a",
            "a@b",
            "@b.cn",
            "a@",
            "a@.cn",
            "a b@c.cn",
            "a@b@c.cn",
            "=1@b.cn",
            "a@b.cn,c@d.cn",
            "<a@b.cn>",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_back(text: String) {
            if let Ok(phone) = Phone::parse(&text) {
                prop_assert_eq!(Phone::parse(phone.as_str()), Ok(phone));
            }
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }
    }
}
