//! How many terminals are in which state.

use super::{TerminalService, lifecycle_of};
use crate::entities::terminals;
use crate::services::failure::Failure;
use app::backend::terminals::TerminalCounts;
use app::caller::Scope;
use app::domain::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use std::sync::PoisonError;
use terminals::Column;

/// Of so many terminals on, the platform's counts are told again for [`COUNTS_KEPT_MS`]: counting reads an index from end to
/// end.
const MANY: u64 = 50_000;

/// How long the counts of many terminals are told again, in milliseconds.
const COUNTS_KEPT_MS: i64 = 60_000;

#[derive(FromQueryResult)]
struct Counted {
    lifecycle: String,
    terminals: i64,
}

impl TerminalService {
    pub(super) async fn count_states(&self, scope: Scope) -> Result<TerminalCounts, Failure> {
        if scope != Scope::Platform {
            return counts_of(self.database.reader(), scope).await;
        }
        let now = self.surroundings.now();
        let kept = *self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = still_told(kept, now) {
            return Ok(counts);
        }
        let counts = counts_of(self.database.reader(), scope).await?;
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, counts));
        Ok(counts)
    }
}

/// What was counted a moment ago, where counting anew would take long.
fn still_told(kept: Option<(Timestamp, TerminalCounts)>, now: Timestamp) -> Option<TerminalCounts> {
    let (at, counts) = kept?;
    let fresh = (0..COUNTS_KEPT_MS).contains(&(now.0 - at.0));
    (fresh && counts.all() >= MANY).then_some(counts)
}

/// How many terminals of a scope are in which state.
pub(in crate::services) async fn counts_of(
    connection: &impl ConnectionTrait,
    scope: Scope,
) -> Result<TerminalCounts, Failure> {
    let mut select = terminals::Entity::find()
        .select_only()
        .column(Column::Lifecycle)
        .expr_as(Expr::col(Column::Id).count(), "terminals")
        .group_by(Column::Lifecycle);
    if let Scope::Merchant(merchant) = scope {
        select = select.filter(Column::MerchantId.eq(merchant.0));
    }
    let mut counts = TerminalCounts::default();
    for counted in select.into_model::<Counted>().all(connection).await? {
        *counts.of_mut(lifecycle_of(&counted.lifecycle)?) = u64::try_from(counted.terminals).unwrap_or_default();
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_many_are_told_again_for_a_while() {
        let counts = |registered| TerminalCounts {
            registered,
            ..TerminalCounts::default()
        };
        let at = Timestamp(1_000_000);
        let told = |counted, after| still_told(Some((at, counted)), at.plus_ms(after));
        assert_eq!(told(counts(MANY), COUNTS_KEPT_MS - 1), Some(counts(MANY)));
        assert_eq!(told(counts(MANY), COUNTS_KEPT_MS), None);
        assert_eq!(told(counts(MANY - 1), 0), None);
        // A clock that was put back.
        assert_eq!(told(counts(MANY), -1), None);
        assert_eq!(still_told(None, at), None);
    }
}
