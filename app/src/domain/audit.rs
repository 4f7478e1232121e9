//! The words of the audit log: what people did in the portal, and to what.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// What somebody did, or tried to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[expect(missing_docs, reason = "the codes say what they say")]
pub enum AuditAction {
    #[strum(serialize = "session.signed_in")]
    SessionSignedIn,
    #[strum(serialize = "session.refused")]
    SessionRefused,
    #[strum(serialize = "session.ended")]
    SessionEnded,
    #[strum(serialize = "user.created")]
    UserCreated,
    #[strum(serialize = "user.password_changed")]
    UserPasswordChanged,
    #[strum(serialize = "user.disabled")]
    UserDisabled,
    #[strum(serialize = "user.enabled")]
    UserEnabled,
    #[strum(serialize = "user.role_changed")]
    UserRoleChanged,
    #[strum(serialize = "invitation.created")]
    InvitationCreated,
    #[strum(serialize = "invitation.withdrawn")]
    InvitationWithdrawn,
    #[strum(serialize = "invitation.used")]
    InvitationUsed,
    #[strum(serialize = "second_factor.enabled")]
    SecondFactorEnabled,
    #[strum(serialize = "second_factor.disabled")]
    SecondFactorDisabled,
    #[strum(serialize = "second_factor.codes_renewed")]
    SecondFactorCodesRenewed,
    #[strum(serialize = "second_factor.used_recovery")]
    SecondFactorUsedRecovery,
    #[strum(serialize = "terminal.registered")]
    TerminalRegistered,
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
    #[strum(serialize = "code.issued")]
    CodeIssued,
    #[strum(serialize = "code.revoked")]
    CodeRevoked,
    #[strum(serialize = "import.started")]
    ImportStarted,
    #[strum(serialize = "import.done")]
    ImportDone,
    #[strum(serialize = "import.cancelled")]
    ImportCancelled,
    #[strum(serialize = "import.undone")]
    ImportUndone,
    #[strum(serialize = "terminal.tagged")]
    TerminalTagged,
    #[strum(serialize = "terminal.untagged")]
    TerminalUntagged,
    #[strum(serialize = "batch.started")]
    BatchStarted,
    #[strum(serialize = "batch.done")]
    BatchDone,
    #[strum(serialize = "batch.cancelled")]
    BatchCancelled,
    #[strum(serialize = "merchant.created")]
    MerchantCreated,
    #[strum(serialize = "merchant.updated")]
    MerchantUpdated,
    #[strum(serialize = "merchant.suspended")]
    MerchantSuspended,
    #[strum(serialize = "merchant.resumed")]
    MerchantResumed,
    #[strum(serialize = "store.created")]
    StoreCreated,
    #[strum(serialize = "store.updated")]
    StoreUpdated,
    #[strum(serialize = "store.closed")]
    StoreClosed,
    #[strum(serialize = "store.reopened")]
    StoreReopened,
    #[strum(serialize = "store.removed")]
    StoreRemoved,
    #[strum(serialize = "app.created")]
    AppCreated,
    #[strum(serialize = "app.updated")]
    AppUpdated,
    #[strum(serialize = "app.version_added")]
    AppVersionAdded,
    #[strum(serialize = "app.version_updated")]
    AppVersionUpdated,
    #[strum(serialize = "app.granted")]
    AppGranted,
    #[strum(serialize = "app.revoked")]
    AppRevoked,
    #[strum(serialize = "log.retained")]
    LogRetained,
    #[strum(serialize = "permission.refused")]
    PermissionRefused,
}

impl AuditAction {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What kind of thing it was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum TargetKind {
    /// A user, by login.
    User,
    /// A session, by its name.
    Session,
    /// A terminal, by serial number.
    Terminal,
    /// An inventory file, by the key of its batch.
    Import,
    /// Terminals that are handled together, by the key of their batch.
    Batch,
    /// A merchant, by number.
    Merchant,
    /// A store, by name.
    Store,
    /// An app, by package name.
    App,
    /// A page or a form, by its path.
    Page,
}

impl TargetKind {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_read_back() {
        for action in AuditAction::VARIANTS {
            assert_eq!(action.code().parse(), Ok(*action));
            assert!(action.code().contains('.'), "{}", action.code());
        }
        for kind in TargetKind::VARIANTS {
            assert_eq!(kind.code().parse(), Ok(*kind));
        }
    }
}
