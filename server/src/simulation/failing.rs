//! How simulated terminals fail, and how many of them.

use std::fmt;
use std::str::FromStr;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// A way to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum Failure {
    /// No paper in the printer.
    PaperOut,
    /// A broken printer.
    PrinterFault,
    /// A broken card reader.
    CardReaderFault,
    /// No connection to the acquirer.
    NetworkDown,
    /// A battery that is nearly empty.
    BatteryLow,
    /// One heartbeat, then silence.
    Offline,
    /// Nobody signs in.
    NoSignIn,
    /// A wrong activation code is keyed in.
    WrongCode,
    /// Its apps cannot be installed.
    AppFailed,
}

/// Which shares of a fleet fail in which way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fails(Vec<(Failure, f64)>);

/// Why a text names no share of failing terminals.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FailsError {
    /// Not `failure=share%`.
    #[error("{0:?} is not FAILURE=SHARE%, such as paper-out=5%")]
    Form(String),
    /// An unknown failure.
    #[error("{0:?} is no failure; there are {all}", all = names())]
    Unknown(String),
    /// The shares are more than the whole.
    #[error("the shares come to more than 100%")]
    TooMuch,
}

fn names() -> String {
    let names: Vec<&str> = Failure::VARIANTS.iter().map(|failure| (*failure).into()).collect();
    names.join(", ")
}

impl Fails {
    /// Puts shares together.
    ///
    /// # Errors
    /// [`FailsError::TooMuch`]
    pub fn new(shares: Vec<Share>) -> Result<Self, FailsError> {
        let whole: f64 = shares.iter().map(|share| share.1).sum();
        if whole > 1.0 + f64::EPSILON {
            return Err(FailsError::TooMuch);
        }
        Ok(Self(
            shares
                .into_iter()
                .map(|Share(failure, share)| (failure, share))
                .collect(),
        ))
    }

    /// How the terminal at a place in a fleet fails. Those that fail are spread over the fleet.
    pub fn of(&self, place: u32, size: u32) -> Option<Failure> {
        // The golden ratio's multiples are spread evenly, whatever the size.
        let spread = (f64::from(place) * 0.618_033_988_749_895).fract();
        let at = if size < 2 { 0.0 } else { spread };
        let mut end = 0.0;
        self.0.iter().find_map(|(failure, share)| {
            end += share;
            (at < end).then_some(*failure)
        })
    }
}

/// `failure=share%`
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share(Failure, f64);

impl FromStr for Share {
    type Err = FailsError;

    fn from_str(text: &str) -> Result<Self, FailsError> {
        let form = || FailsError::Form(text.to_owned());
        let (name, share) = text.split_once('=').ok_or_else(form)?;
        let percent: f64 = share.strip_suffix('%').unwrap_or(share).parse().map_err(|_| form())?;
        if !(0.0..=100.0).contains(&percent) {
            return Err(form());
        }
        let failure = name.parse().map_err(|_| FailsError::Unknown(name.to_owned()))?;
        Ok(Self(failure, percent / 100.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_kept_to_and_spread() {
        let shares = ["paper-out=5%", "offline=2"].map(|text| text.parse().unwrap());
        let fails = Fails::new(shares.to_vec()).unwrap();
        let count = |wanted| (0..1000).filter(|place| fails.of(*place, 1000) == wanted).count();
        assert!((48..=52).contains(&count(Some(Failure::PaperOut))));
        assert!((18..=22).contains(&count(Some(Failure::Offline))));
        assert_eq!(count(Some(Failure::NetworkDown)), 0);
        assert!((0..100).any(|place| fails.of(place, 1000).is_some()));
        assert_eq!(Fails::default().of(0, 1), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| text.parse::<Share>().unwrap_err().to_string();
        assert!(wrong("paper-out").contains("FAILURE=SHARE%"));
        assert!(wrong("paper-out=101%").contains("FAILURE=SHARE%"));
        assert!(wrong("smoke=1%").contains("card-reader-fault"));
        let all = vec!["offline=60%".parse().unwrap(), "paper-out=41%".parse().unwrap()];
        assert_eq!(Fails::new(all), Err(FailsError::TooMuch));
    }
}
