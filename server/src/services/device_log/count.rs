//! How many entries match: counted while there are few to look at, else told from how densely the newest ones lie.

use super::DeviceLogService;
use super::filter::{Filter, WINDOW, instant_of};
use crate::entities::{device_log, log_heads};
use crate::services::failure::Failure;
use app::backend::device_log::{LogCount, LogQuery};
use app::caller::Caller;
use app::domain::MerchantId;
use device_log::Column;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Order, Query, SelectStatement};
use std::cmp::max;
use uuid::Uuid;

impl DeviceLogService {
    pub(super) async fn count_entries(&self, caller: &Caller, query: &LogQuery) -> Result<LogCount, Failure> {
        let reader = self.database.reader();
        let Some(filter) = Filter::of(reader, caller.scope(), query).await? else {
            return Ok(LogCount {
                entries: 0,
                exact: true,
            });
        };
        if let Some(chain) = filter.whole_chain() {
            return Ok(LogCount {
                entries: self.length_of(chain).await?,
                exact: true,
            });
        }
        let matching = self.number(&matching(&filter)).await?;
        let Some(last) = filter.window_end(reader, None).await? else {
            return Ok(LogCount {
                entries: matching,
                exact: true,
            });
        };
        let newest = self.key(&outermost(&filter, Order::Desc)).await?;
        let oldest = self.key(&outermost(&filter, Order::Asc)).await?;
        let ends = newest.zip(oldest).map(|(newest, oldest)| {
            let at = |id| instant_of(id).0;
            (at(newest), at(last.0), at(oldest))
        });
        Ok(LogCount {
            entries: ends.map_or(matching, |ends| estimate(matching, ends)),
            exact: false,
        })
    }

    /// How many entries a merchant's chain has: they are numbered without gaps, and the oldest may have been put away.
    async fn length_of(&self, chain: MerchantId) -> Result<u64, Failure> {
        let last = Query::select()
            .expr_as(Expr::col(log_heads::Column::LastSequence), "entries")
            .from(log_heads::Entity)
            .and_where(Expr::col(log_heads::Column::Chain).eq(chain.0))
            .take();
        let first = Query::select()
            .expr_as(Expr::col(Column::Sequence).min(), "entries")
            .from(device_log::Entity)
            .and_where(Expr::col(Column::Chain).eq(chain.0))
            .take();
        let (last, first) = (self.number(&last).await?, self.number(&first).await?);
        Ok((last + 1).saturating_sub(max(first, 1)))
    }

    async fn number(&self, select: &SelectStatement) -> Result<u64, Failure> {
        let row = self.database.reader().query_one(select).await?;
        let number: Option<i64> = row.map(|row| row.try_get("", "entries")).transpose()?.flatten();
        Ok(u64::try_from(number.unwrap_or_default()).unwrap_or_default())
    }

    async fn key(&self, select: &SelectStatement) -> Result<Option<Uuid>, Failure> {
        let row = self.database.reader().query_one(select).await?;
        Ok(row.map(|row| row.try_get("", "id")).transpose()?)
    }
}

/// The newest key that the index finds, or the oldest.
fn outermost(filter: &Filter, order: Order) -> SelectStatement {
    let (mut keys, _) = filter.keys(None);
    keys.clear_order_by()
        .order_by((device_log::Entity, Column::Id), order)
        .limit(1)
        .take()
}

/// How many of the newest [`WINDOW`] entries match.
fn matching(filter: &Filter) -> SelectStatement {
    let inner = match filter.check() {
        None => filter.keys(None).0.limit(WINDOW).take(),
        Some(check) => filter
            .window(None)
            .column((device_log::Entity, Column::Id))
            .and_where(check)
            .take(),
    };
    Query::select()
        .expr_as(Expr::col(Column::Id).count(), "entries")
        .from_subquery(inner, Alias::new("matching"))
        .take()
}

/// As many as there are when the entries before the last one looked at lie as densely as those after it. The instants are
/// those of the newest entry, the last one looked at and the oldest. Two digits are told; more would be made up.
fn estimate(matching: u64, (newest, last, oldest): (i64, i64, i64)) -> u64 {
    let (looked_at, all) = (max(newest - last, 1), max(newest - oldest, 1));
    let number = u128::from(matching) * u128::from(all.unsigned_abs()) / u128::from(looked_at.unsigned_abs());
    let number = max(u64::try_from(number).unwrap_or(u64::MAX), matching);
    let unit = 10_u64.pow(max(number, 1).ilog10().saturating_sub(1));
    number.saturating_add(unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn an_estimate_has_two_digits_and_is_never_less_than_what_was_seen() {
        assert_eq!(estimate(10_000, (1_000, 900, 0)), 100_000);
        assert_eq!(estimate(10_000, (1_000, 650, 0)), 29_000);
        assert_eq!(estimate(37, (1_000, 900, 0)), 370);
        assert_eq!(estimate(7, (1_000, 1_000, 1_000)), 7);
        assert_eq!(estimate(0, (1_000, 900, 0)), 0);
        assert!(estimate(u64::MAX, (i64::MAX, 0, 0)) > 0);
    }
}
