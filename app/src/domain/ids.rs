//! Keys of rows, one type each, so that a store's key cannot be asked for as a terminal's. All are UUIDs of version 7
//! (RFC 9562): they sort by the time they were made.

use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// An activation code's key.
    ActivationCodeId,
    /// An app grant's key.
    AppGrantId,
    /// An app's key.
    AppId,
    /// An audit-log entry's key.
    AuditEntryId,
    /// A batch's key.
    BatchId,
    /// The key of a grant that is being prepared.
    GrantDraftId,
    /// An import batch's key.
    ImportBatchId,
    /// An invitation's key.
    InvitationId,
    /// A device-log entry's key.
    LogEntryId,
    /// A merchant's key.
    MerchantId,
    /// A saved view's key.
    SavedViewId,
    /// A store's key.
    StoreId,
    /// A terminal's key.
    TerminalId,
    /// A user's key.
    UserId,
}
