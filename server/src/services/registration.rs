//! Binding terminals to merchants, as a person asks for it. What a terminal asks for is in [`claim`].

mod claim;
mod flood;
mod known;
mod refusal;

use super::audit::{self, AuditEntry};
use super::chain::{self, Actor, NewEntry};
use super::codes::{self, CodeService, NewCode};
use super::failure::Failure;
use super::throttle;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{merchants, terminals};
use app::backend::codes::{Codes, Lifetime};
use app::backend::registration::{ClaimInput, Claimed, IssuedCode, RegisterInput, Registered, Registration};
use app::caller::{Caller, CodeIssuer, Registrar, RequestInfo, Scope};
use app::domain::{
    ActivationCode, AuditAction, Lifecycle, LogKind, Manufacturer, MerchantId, MerchantNo, Outcome, Reason,
    SerialNumber, TargetKind, TerminalId,
};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use known::{Known, choose_for_platform, lock_known, may_bind, without_live};
use refusal::{Attempt, Ended, Refusal};
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;
use std::sync::Arc;

/// Answers [`Registration`].
pub struct RegistrationService {
    database: Database,
    surroundings: Surroundings,
    codes: Arc<CodeService>,
}

/// A terminal and the merchant it is to be bound to, both locked.
struct Binding {
    terminal: terminals::Model,
    merchant: merchants::Model,
}

impl RegistrationService {
    pub(super) fn new(database: Database, surroundings: Surroundings, codes: Arc<CodeService>) -> Self {
        Self {
            database,
            surroundings,
            codes,
        }
    }

    /// Registers one terminal; `code` is the one to issue, or a random one.
    pub(super) async fn register_one(
        &self,
        by: Registrar<'_>,
        input: &RegisterInput,
        code: Option<ActivationCode>,
    ) -> Result<Registered, Failure> {
        let mut attempt = Attempt {
            actor: Actor::caller(&by),
            request: by.request().clone(),
            merchant: merchant_of(&by),
            sn_sent: input.sn.clone(),
            knows_truth: by.role().is_platform(),
            counted: refusal::counted_for(&by, &input.sn),
            audit: Some(
                AuditEntry::of(&by, AuditAction::TerminalRegistered)
                    .on(TargetKind::Terminal, refusal::printable(&input.sn)),
            ),
        };
        let txn = self.database.begin().await?;
        if let Some(until) = throttle::locked(&txn, &attempt.counted, self.surroundings.now()).await? {
            return self.turn_away(txn, attempt, until).await;
        }
        let bound = match SerialNumber::parse(&input.sn) {
            Ok(sn) => self.bind(&txn, by, input, &sn, &mut attempt).await?,
            Err(error) => {
                let told = AppError::SerialNumber(error);
                Err(Ended::Refused(Refusal {
                    told: Some(told),
                    ..Refusal::of(Reason::SnMalformed)
                }))
            }
        };
        let binding = match bound {
            Ok(binding) => binding,
            Err(ended) => return refusal::finish(txn, &self.surroundings, attempt, ended).await,
        };
        let merchant = MerchantId(binding.merchant.id);
        if let Some(entry) = attempt.audit {
            let entry = entry.concerning(Some(merchant)).changed(
                Some(json!({ "lifecycle": binding.terminal.lifecycle })),
                Some(json!({ "lifecycle": Lifecycle::Registered.code() })),
            );
            audit::record(&txn, &self.surroundings, entry).await?;
        }
        let terminal = self.set_registered(&txn, binding.terminal, merchant).await?;
        let success = NewEntry {
            merchant: Some(merchant),
            terminal: Some(TerminalId(terminal.id)),
            sn_sent: Some(refusal::printable(&input.sn)),
            ..NewEntry::of(
                &self.surroundings,
                by.request(),
                Actor::caller(&by),
                LogKind::RegistrationSucceeded,
                Outcome::Success,
            )
        };
        let (next, issued) = codes::issue(
            &txn,
            &self.surroundings,
            NewCode {
                terminal: &terminal,
                merchant,
                issued_by: by.user_id(),
                actor: Actor::caller(&by),
                request: by.request(),
                lifetime: Lifetime::Standard,
                code,
            },
        )
        .await?;
        let entries = std::iter::once(success).chain(issued).collect();
        chain::append(&txn, &self.surroundings, entries).await?;
        let registered = Registered {
            terminal: TerminalId(terminal.id),
            sn: serial_number(&terminal)?,
            manufacturer: Manufacturer::parse(&terminal.manufacturer)
                .map_err(|_| super::failure::unreadable("manufacturer"))?,
            next,
        };
        txn.commit().await?;
        Ok(registered)
    }

    /// Decides whether the terminal may be bound and to whom.
    async fn bind(
        &self,
        txn: &DatabaseTransaction,
        by: Registrar<'_>,
        input: &RegisterInput,
        sn: &SerialNumber,
        attempt: &mut Attempt,
    ) -> Result<Result<Binding, Ended>, Failure> {
        let mut known = lock_known(txn, sn).await?;
        if let Some(text) = &input.manufacturer {
            let manufacturer = Manufacturer::parse(text).map_err(|_| Invalid::Form)?;
            known
                .live
                .retain(|terminal| terminal.manufacturer == manufacturer.as_str());
        }
        let chosen = match by.scope() {
            Scope::Merchant(merchant) => self.choose_for_merchant(txn, merchant, input, known).await?,
            Scope::Platform => choose_for_platform(txn, input, known).await?,
        };
        let (terminal, merchant) = match chosen {
            Ok(chosen) => chosen,
            Err(ended) => return Ok(Err(ended)),
        };
        attempt.merchant = Some(merchant);
        let Some(merchant) = lock_merchant(txn, merchant).await? else {
            return Err(super::failure::unreadable("merchant"));
        };
        if let Some(reason) = may_bind(txn, &terminal, &merchant).await? {
            let own = terminal.merchant_id == Some(merchant.id);
            return Ok(Err(Refusal::about(reason, &terminal, own).into()));
        }
        Ok(Ok(Binding { terminal, merchant }))
    }

    /// The terminal that a merchant means: its own, or one of the platform's that its code is for.
    async fn choose_for_merchant(
        &self,
        txn: &DatabaseTransaction,
        merchant: MerchantId,
        input: &RegisterInput,
        known: Known,
    ) -> Result<Result<(terminals::Model, MerchantId), Ended>, Failure> {
        let retired = known.retired_of(Some(merchant)).cloned();
        let (mut own, others): (Vec<_>, Vec<_>) = known
            .live
            .into_iter()
            .partition(|terminal| terminal.merchant_id == Some(merchant.0));
        let (mut candidates, own_one) = match own.len() {
            0 => (others, false),
            _ => (std::mem::take(&mut own), true),
        };
        if let Some(text) = input.code.as_deref().filter(|text| !text.trim().is_empty()) {
            return Ok(
                match codes::find(txn, text, &candidates, self.surroundings.now()).await? {
                    Ok(code) if code.merchant_id != merchant.0 => Err(Refusal::of(Reason::CodeInvalid).into()),
                    Ok(code) => {
                        candidates.retain(|terminal| terminal.id == code.terminal_id);
                        candidates
                            .pop()
                            .map(|terminal| (terminal, merchant))
                            .ok_or(Refusal::of(Reason::CodeInvalid).into())
                    }
                    Err(reason) => Err(match (own_one, candidates.first()) {
                        (true, Some(terminal)) => Refusal::about(reason, terminal, true).into(),
                        _ => Refusal::of(if candidates.is_empty() {
                            Reason::SnUnknown
                        } else {
                            reason
                        })
                        .into(),
                    }),
                },
            );
        }
        if own_one {
            return Ok(match candidates.len() {
                1 => candidates
                    .pop()
                    .map(|terminal| (terminal, merchant))
                    .ok_or(Refusal::of(Reason::SnUnknown).into()),
                _ => Err(Ended::Asked(AppError::Invalid(Invalid::ManufacturerRequired))),
            });
        }
        if candidates.iter().any(|terminal| terminal.merchant_id.is_none()) {
            return Ok(Err(Refusal::of(Reason::CodeRequired).into()));
        }
        if !candidates.is_empty() {
            return Ok(Err(Refusal::of(Reason::RegisteredElsewhere).into()));
        }
        Ok(Err(without_live(retired.as_ref(), true).into()))
    }

    /// On the condition that the terminal is still what was decided on.
    async fn set_registered(
        &self,
        txn: &DatabaseTransaction,
        terminal: terminals::Model,
        merchant: MerchantId,
    ) -> Result<terminals::Model, Failure> {
        let now = self.surroundings.now();
        let registered = terminals::Model {
            merchant_id: Some(merchant.0),
            lifecycle: Lifecycle::Registered.code().to_owned(),
            registered_at: Some(now.0),
            updated_at: now.0,
            ..terminal.clone()
        };
        write(txn, &terminal, registered).await
    }
}

/// The columns that a registration changes.
const CHANGED: [terminals::Column; 8] = [
    terminals::Column::MerchantId,
    terminals::Column::Lifecycle,
    terminals::Column::RegisteredAt,
    terminals::Column::TokenHash,
    terminals::Column::TokenIssuedAt,
    terminals::Column::Firmware,
    terminals::Column::AppVersion,
    terminals::Column::UpdatedAt,
];

/// Writes a terminal that is registered, on the condition that its state is still the one that was decided on.
async fn write(
    txn: &DatabaseTransaction,
    before: &terminals::Model,
    after: terminals::Model,
) -> Result<terminals::Model, Failure> {
    let mut set = terminals::ActiveModel::from(after.clone());
    for column in CHANGED {
        set.reset(column);
    }
    let written = terminals::Entity::update_many()
        .set(set)
        .filter(terminals::Column::Id.eq(before.id))
        .filter(terminals::Column::Lifecycle.eq(before.lifecycle.as_str()))
        .exec(txn)
        .await?;
    match written.rows_affected {
        1 => Ok(after),
        _ => Err(Failure::Broken("a locked terminal has changed its state".to_owned())),
    }
}

async fn lock_merchant(txn: &DatabaseTransaction, merchant: MerchantId) -> Result<Option<merchants::Model>, Failure> {
    Ok(merchants::Entity::find_by_id(merchant.0)
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?)
}

pub(super) async fn merchant_named(txn: &DatabaseTransaction, number: Option<&str>) -> Result<MerchantId, Failure> {
    let text = number
        .filter(|text| !text.trim().is_empty())
        .ok_or(Invalid::MerchantRequired)?;
    let number = MerchantNo::parse(text).map_err(|_| Invalid::MerchantUnknown)?;
    let merchant = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(number.as_str()))
        .one(txn)
        .await?
        .ok_or(Invalid::MerchantUnknown)?;
    Ok(MerchantId(merchant.id))
}

fn merchant_of(caller: &Caller) -> Option<MerchantId> {
    match caller.scope() {
        Scope::Platform => None,
        Scope::Merchant(merchant) => Some(merchant),
    }
}

pub(super) fn lifecycle(terminal: &terminals::Model) -> Result<Lifecycle, Failure> {
    terminal
        .lifecycle
        .parse()
        .map_err(|_| super::failure::unreadable("lifecycle"))
}

fn serial_number(terminal: &terminals::Model) -> Result<SerialNumber, Failure> {
    SerialNumber::parse(&terminal.sn).map_err(|_| super::failure::unreadable("serial number"))
}

#[async_trait]
impl Registration for RegistrationService {
    async fn register(&self, by: Registrar<'_>, input: &RegisterInput) -> Result<Registered, AppError> {
        Ok(self.register_one(by, input, None).await?)
    }

    async fn issue_code(
        &self,
        by: CodeIssuer<'_>,
        terminal: TerminalId,
        merchant_no: Option<&str>,
    ) -> Result<IssuedCode, AppError> {
        self.codes.issue(by, terminal, merchant_no, Lifetime::Standard).await
    }

    async fn claim(&self, request: &RequestInfo, input: &ClaimInput) -> Result<Claimed, AppError> {
        Ok(self.claim_one(request, input).await?)
    }
}
