//! The words of the device log.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// What happened to a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[expect(missing_docs, reason = "the codes are the words of the log and say what they say")]
pub enum LogKind {
    #[strum(serialize = "registration.succeeded")]
    RegistrationSucceeded,
    #[strum(serialize = "registration.failed")]
    RegistrationFailed,
    #[strum(serialize = "code.issued")]
    CodeIssued,
    #[strum(serialize = "code.consumed")]
    CodeConsumed,
    #[strum(serialize = "code.expired")]
    CodeExpired,
    #[strum(serialize = "code.revoked")]
    CodeRevoked,
    #[strum(serialize = "terminal.imported")]
    TerminalImported,
    #[strum(serialize = "terminal.assigned")]
    TerminalAssigned,
    #[strum(serialize = "terminal.moved")]
    TerminalMoved,
    #[strum(serialize = "terminal.renamed")]
    TerminalRenamed,
    #[strum(serialize = "terminal.suspended")]
    TerminalSuspended,
    #[strum(serialize = "terminal.resumed")]
    TerminalResumed,
    #[strum(serialize = "terminal.retired")]
    TerminalRetired,
    #[strum(serialize = "terminal.unregistered")]
    TerminalUnregistered,
    #[strum(serialize = "terminal.replaced")]
    TerminalReplaced,
    #[strum(serialize = "terminal.signed_in")]
    TerminalSignedIn,
    #[strum(serialize = "terminal.signed_out")]
    TerminalSignedOut,
    #[strum(serialize = "terminal.online")]
    TerminalOnline,
    #[strum(serialize = "terminal.offline")]
    TerminalOffline,
    #[strum(serialize = "app.granted")]
    AppGranted,
    #[strum(serialize = "app.revoked")]
    AppRevoked,
    #[strum(serialize = "app.expired")]
    AppExpired,
    #[strum(serialize = "app.installed")]
    AppInstalled,
    #[strum(serialize = "app.failed")]
    AppFailed,
    #[strum(serialize = "app.removed")]
    AppRemoved,
    #[strum(serialize = "tamper.reported")]
    TamperReported,
}

impl LogKind {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// What was asked was done.
    Success,
    /// What was asked was refused or went wrong.
    Failure,
    /// Nothing was asked; it is worth knowing.
    Info,
}

impl Outcome {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What kind of party did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ActorKind {
    /// A person in the portal.
    User,
    /// The terminal itself.
    Terminal,
    /// Tillkeeper, from its command line or by the clock.
    System,
}

impl ActorKind {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }
}
