//! Serial numbers in the forms of their makers, each once, rising as they would over the years. They keep clear of the
//! ranges from which sample inventories are usually drawn, so that both can be in one database.

use super::dice::Dice;

/// A model that merchants have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) manufacturer: &'static str,
    pub(super) name: &'static str,
    /// Of a hundred terminals.
    share: u64,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// 2 characters of the model without O and I, then 6 digits.
    PaxShort,
    /// 10 digits.
    PaxLong,
    /// 3-3-3 digits.
    Verifone,
    /// 15: 5 digits, `CT`, 8 digits.
    Ingenico,
    /// 14: line, year and month, batch, number.
    Sunmi,
    /// `N9NL` and 10 digits.
    Newland,
    /// `0082` and 10 digits.
    Landi,
    /// `D1V0` and 9 digits.
    Centerm,
}

pub(super) const MODELS: [Model; 8] = [
    Model {
        manufacturer: "Sunmi",
        name: "P2",
        share: 20,
        form: Form::Sunmi,
    },
    Model {
        manufacturer: "PAX",
        name: "A920",
        share: 16,
        form: Form::PaxShort,
    },
    Model {
        manufacturer: "Landi",
        name: "APOS A7",
        share: 15,
        form: Form::Landi,
    },
    Model {
        manufacturer: "Newland",
        name: "N910",
        share: 13,
        form: Form::Newland,
    },
    Model {
        manufacturer: "Centerm",
        name: "K9",
        share: 11,
        form: Form::Centerm,
    },
    Model {
        manufacturer: "Verifone",
        name: "X990",
        share: 10,
        form: Form::Verifone,
    },
    Model {
        manufacturer: "PAX",
        name: "S90",
        share: 9,
        form: Form::PaxLong,
    },
    Model {
        manufacturer: "Ingenico",
        name: "APOS A8",
        share: 6,
        form: Form::Ingenico,
    },
];

/// Model codes of PAX's 8-character numbers, a million numbers each.
const PAX_CODES: [&str; 12] = ["2L", "4T", "6A", "8R", "AC", "BN", "DX", "F7", "GW", "L5", "N3", "T8"];

/// The numbers given out so far.
#[derive(Clone, Debug)]
pub(super) struct Serials {
    last: [u64; MODELS.len()],
    /// Largest step from one number to the next.
    step: u64,
}

impl Serials {
    /// Numbers that lie wide apart when there are few terminals and close together when there are many.
    pub(super) fn new(terminals: u64) -> Self {
        let step = if terminals > 10_000 { 5 } else { 400 };
        Self {
            last: [4_123; MODELS.len()],
            step,
        }
    }

    /// A model and its next serial number as it is printed.
    pub(super) fn next(&mut self, dice: &Dice) -> (Model, String) {
        let mut throw = dice.below(100);
        let place = MODELS.iter().position(|model| {
            let hit = throw < model.share;
            throw = throw.saturating_sub(model.share);
            hit
        });
        let place = place.unwrap_or_default();
        self.last[place] += 1 + dice.below(self.step);
        (MODELS[place], MODELS[place].form.print(self.last[place]))
    }
}

impl Form {
    fn print(self, number: u64) -> String {
        match self {
            Self::PaxShort => {
                let codes = u64::try_from(PAX_CODES.len()).unwrap_or(1);
                let code = usize::try_from(number / 1_000_000 % codes).unwrap_or_default();
                format!("{}{:06}", PAX_CODES[code], number % 1_000_000)
            }
            Self::PaxLong => format!("183{number:07}"),
            Self::Verifone => {
                let digits = format!("{:09}", 20_000_000 + number);
                format!("{}-{}-{}", &digits[..3], &digits[3..6], &digits[6..])
            }
            Self::Ingenico => format!("{:05}CT1{:07}", 24_311 + number / 10_000_000, number % 10_000_000),
            Self::Sunmi => {
                let month = number / 80_000;
                format!(
                    "PC{:02}{:02}D1{number:06}",
                    19 + month / 12,
                    1 + month % 12,
                    number = number % 1_000_000
                )
            }
            Self::Newland => format!("N9NL{:010}", 1_000_000_000 + number),
            Self::Landi => format!("0082{:010}", 1_000_000 + number),
            Self::Centerm => format!("D1V0{:09}", 410_000_000 + number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use app::domain::{Manufacturer, SerialNumber};
    use std::collections::HashSet;

    #[test]
    fn shares_make_a_hundred() {
        assert_eq!(MODELS.iter().map(|model| model.share).sum::<u64>(), 100);
    }

    #[test]
    fn makers_are_spelled_as_they_are_kept() {
        for model in MODELS {
            assert_eq!(
                Manufacturer::parse(model.manufacturer).unwrap().as_str(),
                model.manufacturer
            );
        }
    }

    #[test]
    fn every_number_is_one_and_given_once() {
        let dice = Dice::new();
        for terminals in [120, 1_000_000] {
            let mut serials = Serials::new(terminals);
            let mut seen = HashSet::new();
            for _ in 0..50_000 {
                let (model, printed) = serials.next(&dice);
                let sn = SerialNumber::parse(&printed).unwrap();
                assert!(seen.insert((model.manufacturer, sn)), "{printed} came twice");
            }
        }
    }

    #[test]
    fn the_forms_of_the_makers() {
        let printed: Vec<String> = MODELS.iter().map(|model| model.form.print(1_234_567)).collect();
        assert_eq!(
            printed,
            [
                "PC2004D1234567",
                "4T234567",
                "00820002234567",
                "N9NL1001234567",
                "D1V0411234567",
                "021-234-567",
                "1831234567",
                "24311CT11234567"
            ]
        );
    }
}
