//! Why a registration was refused, and what is told to whom, in one table.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// The true reason of a refusal, as the log keeps it and platform users see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The text is no serial number.
    SnMalformed,
    /// No live terminal has this serial number.
    SnUnknown,
    /// The terminal has no merchant yet and no code was given.
    CodeRequired,
    /// The code is not this terminal's.
    CodeInvalid,
    /// The code matched but its time is over.
    CodeExpired,
    /// The code matched but was used before.
    CodeUsed,
    /// The code matched but was withdrawn.
    CodeRevoked,
    /// The caller's own terminal is registered already.
    AlreadyRegistered,
    /// Another merchant has this terminal.
    RegisteredElsewhere,
    /// The merchant may register nothing for now.
    MerchantSuspended,
    /// The terminal is stopped.
    TerminalSuspended,
    /// The terminal is out of use for good.
    TerminalRetired,
    /// The terminal says another model than the platform's record.
    ModelMismatch,
    /// The merchant has as many registered terminals as it may.
    QuotaExceeded,
    /// Too many wrong attempts in a short time.
    TooManyAttempts,
}

/// A reason as it is told to a merchant or a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// Covers every reason that would give away what is not the asker's: "serial number or code is wrong".
    SnOrCodeWrong,
    /// The reason itself.
    Itself(Reason),
}

impl Reason {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// What the asker is told. `own` is whether the terminal is the asker's own: already given to the merchant that
    /// asks, or proven by a code that matched.
    pub fn told(self, own: bool) -> Told {
        use Reason::*;
        match self {
            SnMalformed | CodeExpired | CodeUsed | CodeRevoked | MerchantSuspended | ModelMismatch | QuotaExceeded
            | TooManyAttempts => Told::Itself(self),
            CodeRequired | AlreadyRegistered | TerminalSuspended | TerminalRetired if own => Told::Itself(self),
            SnUnknown | CodeRequired | CodeInvalid | AlreadyRegistered | RegisteredElsewhere | TerminalSuspended
            | TerminalRetired => Told::SnOrCodeWrong,
        }
    }
}

impl Told {
    /// Code of [`Told::SnOrCodeWrong`].
    pub const SN_OR_CODE_WRONG: &'static str = "sn_or_code_wrong";

    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::SnOrCodeWrong => Self::SN_OR_CODE_WRONG,
            Self::Itself(reason) => reason.code(),
        }
    }

    /// Reads a stored code.
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            Self::SN_OR_CODE_WRONG => Some(Self::SnOrCodeWrong),
            code => code.parse().ok().map(Self::Itself),
        }
    }

    /// Every value, for filters.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::SnOrCodeWrong).chain(Reason::VARIANTS.iter().map(|reason| Self::Itself(*reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_contract() {
        let told = |reason: Reason| (reason.told(false).code(), reason.told(true).code());
        let table: Vec<_> = Reason::VARIANTS
            .iter()
            .map(|reason| (reason.code(), told(*reason)))
            .collect();
        let wrong = "sn_or_code_wrong";
        assert_eq!(
            table,
            [
                ("sn_malformed", ("sn_malformed", "sn_malformed")),
                ("sn_unknown", (wrong, wrong)),
                ("code_required", (wrong, "code_required")),
                ("code_invalid", (wrong, wrong)),
                ("code_expired", ("code_expired", "code_expired")),
                ("code_used", ("code_used", "code_used")),
                ("code_revoked", ("code_revoked", "code_revoked")),
                ("already_registered", (wrong, "already_registered")),
                ("registered_elsewhere", (wrong, wrong)),
                ("merchant_suspended", ("merchant_suspended", "merchant_suspended")),
                ("terminal_suspended", (wrong, "terminal_suspended")),
                ("terminal_retired", (wrong, "terminal_retired")),
                ("model_mismatch", ("model_mismatch", "model_mismatch")),
                ("quota_exceeded", ("quota_exceeded", "quota_exceeded")),
                ("too_many_attempts", ("too_many_attempts", "too_many_attempts")),
            ]
        );
    }

    #[test]
    fn every_told_code_is_read_back() {
        for told in Told::all() {
            assert_eq!(Told::parse(told.code()), Some(told));
        }
    }
}
