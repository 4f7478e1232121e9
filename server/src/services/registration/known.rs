//! The terminals with a serial number, and whether one of them can be registered.

use super::refusal::{Ended, Refusal};
use super::{lifecycle, merchant_named};
use crate::entities::{merchants, terminals};
use crate::services::failure::Failure;
use app::backend::registration::RegisterInput;
use app::domain::{Lifecycle, MerchantId, Reason, SerialNumber};
use app::error::{AppError, Invalid};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

/// The terminals with a serial number, locked.
pub(super) struct Known {
    /// Those that are not retired: at most one per manufacturer.
    pub(super) live: Vec<terminals::Model>,
    /// The others, oldest first.
    pub(super) retired: Vec<terminals::Model>,
}

impl Known {
    /// The newest retired one; only a merchant's own where one is given.
    pub(super) fn retired_of(&self, merchant: Option<MerchantId>) -> Option<&terminals::Model> {
        let own =
            |terminal: &&terminals::Model| merchant.is_none_or(|merchant| terminal.merchant_id == Some(merchant.0));
        self.retired.iter().rev().find(own)
    }
}

/// One question whatever the serial number is, so that the answer to one that nobody has takes as long as to any other.
pub(super) async fn lock_known(txn: &DatabaseTransaction, sn: &SerialNumber) -> Result<Known, Failure> {
    let all = terminals::Entity::find()
        .filter(terminals::Column::Sn.eq(sn.as_str()))
        .order_by_asc(terminals::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(txn)
        .await?;
    let (retired, live) = all
        .into_iter()
        .partition(|terminal| terminal.lifecycle == Lifecycle::Retired.code());
    Ok(Known { live, retired })
}

/// Why a serial number that no live terminal has is refused: it is unknown, or it is that of a retired terminal. `own` is
/// whether that one is the asker's.
pub(super) fn without_live(retired: Option<&terminals::Model>, own: bool) -> Refusal {
    match retired {
        Some(terminal) => Refusal::about(Reason::TerminalRetired, terminal, own),
        None => Refusal::of(Reason::SnUnknown),
    }
}

/// The terminal that a platform administrator means, and for whom.
pub(super) async fn choose_for_platform(
    txn: &DatabaseTransaction,
    input: &RegisterInput,
    mut known: Known,
) -> Result<Result<(terminals::Model, MerchantId), Ended>, Failure> {
    if known.live.len() > 1 {
        return Ok(Err(Ended::Asked(AppError::Invalid(Invalid::ManufacturerRequired))));
    }
    let Some(terminal) = known.live.pop() else {
        return Ok(Err(without_live(known.retired_of(None), false).into()));
    };
    let said = input.merchant_no.as_deref().filter(|text| !text.trim().is_empty());
    let merchant = match (terminal.merchant_id, said) {
        (Some(merchant), None) => MerchantId(merchant),
        (owner, said) => {
            let named = merchant_named(txn, said).await?;
            if owner.is_some_and(|owner| owner != named.0) {
                return Ok(Err(Refusal::about(Reason::RegisteredElsewhere, &terminal, false).into()));
            }
            named
        }
    };
    Ok(Ok((terminal, merchant)))
}

/// Whether a terminal can be registered for a merchant now; the reason when it cannot.
pub(super) async fn may_bind(
    txn: &DatabaseTransaction,
    terminal: &terminals::Model,
    merchant: &merchants::Model,
) -> Result<Option<Reason>, Failure> {
    let elsewhere = terminal.merchant_id.is_some_and(|owner| owner != merchant.id);
    Ok(match lifecycle(terminal)? {
        _ if elsewhere => Some(Reason::RegisteredElsewhere),
        _ if merchant.state != "active" => Some(Reason::MerchantSuspended),
        Lifecycle::Registered => Some(Reason::AlreadyRegistered),
        Lifecycle::Suspended => Some(Reason::TerminalSuspended),
        Lifecycle::Retired => Some(Reason::TerminalRetired),
        Lifecycle::Unassigned | Lifecycle::Awaiting => over_quota(txn, merchant).await?,
    })
}

/// Whether a merchant has as many registered terminals as it may. Its row is locked, so that the count stands.
pub(super) async fn over_quota(
    txn: &DatabaseTransaction,
    merchant: &merchants::Model,
) -> Result<Option<Reason>, Failure> {
    let used = terminals::Entity::find()
        .filter(terminals::Column::MerchantId.eq(merchant.id))
        .filter(terminals::Column::Lifecycle.is_in([Lifecycle::Registered.code(), Lifecycle::Suspended.code()]))
        .count(txn)
        .await?;
    let quota = u64::try_from(merchant.terminal_quota).unwrap_or_default();
    Ok((used >= quota).then_some(Reason::QuotaExceeded))
}
