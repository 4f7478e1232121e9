//! Refusing a registration: the true reason goes to the log, the told one to the asker.

use crate::clock::Surroundings;
use crate::entities::terminals;
use crate::services::audit::{self, AuditEntry};
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::failure::Failure;
use crate::services::throttle::{self, Key};
use app::caller::{Caller, RequestInfo};
use app::domain::{LogKind, MerchantId, Outcome, Reason, SerialNumber, TerminalId, Told};
use app::error::AppError;
use sea_orm::DatabaseTransaction;

/// Characters of a serial number as sent that the log keeps; nobody prints more on a terminal.
const SN_SENT_CHARS: usize = 128;

/// Who tries, and what for.
pub(super) struct Attempt {
    pub(super) actor: Actor,
    pub(super) request: RequestInfo,
    /// In whose chain it is logged; the platform's when that is nobody's.
    pub(super) merchant: Option<MerchantId>,
    /// The serial number as it was sent.
    pub(super) sn_sent: String,
    /// Whether the asker is told the true reason.
    pub(super) knows_truth: bool,
    /// Under what it is counted when the serial number or the code is wrong.
    pub(super) counted: Vec<Key>,
    /// The attempt as the audit log keeps it, when a person makes it.
    pub(super) audit: Option<AuditEntry>,
}

/// Why an attempt is refused.
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// Which terminal was meant, when that is known.
    pub(super) terminal: Option<TerminalId>,
    /// Whether that terminal is the asker's own.
    pub(super) own: bool,
    /// What the asker is told, where that is more than the reason's code.
    pub(super) told: Option<AppError>,
}

/// How an attempt ends without a registration.
pub(super) enum Ended {
    /// It was refused, and the log says so.
    Refused(Refusal),
    /// It was no attempt yet: the asker must say more.
    Asked(AppError),
}

impl Refusal {
    pub(super) fn of(reason: Reason) -> Self {
        Self {
            reason,
            terminal: None,
            own: false,
            told: None,
        }
    }

    pub(super) fn about(reason: Reason, terminal: &terminals::Model, own: bool) -> Self {
        Self {
            terminal: Some(TerminalId(terminal.id)),
            own,
            ..Self::of(reason)
        }
    }
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Logs a refusal and ends the transaction; what was asked back is no attempt and is not logged.
pub(super) async fn finish<T>(
    txn: DatabaseTransaction,
    surroundings: &Surroundings,
    attempt: Attempt,
    ended: Ended,
) -> Result<T, Failure> {
    let refusal = match ended {
        Ended::Asked(error) => return Err(error.into()),
        Ended::Refused(refusal) => refusal,
    };
    let told = refusal.reason.told(refusal.own);
    if told == Told::SnOrCodeWrong {
        throttle::count(&txn, &attempt.counted, surroundings.now()).await?;
    }
    let entry = NewEntry {
        merchant: attempt.merchant,
        terminal: refusal.terminal,
        sn_sent: Some(printable(&attempt.sn_sent)),
        reason: Some(refusal.reason),
        told: Some(told),
        ..NewEntry::of(
            surroundings,
            &attempt.request,
            attempt.actor,
            LogKind::RegistrationFailed,
            Outcome::Failure,
        )
    };
    if let Some(entry) = attempt.audit {
        let entry = entry.concerning(attempt.merchant).refused(refusal.reason.code());
        audit::record(&txn, surroundings, entry).await?;
    }
    chain::append(&txn, surroundings, vec![entry]).await?;
    txn.commit().await?;
    let told = if attempt.knows_truth {
        Told::Itself(refusal.reason)
    } else {
        told
    };
    Err(refusal.told.unwrap_or(AppError::Refused(told)).into())
}

/// Under what a person's wrong attempts are counted. The platform sees every serial number and has nothing to guess.
pub(super) fn counted_for(by: &Caller, sn: &str) -> Vec<Key> {
    if by.role().is_platform() {
        return Vec::new();
    }
    let account = by
        .user_id()
        .map(|user| throttle::REGISTER_ACCOUNT.key(&user.to_string()));
    let mut keys = counted_for_terminal(by.request(), sn);
    keys.extend(account);
    keys
}

/// Under what a terminal's wrong attempts are counted.
pub(super) fn counted_for_terminal(request: &RequestInfo, sn: &str) -> Vec<Key> {
    let sn = SerialNumber::parse(sn).ok();
    let sn = sn.map(|sn| throttle::REGISTER_SN.key(sn.as_str()));
    let address = throttle::REGISTER_ADDRESS.address_key(request.address.as_deref());
    address.into_iter().chain(sn).collect()
}

/// The serial number as it was sent, without what no screen shows and no database keeps.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().take(SN_SENT_CHARS).map(shown).collect()
}
