//! What pages ask of activation codes.

use super::{Column, Entity, ISSUED, NewCode, end, entry, issue, withdraw};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{activation_codes, terminals, users};
use crate::services::audit::{self, AuditEntry};
use crate::services::chain::{self, Actor};
use crate::services::failure::{Failure, unreadable};
use crate::services::registration::{lifecycle, merchant_named};
use app::backend::codes::{CODES_SHOWN, CodeRow, CodeState, Codes, Lifetime};
use app::backend::registration::IssuedCode;
use app::caller::{Caller, CodeIssuer, Scope};
use app::domain::{ActivationCode, AuditAction, Lifecycle, LogKind, MerchantId, TargetKind, TerminalId, Timestamp};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

/// Expired codes that one transaction marks.
const SWEPT_AT_ONCE: u64 = 100;

/// Answers [`Codes`].
pub struct CodeService {
    database: Database,
    surroundings: Surroundings,
}

impl CodeService {
    pub(in crate::services) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn issue_one(
        &self,
        by: CodeIssuer<'_>,
        terminal: TerminalId,
        merchant_no: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<IssuedCode, Failure> {
        let txn = self.database.begin().await?;
        let terminal = lock_terminal(&txn, by.scope(), terminal).await?;
        let merchant = match terminal.merchant_id {
            Some(merchant) => MerchantId(merchant),
            None => merchant_named(&txn, merchant_no).await?,
        };
        let (issued, entries) = self.issue_in(&txn, by, &terminal, merchant, lifetime, None).await?;
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(issued)
    }

    /// Issues a code for a terminal whose row is locked, and answers it with what the log has to say. What is refused is
    /// refused before anything is written.
    pub(in crate::services) async fn issue_in(
        &self,
        txn: &DatabaseTransaction,
        by: CodeIssuer<'_>,
        terminal: &terminals::Model,
        merchant: MerchantId,
        lifetime: Lifetime,
        code: Option<ActivationCode>,
    ) -> Result<(IssuedCode, Vec<chain::NewEntry>), Failure> {
        if matches!(lifecycle(terminal)?, Lifecycle::Suspended | Lifecycle::Retired) {
            return Err(Invalid::NotInThisState.into());
        }
        let entry = AuditEntry::of(&by, AuditAction::CodeIssued)
            .concerning(Some(merchant))
            .on(TargetKind::Terminal, &terminal.sn)
            .changed(None, Some(json!({ "code": "issued" })));
        audit::record(txn, &self.surroundings, entry).await?;
        let new = NewCode {
            terminal,
            merchant,
            issued_by: by.user_id(),
            actor: Actor::caller(&by),
            request: by.request(),
            lifetime,
            code,
        };
        issue(txn, &self.surroundings, new).await
    }

    async fn revoke_one(&self, by: CodeIssuer<'_>, terminal: TerminalId) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let terminal = lock_terminal(&txn, by.scope(), terminal).await?;
        let entries = withdraw(&txn, &self.surroundings, &terminal, &Actor::caller(&by), by.request()).await?;
        let revoked = entries.iter().any(|entry| entry.kind == LogKind::CodeRevoked);
        if !revoked {
            return Err(Invalid::NoCodeOut.into());
        }
        let entry = AuditEntry::of(&by, AuditAction::CodeRevoked)
            .concerning(terminal.merchant_id.map(MerchantId))
            .on(TargetKind::Terminal, &terminal.sn)
            .changed(Some(json!({ "code": "issued" })), Some(json!({ "code": "revoked" })));
        audit::record(&txn, &self.surroundings, entry).await?;
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn list_rows(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<CodeRow>, Failure> {
        let reader = self.database.reader();
        let mut find = Entity::find().filter(Column::TerminalId.eq(terminal.0));
        if let Scope::Merchant(merchant) = caller.scope() {
            // A code of the time before is the business of the merchant that had the terminal then.
            let own = terminals::Entity::find_by_id(terminal.0).one(reader).await?;
            if own.is_none_or(|row| row.merchant_id != Some(merchant.0)) {
                return Ok(Vec::new());
            }
            find = find.filter(Column::MerchantId.eq(merchant.0));
        }
        let codes = find
            .order_by_desc(Column::IssuedAt)
            .order_by_desc(Column::Id)
            .limit(CODES_SHOWN as u64)
            .all(reader)
            .await?;
        let issuers: Vec<Uuid> = codes.iter().filter_map(|code| code.issued_by).collect();
        let mut find = users::Entity::find().filter(users::Column::Id.is_in(issuers));
        if let Scope::Merchant(merchant) = caller.scope() {
            find = find.filter(users::Column::MerchantId.eq(merchant.0));
        }
        let issuers = find.all(reader).await?;
        let now = self.surroundings.now();
        codes
            .into_iter()
            .map(|code| {
                let issuer = issuers.iter().find(|user| Some(user.id) == code.issued_by);
                row_of(code, issuer.map(|user| user.login.clone()), now)
            })
            .collect()
    }

    /// Marks the codes whose time is over, each with its log entry, and says how many those were. A code stops working at
    /// its time whether or not it has been marked.
    ///
    /// **Permissions:** the server itself.
    ///
    /// # Errors
    /// [`AppError::Internal`]; what was marked before stays marked.
    pub async fn sweep(&self) -> Result<u64, AppError> {
        let mut swept = 0;
        loop {
            match self.sweep_some().await? {
                0 => return Ok(swept),
                some => swept += some,
            }
        }
    }

    async fn sweep_some(&self) -> Result<u64, Failure> {
        let system = Caller::system("sweep");
        let txn = self.database.begin().await?;
        let now = self.surroundings.now();
        let over = || {
            Entity::find()
                .filter(Column::State.eq(ISSUED))
                .filter(Column::ExpiresAt.lte(now.0))
        };
        let some: Vec<Uuid> = over()
            .order_by_asc(Column::ExpiresAt)
            .limit(SWEPT_AT_ONCE)
            .select_only()
            .column(Column::TerminalId)
            .into_tuple()
            .all(&txn)
            .await?;
        let terminals = terminals::Entity::find()
            .filter(terminals::Column::Id.is_in(some))
            .order_by_asc(terminals::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .all(&txn)
            .await?;
        let ids = terminals.iter().map(|terminal| terminal.id);
        let codes = over().filter(Column::TerminalId.is_in(ids)).all(&txn).await?;
        let swept = codes.len() as u64;
        let mut entries = Vec::new();
        for code in codes {
            let Some(terminal) = terminals.iter().find(|terminal| terminal.id == code.terminal_id) else {
                continue;
            };
            entries.push(entry(
                &self.surroundings,
                terminal,
                code.merchant_id,
                &Actor::caller(&system),
                system.request(),
                LogKind::CodeExpired,
            ));
            end(&txn, code, super::EXPIRED, now).await?;
        }
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(swept)
    }
}

async fn lock_terminal(
    txn: &DatabaseTransaction,
    scope: Scope,
    terminal: TerminalId,
) -> Result<terminals::Model, Failure> {
    let mut find = terminals::Entity::find_by_id(terminal.0);
    if let Scope::Merchant(merchant) = scope {
        find = find.filter(terminals::Column::MerchantId.eq(merchant.0));
    }
    let found = find.lock(LockType::NoKeyUpdate).one(txn).await?;
    Ok(found.ok_or(AppError::NotFound)?)
}

fn row_of(code: activation_codes::Model, issued_by: Option<String>, now: Timestamp) -> Result<CodeRow, Failure> {
    let state = match code.state.parse().map_err(|_| unreadable("code state"))? {
        CodeState::Issued if code.expires_at <= now.0 => CodeState::Expired,
        state => state,
    };
    Ok(CodeRow {
        state,
        issued: Timestamp(code.issued_at),
        issued_by,
        expires: Timestamp(code.expires_at),
        ended: code.ended_at.map(Timestamp).filter(|_| state != CodeState::Expired),
    })
}

#[async_trait]
impl Codes for CodeService {
    async fn issue(
        &self,
        by: CodeIssuer<'_>,
        terminal: TerminalId,
        merchant_no: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<IssuedCode, AppError> {
        Ok(self.issue_one(by, terminal, merchant_no, lifetime).await?)
    }

    async fn revoke(&self, by: CodeIssuer<'_>, terminal: TerminalId) -> Result<(), AppError> {
        Ok(self.revoke_one(by, terminal).await?)
    }

    async fn list(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<CodeRow>, AppError> {
        Ok(self.list_rows(caller, terminal).await?)
    }
}
