//! The two logs.

use super::{Fake, ago};
use app::backend::audit::{Audit, AuditQuery, AuditRow, Change as AuditChange};
use app::backend::device_log::{DeviceLog, LogCount, LogEntry, LogQuery, LogRow};
use app::backend::page::Page;
use app::caller::{Caller, PlatformViewer};
use app::domain::{AuditAction, AuditEntryId, LogEntryId, Outcome, Role, TargetKind};
use app::error::AppError;
use async_trait::async_trait;
use uuid::Uuid;

#[async_trait]
impl Audit for Fake {
    async fn list(&self, _: PlatformViewer<'_>, _: &AuditQuery) -> Result<Page<AuditRow>, AppError> {
        let row = |action, outcome, reason: Option<&str>| AuditRow {
            id: AuditEntryId(Uuid::from_u128(4)),
            occurred: ago(3),
            actor: "admin<b>".to_owned(),
            role: Some(Role::PlatformAdmin).filter(|_| reason.is_none()),
            merchant: None,
            action,
            target: Some((TargetKind::User, "xiaoman".to_owned())),
            outcome,
            reason: reason.map(str::to_owned),
            changes: vec![AuditChange {
                field: "role".to_owned(),
                before: Some("merchant_clerk".to_owned()),
                after: Some("merchant_owner".to_owned()),
            }],
            address: Some("203.0.113.9".to_owned()),
            session: Some("0123456789abcdef".to_owned()),
            request: "0199".to_owned(),
        };
        Ok(Page {
            rows: vec![
                row(AuditAction::UserRoleChanged, Outcome::Success, None),
                row(
                    AuditAction::SessionRefused,
                    Outcome::Failure,
                    Some("login_or_password_wrong"),
                ),
            ],
            previous: None,
            next: None,
        })
    }

    async fn refused(&self, _: &Caller, _: &str) {}
}

#[async_trait]
impl DeviceLog for Fake {
    async fn list(&self, _: &Caller, _: &LogQuery) -> Result<Page<LogRow>, AppError> {
        Ok(Page {
            rows: self.log.clone(),
            previous: None,
            next: None,
        })
    }

    async fn count(&self, _: &Caller, _: &LogQuery) -> Result<LogCount, AppError> {
        Ok(LogCount {
            entries: 12_000,
            exact: false,
        })
    }

    async fn get(&self, _: &Caller, id: LogEntryId) -> Result<Option<LogEntry>, AppError> {
        let found = self.log.iter().find(|row| row.id == id);
        Ok(found.map(|row| LogEntry {
            row: row.clone(),
            told: row.reason,
            related: self.log.clone(),
            more: true,
        }))
    }
}
