//! What a terminal tells of itself with each heartbeat.

use serde::{Deserialize, Serialize};
use std::fmt;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// A terminal's facts as it last told them; what it did not tell is not known. Kept as JSON: an older report reads as one
/// that tells less, a newer one as far as this program understands it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Charge of the battery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery: Option<Battery>,
    /// Connection to the acquirer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// The receipt printer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printer: Option<Printer>,
    /// Paper in the printer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
    /// The card reader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card_reader: Option<CardReader>,
    /// Firmware version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// The apps on it, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apps: Option<Vec<ReportedApp>>,
}

/// An app that a terminal says it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedApp {
    /// The app's package name.
    pub package: String,
    /// The version, as the app calls it.
    pub version: String,
}

impl Report {
    /// Most apps that a report names.
    pub const MAX_APPS: usize = 64;

    /// Reads a stored report; `None` when it is none.
    #[cfg(feature = "ssr")]
    pub fn parse(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// The report as it is stored.
    #[cfg(feature = "ssr")]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Charge of a battery in percent, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Battery(u8);

/// The number is no percentage; holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a battery has 0 to 100 percent, not {0}")]
pub struct BatteryError(pub i64);

impl Battery {
    /// The charge in percent.
    pub fn percent(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Battery {
    type Error = BatteryError;

    fn try_from(percent: i64) -> Result<Self, BatteryError> {
        match u8::try_from(percent) {
            Ok(percent @ 0..=100) => Ok(Self(percent)),
            _ => Err(BatteryError(percent)),
        }
    }
}

impl From<Battery> for i64 {
    fn from(battery: Battery) -> Self {
        battery.0.into()
    }
}

impl fmt::Display for Battery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// Connection to the acquirer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Network {
    /// It works.
    Ok,
    /// It works now and then.
    Weak,
    /// There is none.
    Down,
}

/// The receipt printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Printer {
    /// It works.
    Ok,
    /// It does not.
    Fault,
    /// The terminal has none.
    Absent,
}

/// Paper in the printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Paper {
    /// There is enough.
    Ok,
    /// It will soon be used up.
    Low,
    /// There is none.
    Out,
}

/// The card reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CardReader {
    /// It works.
    Ok,
    /// It does not.
    Fault,
    /// The terminal has none.
    Absent,
}

macro_rules! codes {
    ($($name:ident),* $(,)?) => {$(
        impl $name {
            /// The stable code, as stored and as in the API.
            pub fn code(self) -> &'static str {
                self.into()
            }
        }
    )*};
}

codes!(Network, Printer, Paper, CardReader);

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stored_report_is_read_as_far_as_it_is_understood() {
        let report = Report::parse(r#"{"battery":57,"paper":"low","drawer":"open"}"#).unwrap();
        assert_eq!(report.battery.map(Battery::percent), Some(57));
        assert_eq!(report.paper, Some(Paper::Low));
        assert_eq!(report.printer, None);
        assert_eq!(Report::parse("{}"), Some(Report::default()));
        assert_eq!(Report::parse("nonsense"), None);
        assert_eq!(Report::default().to_json(), "{}");
    }

    #[test]
    fn the_codes_are_the_same_for_every_reader() {
        fn check<T: Copy + Into<&'static str> + Serialize + VariantArray>() {
            for value in T::VARIANTS {
                let code: &'static str = (*value).into();
                assert_eq!(serde_json::to_value(value).unwrap(), code);
            }
        }
        check::<Network>();
        check::<Printer>();
        check::<Paper>();
        check::<CardReader>();
    }

    proptest! {
        #[test]
        fn only_percentages_are_charges(percent in any::<i64>()) {
            prop_assert_eq!(Battery::try_from(percent).is_ok(), (0..=100).contains(&percent));
        }

        #[test]
        fn what_is_stored_is_what_was_told(percent in 0i64..=100, firmware in "\\PC{0,64}") {
            let report = Report {
                battery: Battery::try_from(percent).ok(),
                network: Some(Network::Weak),
                firmware: Some(firmware),
                apps: Some(vec![ReportedApp { package: "com.example.pay".to_owned(), version: "1.2".to_owned() }]),
                ..Report::default()
            };
            prop_assert_eq!(Report::parse(&report.to_json()), Some(report));
        }
    }
}
