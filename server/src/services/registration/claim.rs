//! A terminal that registers itself with its activation code.

use super::known::{lock_known, over_quota};
use super::refusal::{self, Attempt, Ended, Refusal};
use super::{Binding, RegistrationService, lifecycle, lock_merchant, serial_number, write};
use crate::entities::{activation_codes, terminals};
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::codes;
use crate::services::failure::Failure;
use crate::services::throttle;
use crate::services::tokens::token_hash;
use app::backend::registration::{ClaimInput, Claimed};
use app::caller::RequestInfo;
use app::domain::{Lifecycle, LogKind, MerchantId, Outcome, Reason, SerialNumber, TerminalId};
use app::error::AppError;
use sea_orm::DatabaseTransaction;
use std::fmt::Write;

impl RegistrationService {
    pub(super) async fn claim_one(&self, request: &RequestInfo, input: &ClaimInput) -> Result<Claimed, Failure> {
        let mut attempt = Attempt {
            actor: Actor::terminal(None),
            request: request.clone(),
            merchant: None,
            sn_sent: input.sn.clone(),
            knows_truth: false,
            counted: refusal::counted_for_terminal(request, &input.sn),
            audit: None,
        };
        let txn = self.database.begin().await?;
        if let Some(until) = throttle::locked(&txn, &attempt.counted, self.surroundings.now()).await? {
            return self.turn_away(txn, attempt, until).await;
        }
        let bound = match SerialNumber::parse(&input.sn) {
            Ok(sn) => self.bind_claimed(&txn, input, &sn, &mut attempt).await?,
            Err(error) => Err(Ended::Refused(Refusal {
                told: Some(AppError::SerialNumber(error)),
                ..Refusal::of(Reason::SnMalformed)
            })),
        };
        let (binding, code) = match bound {
            Ok(bound) => bound,
            Err(ended) => return refusal::finish(txn, &self.surroundings, attempt, ended).await,
        };
        let merchant = MerchantId(binding.merchant.id);
        let token = self
            .surroundings
            .bytes::<32>()
            .iter()
            .fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
        codes::consume(&txn, code, self.surroundings.now()).await?;
        let terminal = self.hand_token(&txn, binding.terminal, merchant, input, &token).await?;
        let entry = |kind, outcome| NewEntry {
            merchant: Some(merchant),
            terminal: Some(TerminalId(terminal.id)),
            sn_sent: Some(refusal::printable(&input.sn)),
            ..NewEntry::of(
                &self.surroundings,
                request,
                Actor::terminal(Some(TerminalId(terminal.id))),
                kind,
                outcome,
            )
        };
        let entries = vec![
            entry(LogKind::CodeConsumed, Outcome::Info),
            entry(LogKind::RegistrationSucceeded, Outcome::Success),
        ];
        chain::append(&txn, &self.surroundings, entries).await?;
        let claimed = Claimed {
            terminal: TerminalId(terminal.id),
            sn: serial_number(&terminal)?,
            merchant_no: binding.merchant.merchant_no,
            merchant_name: binding.merchant.name,
            token,
        };
        txn.commit().await?;
        Ok(claimed)
    }

    /// Decides whether the terminal is let in: the code first, for nothing is told to whoever does not hold it.
    async fn bind_claimed(
        &self,
        txn: &DatabaseTransaction,
        input: &ClaimInput,
        sn: &SerialNumber,
        attempt: &mut Attempt,
    ) -> Result<Result<(Binding, activation_codes::Model), Ended>, Failure> {
        let mut known = lock_known(txn, sn).await?;
        if known.live.is_empty() {
            // A retired terminal that holds its code is told so; whoever does not hold it is told nothing.
            known.live.extend(known.retired.pop());
        }
        let live = known.live;
        let found = codes::find(txn, &input.activation_code, &live, self.surroundings.now()).await?;
        let code = match found {
            Ok(code) => code,
            Err(reason) => {
                let [terminal] = live.as_slice() else {
                    let reason = if live.is_empty() { Reason::SnUnknown } else { reason };
                    return Ok(Err(Refusal::of(reason).into()));
                };
                attempt.merchant = terminal.merchant_id.map(MerchantId);
                return Ok(Err(Refusal::about(reason, terminal, false).into()));
            }
        };
        let Some(terminal) = live.into_iter().find(|terminal| terminal.id == code.terminal_id) else {
            return Ok(Err(Refusal::of(Reason::CodeInvalid).into()));
        };
        attempt.merchant = Some(MerchantId(code.merchant_id));
        let refused = |reason| Ok(Err(Refusal::about(reason, &terminal, true).into()));
        let Some(merchant) = lock_merchant(txn, MerchantId(code.merchant_id)).await? else {
            return Err(crate::services::failure::unreadable("merchant"));
        };
        if terminal.merchant_id.is_some_and(|owner| owner != merchant.id) {
            return refused(Reason::RegisteredElsewhere);
        }
        if merchant.state != "active" {
            return refused(Reason::MerchantSuspended);
        }
        if input
            .model
            .as_deref()
            .is_some_and(|model| !same_model(model, &terminal.model))
        {
            return refused(Reason::ModelMismatch);
        }
        match lifecycle(&terminal)? {
            Lifecycle::Suspended => return refused(Reason::TerminalSuspended),
            Lifecycle::Retired => return refused(Reason::TerminalRetired),
            Lifecycle::Registered => {}
            Lifecycle::Unassigned | Lifecycle::Awaiting => {
                if let Some(reason) = over_quota(txn, &merchant).await? {
                    return refused(reason);
                }
            }
        }
        Ok(Ok((Binding { terminal, merchant }, code)))
    }

    async fn hand_token(
        &self,
        txn: &DatabaseTransaction,
        terminal: terminals::Model,
        merchant: MerchantId,
        input: &ClaimInput,
        token: &str,
    ) -> Result<terminals::Model, Failure> {
        let now = self.surroundings.now();
        let registered = terminal
            .registered_at
            .filter(|_| terminal.lifecycle == Lifecycle::Registered.code());
        let before = terminal.clone();
        let after = terminals::Model {
            merchant_id: Some(merchant.0),
            lifecycle: Lifecycle::Registered.code().to_owned(),
            registered_at: Some(registered.unwrap_or(now.0)),
            token_hash: Some(token_hash(token)),
            token_issued_at: Some(now.0),
            updated_at: now.0,
            firmware: input.firmware.clone().or(terminal.firmware),
            app_version: input.app_version.clone().or(terminal.app_version),
            ..terminal
        };
        write(txn, &before, after).await
    }
}

/// Makers write `APOS A7`, `apos-a7` and `APOSA7` for one model.
fn same_model(sent: &str, kept: &str) -> bool {
    let plain = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_uppercase)
            .collect::<String>()
    };
    plain(sent) == plain(kept)
}
