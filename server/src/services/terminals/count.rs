//! How many terminals a list has: counted where that is quick, else said about how many there are.

use super::filters::{Dress, Filter};
use super::list::{FEW, ids, led_by};
use super::search::Hit;
use super::{TerminalService, column};
use crate::entities::terminals::{self, Column};
use crate::services::failure::Failure;
use crate::services::scope::keys_in;
use app::backend::page::PAGE_ROWS;
use app::backend::terminals::{Amount, TerminalQuery};
use app::caller::Scope;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{Condition, ConnectionTrait};

/// So many are counted; of more, it is said about how many there are.
const COUNTED: usize = 200;

/// So many are counted where an index has all that is asked for.
const COUNTED_IN_INDEX: usize = 100_000;

/// So many are looked at to tell about how many there are.
const LOOKED_AT: usize = 2_000;

impl TerminalService {
    /// How many terminals a list has: counted where that is quick, else estimated from the newest ones.
    pub(in crate::services) async fn count_listed(
        &self,
        scope: Scope,
        query: &TerminalQuery,
    ) -> Result<Amount, Failure> {
        let merchant = self.merchant_of(query).await?;
        let conditions = self.conditions(scope, query, merchant);
        let search = match &query.search {
            Some(text) => self.prepare(scope, text).await?,
            None => None,
        };
        if let Some(search) = search {
            let listed = self.listed_by(scope, query, merchant).await?;
            let most = if listed.led.is_some() { FEW } else { COUNTED };
            let hits = self.hits_listed(scope, &search, &listed, None, most + 1).await?;
            let exact = match &search.exact {
                Some(sn) => {
                    let mut select = ids(scope);
                    select.and_where(column(Column::Sn).eq(sn.as_str()));
                    for condition in &conditions {
                        select.cond_where(condition.clone());
                    }
                    self.count_up_to(&select, PAGE_ROWS).await?
                }
                None => 0,
            };
            if listed.led.is_some() {
                return Ok(Amount::Exactly((hits.len() + exact) as u64));
            }
            if hits.len() > COUNTED && matches!(scope, Scope::Merchant(_)) {
                // How far apart its terminals lie tells of those of others.
                let all = search.conditions(self.database.engine(), scope).into_iter();
                return self.estimate(scope, all.chain(conditions).collect()).await;
            }
            return self.extrapolate(&hits, exact).await;
        }
        let filters = self.filters_of(Dress::PLAIN, scope, query, merchant);
        if let [only] = filters.as_slice()
            && only.covered
        {
            let count = self
                .count_up_to(&in_index(&only.condition), COUNTED_IN_INDEX + 1)
                .await?;
            if count <= COUNTED_IN_INDEX {
                return Ok(Amount::Exactly(count as u64));
            }
        }
        for filter in &filters {
            if !filter.leads {
                continue;
            }
            let led = led_by(scope, &filter.condition);
            if self.count_up_to(&led, LOOKED_AT + 1).await? <= LOOKED_AT {
                let mut select = ids(scope);
                select.and_where(column(Column::Id).in_subquery(led));
                for condition in conditions {
                    select.cond_where(condition);
                }
                let count = self.count_up_to(&select, LOOKED_AT + 1).await?;
                return Ok(Amount::Exactly(count as u64));
            }
        }
        match filters.iter().find(|filter| filter.covered) {
            Some(filter) => self.estimate_within(scope, filter, conditions).await,
            None => self.estimate(scope, conditions).await,
        }
    }

    /// Counts those that an index has, and looks at some of them to tell how many belong.
    async fn estimate_within(
        &self,
        scope: Scope,
        filter: &Filter,
        conditions: Vec<Condition>,
    ) -> Result<Amount, Failure> {
        let all = self
            .count_up_to(&in_index(&filter.condition), COUNTED_IN_INDEX + 1)
            .await?;
        // Of more than were counted, the newest terminals may tell more.
        let otherwise = match all > COUNTED_IN_INDEX {
            true => self.estimate(scope, conditions.clone()).await?,
            false => Amount::About(0),
        };
        let (Amount::Exactly(at_least) | Amount::About(at_least)) = otherwise;
        let step = std::cmp::max(all.div_ceil(LOOKED_AT), 1);
        let some = spread(&filter.condition, step);
        let looked_at = all / step;
        let mut belonging = ids(scope);
        belonging.and_where(column(Column::Id).in_subquery(some));
        for condition in conditions {
            belonging.cond_where(condition);
        }
        let belong = self.count_up_to(&belonging, LOOKED_AT + 1).await?;
        let about = (belong as u64).saturating_mul(all as u64) / std::cmp::max(looked_at as u64, 1);
        Ok(Amount::About(std::cmp::max(about, at_least)))
    }

    /// The number of what a search has found, from how close together the newest lie.
    async fn extrapolate(&self, hits: &[Hit], exact: usize) -> Result<Amount, Failure> {
        let (Some(first), Some(last)) = (hits.first(), hits.last()) else {
            return Ok(Amount::Exactly(exact as u64));
        };
        if hits.len() <= COUNTED {
            return Ok(Amount::Exactly((hits.len() + exact) as u64));
        }
        let lowest = Query::select()
            .expr(Expr::cust("coalesce(min(key), 0)"))
            .from("terminal_search")
            .take();
        let found = self.database.reader().query_one(&lowest).await?;
        let lowest: i64 = found.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let span = |from: i64, to: i64| std::cmp::max(u64::try_from(from - to).unwrap_or_default(), 1);
        let about = (hits.len() as u64).saturating_mul(span(first.number, lowest)) / span(first.number, last.number);
        Ok(Amount::About(std::cmp::max(about, hits.len() as u64)))
    }

    /// Counts a scope's newest terminals that belong, and from them all.
    async fn estimate(&self, scope: Scope, conditions: Vec<Condition>) -> Result<Amount, Failure> {
        let newest = {
            let mut select = ids(scope);
            select
                .order_by((terminals::Entity, Column::Id), Order::Desc)
                .limit(LOOKED_AT as u64 + 1);
            select
        };
        let looked_at = self.count_up_to(&newest, LOOKED_AT + 1).await?;
        let mut belonging = ids(scope);
        belonging.and_where(Expr::col((terminals::Entity, Column::Id)).in_subquery(newest));
        for condition in conditions {
            belonging.cond_where(condition);
        }
        let belong = self.count_up_to(&belonging, LOOKED_AT + 1).await? as u64;
        if looked_at <= LOOKED_AT {
            return Ok(Amount::Exactly(belong));
        }
        let all = self.count_roughly(scope).await?;
        Ok(Amount::About(
            std::cmp::max(belong, 1).saturating_mul(all) / looked_at as u64,
        ))
    }

    /// About how many terminals a scope has.
    async fn count_roughly(&self, scope: Scope) -> Result<u64, Failure> {
        let select = match scope {
            // Numbers rise without many gaps.
            Scope::Platform => Query::select()
                .expr(Expr::cust("coalesce(max(key) - min(key) + 1, 0)"))
                .from("terminal_search")
                .take(),
            // An index of its own, which is short.
            Scope::Merchant(merchant) => Query::select()
                .expr(Expr::cust("count(*)"))
                .from(terminals::Entity)
                .and_where(column(Column::MerchantId).eq(merchant.0))
                .take(),
        };
        let found = self.database.reader().query_one(&select).await?;
        let count: i64 = found.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(u64::try_from(count).unwrap_or_default())
    }
}

/// Of those keys every `step`th: what stands together in an index is often alike in other ways, too.
fn spread(condition: &Condition, step: usize) -> SelectStatement {
    let mut numbered = in_index(condition);
    numbered
        .expr_as(Expr::cust("row_number() OVER ()"), "number")
        .limit(COUNTED_IN_INDEX as u64 + 1);
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    Query::select()
        .column("id")
        .from_subquery(numbered, "numbered")
        .and_where(Expr::col("number").modulo(step).eq(0))
        .take()
}

/// The keys of all terminals that meet a condition which an index covers.
pub(super) fn in_index(condition: &Condition) -> SelectStatement {
    keys_in(Scope::Platform).cond_where(condition.clone()).take()
}
