//! What people did in the portal, and from where: the audit log.

use super::page::{Cursor, Page};
use super::terminals::MerchantRef;
use crate::caller::{Caller, PlatformViewer};
use crate::domain::{AuditAction, AuditEntryId, Outcome, Role, TargetKind, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// What the audit log is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only entries of this login, in whatever way it is written.
    pub actor: Option<String>,
    /// Only entries of this action.
    pub action: Option<AuditAction>,
    /// Only what succeeded, or only what failed.
    pub outcome: Option<Outcome>,
    /// Only entries that concern the merchant with this number.
    pub merchant_no: Option<String>,
    /// Only entries at or after this instant.
    pub from: Option<Timestamp>,
    /// Only entries before this instant.
    pub until: Option<Timestamp>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// An entry of the audit log as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its key.
    pub id: AuditEntryId,
    /// When it was done.
    pub occurred: Timestamp,
    /// The login used, known or not.
    pub actor: String,
    /// The role of a known user at the time.
    pub role: Option<Role>,
    /// The merchant it concerns.
    pub merchant: Option<MerchantRef>,
    /// What was done.
    pub action: AuditAction,
    /// What it was done to.
    pub target: Option<(TargetKind, String)>,
    /// Whether it was done.
    pub outcome: Outcome,
    /// The stable code of why not.
    pub reason: Option<String>,
    /// What changed, by field.
    pub changes: Vec<Change>,
    /// From which address.
    pub address: Option<String>,
    /// A name for the session that does not open it.
    pub session: Option<String>,
    /// The request it came from.
    pub request: String,
}

/// A field that has another value, or was told beside the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its code.
    pub field: String,
    /// The value before.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
}

/// What people did in the portal.
#[async_trait]
pub trait Audit: Send + Sync {
    /// A page of entries, newest first.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn list(&self, by: PlatformViewer<'_>, query: &AuditQuery) -> Result<Page<AuditRow>, AppError>;

    /// Writes down that a role was not allowed what it asked for. That this cannot be written down is logged and keeps
    /// nobody from the answer.
    ///
    /// **Permissions:** any caller.
    async fn refused(&self, caller: &Caller, path: &str);
}
