//! What people did in the portal: written with what they did, read by the platform.

mod listed;

use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::audit_log::{ActiveModel, Entity};
use app::backend::audit::{Audit, AuditQuery, AuditRow};
use app::backend::page::Page;
use app::caller::{Caller, PlatformViewer, RequestInfo, Scope};
use app::domain::{AuditAction, MerchantId, Outcome, Role, TargetKind, UserId};
use app::error::AppError;
use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};
use serde_json::Value;
use std::fmt::Display;

/// Characters of a login, a target or a reason that are kept.
const TEXT_CHARS: usize = 128;

/// An entry to write.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    user: Option<UserId>,
    login: String,
    role: Option<Role>,
    request: RequestInfo,
    merchant: Option<MerchantId>,
    action: AuditAction,
    target: Option<(TargetKind, String)>,
    outcome: Outcome,
    reason: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

impl AuditEntry {
    /// Something that `caller` did. It concerns the caller's own merchant, unless [`AuditEntry::concerning`] says which.
    pub fn of(caller: &Caller, action: AuditAction) -> Self {
        Self {
            user: caller.user_id(),
            login: caller.login().to_owned(),
            role: caller.user_id().map(|_| caller.role()),
            merchant: match caller.scope() {
                Scope::Merchant(merchant) => Some(merchant),
                Scope::Platform => None,
            },
            ..Self::by_login(caller.login(), caller.request(), action)
        }
    }

    /// Something that somebody did under a login, which may be nobody's.
    pub fn by_login(login: &str, request: &RequestInfo, action: AuditAction) -> Self {
        Self {
            user: None,
            login: kept(login),
            role: None,
            request: request.clone(),
            merchant: None,
            action,
            target: None,
            outcome: Outcome::Success,
            reason: None,
            before: None,
            after: None,
        }
    }

    /// The same about a merchant.
    pub fn concerning(self, merchant: Option<MerchantId>) -> Self {
        Self { merchant, ..self }
    }

    /// The same with what it was done to.
    pub fn on(self, kind: TargetKind, which: impl Display) -> Self {
        Self {
            target: Some((kind, kept(&which.to_string()))),
            ..self
        }
    }

    /// The same with the state before and after: JSON objects with a value for each field that changed, and no secrets.
    pub fn changed(self, before: Option<Value>, after: Option<Value>) -> Self {
        Self { before, after, ..self }
    }

    /// The same as something that was not done, with the stable code of why not.
    pub fn refused(self, reason: &str) -> Self {
        Self {
            outcome: Outcome::Failure,
            reason: Some(kept(reason)),
            ..self
        }
    }
}

/// A text without what no screen shows and no database keeps, cut to [`TEXT_CHARS`].
fn kept(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(TEXT_CHARS).map(shown).collect()
}

/// Writes an entry: into the transaction of the change that it tells of, where there is one.
///
/// # Errors
/// What the database says; a transaction must then be given up.
pub async fn record(
    connection: &impl ConnectionTrait,
    surroundings: &Surroundings,
    entry: AuditEntry,
) -> Result<(), DbErr> {
    let (target_kind, target) = entry.target.unzip();
    let id = surroundings.new_id();
    Entity::insert(ActiveModel {
        id: Set(id),
        occurred_at: Set(surroundings.now().0),
        actor_id: Set(entry.user.map(|user| user.0)),
        actor_login: Set(entry.login),
        actor_role: Set(entry.role.map(|role| role.code().to_owned())),
        merchant_id: Set(entry.merchant.map(|merchant| merchant.0)),
        action: Set(entry.action.code().to_owned()),
        target_kind: Set(target_kind.map(|kind| kind.code().to_owned())),
        target: Set(target),
        outcome: Set(entry.outcome.code().to_owned()),
        reason: Set(entry.reason),
        before: Set(entry.before.map(|value| value.to_string())),
        after: Set(entry.after.map(|value| value.to_string())),
        address: Set(entry.request.address),
        session: Set(entry.request.session),
        request_id: Set(entry.request.id),
    })
    .exec_without_returning(connection)
    .await?;
    Ok(())
}

/// Answers [`Audit`].
pub struct AuditService {
    database: Database,
    surroundings: Surroundings,
}

impl AuditService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    /// Writes an entry of something that changes no row.
    ///
    /// **Permissions:** whoever can make an entry.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn record(&self, entry: AuditEntry) -> Result<(), AppError> {
        record(self.database.writer(), &self.surroundings, entry)
            .await
            .map_err(Failure::from)?;
        Ok(())
    }

    /// At most `rows` entries, newest first, from the place of the query: what an export reads piece by piece.
    ///
    /// **Permissions:** [`PlatformViewer`].
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn piece(
        &self,
        _by: PlatformViewer<'_>,
        query: &AuditQuery,
        rows: u64,
    ) -> Result<Vec<AuditRow>, AppError> {
        Ok(listed::rows(self.database.reader(), query, rows).await?)
    }
}

#[async_trait]
impl Audit for AuditService {
    async fn list(&self, _by: PlatformViewer<'_>, query: &AuditQuery) -> Result<Page<AuditRow>, AppError> {
        Ok(listed::page(self.database.reader(), query).await?)
    }

    async fn refused(&self, caller: &Caller, path: &str) {
        let path = path.split('?').next().unwrap_or_default();
        let entry = AuditEntry::of(caller, AuditAction::PermissionRefused)
            .on(TargetKind::Page, path)
            .refused(AppError::Forbidden.code());
        if let Err(error) = self.record(entry).await {
            tracing::warn!(%error, path, "a refusal is missing from the audit log");
        }
    }
}
