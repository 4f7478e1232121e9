//! What the serial numbers of a maker look like, where that is known. A number that does not fit is
//! accepted all the same; people are only told to look at the label again.

use super::{Manufacturer, SerialNumber};

/// The usual form of a maker's serial numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnPattern {
    /// Two characters of the model, none of them O or I, then six digits; or ten digits.
    Pax,
    /// Three groups of three digits.
    Verifone,
    /// 15 characters.
    Ingenico,
}

impl SnPattern {
    /// The form that a maker's numbers have; `None` where they have no form of their own, or nobody knows it.
    pub fn of(manufacturer: &Manufacturer) -> Option<Self> {
        Some(match manufacturer.as_str() {
            "PAX" => Self::Pax,
            "Verifone" => Self::Verifone,
            "Ingenico" => Self::Ingenico,
            _ => return None,
        })
    }

    /// Whether a number has this form.
    pub fn fits(self, sn: &SerialNumber) -> bool {
        let text = sn.as_str();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        match (self, text.len()) {
            (Self::Pax, 8) => {
                let (model, number) = text.split_at(2);
                let stands = |byte: u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'O' | b'I');
                model.bytes().all(stands) && digits(number)
            }
            (Self::Pax, 10) | (Self::Verifone, 9) => digits(text),
            (Self::Ingenico, 15) => true,
            _ => false,
        }
    }
}

/// Whether a number is of another form than its maker's numbers usually are.
pub fn looks_odd(manufacturer: &Manufacturer, sn: &SerialNumber) -> bool {
    SnPattern::of(manufacturer).is_some_and(|pattern| !pattern.fits(sn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn odd(maker: &str, sn: &str) -> bool {
        looks_odd(&Manufacturer::parse(maker).unwrap(), &SerialNumber::parse(sn).unwrap())
    }

    #[test]
    fn each_makers_form() {
        for (maker, sn) in [
            ("PAX", "0A123456"),
            ("pax", "5310294937"),
            ("Verifone", "161-203-824"),
            ("Ingenico", "18001CT12345678"),
            ("Sunmi", "PB1403D0782377"),
            ("Newland", "N9NL10283746"),
            ("Landi", "00820000553978"),
            ("Centerm", "D1V0123456789"),
            ("NEW POS", "WHATEVER.1/2_3"),
        ] {
            assert!(!odd(maker, sn), "{maker} {sn}");
        }
        for (maker, sn) in [
            ("PAX", "0O123456"),
            ("PAX", "IA123456"),
            ("PAX", "0A12345X"),
            ("PAX", "531029493"),
            ("Verifone", "1612038245"),
            ("Verifone", "161203A24"),
            ("Ingenico", "18001CT1234567"),
        ] {
            assert!(odd(maker, sn), "{maker} {sn}");
        }
    }

    proptest! {
        /// A form is a hint and no more: it never decides whether a text is a serial number, and no number makes it panic.
        #[test]
        fn a_form_warns_only(text in "[A-Za-z0-9._/]{4,64}", maker in "PAX|Verifone|Ingenico|Sunmi|X") {
            let sn = SerialNumber::parse(&text).unwrap();
            let maker = Manufacturer::parse(&maker).unwrap();
            let _ = looks_odd(&maker, &sn);
            prop_assert_eq!(SnPattern::of(&maker).is_none(), matches!(maker.as_str(), "Sunmi" | "X"));
        }

        #[test]
        fn numbers_of_a_form_fit_it(pax in "[A-HJ-NP-Z0-9]{2}[0-9]{6}|[0-9]{10}", verifone in "[0-9]{3}-[0-9]{3}-[0-9]{3}") {
            prop_assert!(!odd("PAX", &pax));
            prop_assert!(!odd("Verifone", &verifone));
        }
    }
}
