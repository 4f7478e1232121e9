//! Why an app could not be installed, as a terminal tells it.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A cause of a failed installation that there are words for. A terminal may send any code; one that is not among these
/// is [`InstallFault::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum InstallFault {
    /// No room for it.
    NoSpace,
    /// It could not be fetched.
    DownloadFailed,
    /// It is not what its publisher has signed.
    SignatureInvalid,
    /// The terminal's firmware is older than the version needs.
    FirmwareTooOld,
    /// It does not run on this model.
    Incompatible,
    /// The battery is too low to begin.
    BatteryLow,
    /// It was cut short: switched off, or no more power.
    Interrupted,
    /// Anything else, or no code at all.
    Other,
}

impl InstallFault {
    /// The stable code, as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// What a terminal's code means.
    pub fn of(code: Option<&str>) -> Self {
        code.and_then(|code| code.parse().ok()).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_means_something() {
        for fault in InstallFault::VARIANTS {
            assert_eq!(InstallFault::of(Some(fault.code())), *fault);
        }
        for other in [None, Some(""), Some("E-1207"), Some("NO_SPACE")] {
            assert_eq!(InstallFault::of(other), InstallFault::Other);
        }
    }
}
