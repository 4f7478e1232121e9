//! Lists: a page costs the same however deep it is and however many terminals there are.
//!
//! There are two ways to a page. The order's index can be walked and what does not belong be left out: right where much
//! of it belongs. Or the few that a search or a filter leads to can be fetched and sorted: right where they are few. Which
//! it is, is found out by counting up to [`FEW`] in an index.

use super::filters::{self, Dress, Filter};
use super::lookups::{self, Stretch};
use super::search::{From, Hit, Search};
use super::{TerminalService, column, order};
use crate::entities::{merchants, terminals};
use crate::services::failure::Failure;
use crate::services::scope::{keys_in, terminals_in};
use app::backend::page::{Cursor, PAGE_ROWS, Page};
use app::backend::terminals::{SortKey, TerminalQuery, TerminalRow, TerminalSort};
use app::caller::Scope;
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryResult};
use std::collections::HashMap;
use terminals::Column;
use uuid::Uuid;

/// So many terminals are fetched and sorted rather than walked to.
pub(super) const FEW: usize = 2_000;

/// The order in which everything is listed.
const BY_SN: TerminalSort = TerminalSort {
    by: SortKey::Sn,
    descending: false,
};

/// What a query asks for beside its search.
pub(super) struct Listed {
    pub(super) conditions: Vec<Condition>,
    /// The keys of the few terminals that one of the conditions leads to.
    pub(super) led: Option<SelectStatement>,
}

/// How many rows to read, what of a row, and where in it what every list shows stands.
struct Reading<'a, T> {
    most: usize,
    read: &'a mut (dyn FnMut(&QueryResult) -> Result<T, Failure> + Send),
    row: &'a (dyn Fn(&T) -> &TerminalRow + Send + Sync),
}

/// A row of the list, and its place there: sort key and key. What a search names by its whole serial number stands before
/// all places.
pub(in crate::services) struct Placed<T> {
    pub(in crate::services) row: T,
    pub(in crate::services) place: Option<(String, Uuid)>,
}

impl TerminalService {
    pub(super) async fn list_page<T: Send>(
        &self,
        scope: Scope,
        query: &TerminalQuery,
        most: usize,
        select: SelectStatement,
        read: &mut (dyn FnMut(&QueryResult) -> Result<T, Failure> + Send),
        row: &(dyn Fn(&T) -> &TerminalRow + Send + Sync),
    ) -> Result<Page<Placed<T>>, Failure> {
        let merchant = self.merchant_of(query).await?;
        let mut reading = Reading { most, read, row };
        let search = match &query.search {
            Some(text) => self.prepare(scope, text).await?,
            None => None,
        };
        let Some(search) = search else {
            let sort = query.sort.unwrap_or(BY_SN);
            let cursor = order::fitting(sort, query.cursor.as_ref());
            let select = self.way(scope, query, merchant, sort, select).await?;
            return self.sorted_page(select, sort, cursor, &mut reading).await;
        };
        let exact = self
            .exact(scope, query, merchant, &search, &select, &mut reading)
            .await?;
        let mut page = match query.sort {
            None => {
                self.newest(scope, query, merchant, &search, select, &mut reading)
                    .await?
            }
            Some(sort) => {
                let cursor = order::fitting(sort, query.cursor.as_ref());
                let select = self.found(scope, query, merchant, &search, select).await?;
                self.sorted_page(select, sort, cursor, &mut reading).await?
            }
        };
        if page.previous.is_none() {
            let first = exact.into_iter().map(|row| Placed { row, place: None });
            page.rows.splice(0..0, first);
        }
        Ok(page)
    }

    /// The merchant that a query names.
    pub(super) async fn merchant_of(&self, query: &TerminalQuery) -> Result<Option<Uuid>, Failure> {
        let Some(number) = &query.merchant else { return Ok(None) };
        let merchant = merchants::Entity::find()
            .filter(merchants::Column::MerchantNo.eq(number))
            .one(self.database.reader())
            .await?;
        Ok(merchant.map(|merchant| merchant.id))
    }

    pub(super) fn filters_of(
        &self,
        dress: Dress,
        scope: Scope,
        query: &TerminalQuery,
        merchant: Option<Uuid>,
    ) -> Vec<Filter> {
        filters::filters(dress, scope, query, merchant, self.surroundings.now())
    }

    /// The terminals whose whole serial number is searched for, which come first.
    async fn exact<T>(
        &self,
        scope: Scope,
        query: &TerminalQuery,
        merchant: Option<Uuid>,
        search: &Search,
        select: &SelectStatement,
        reading: &mut Reading<'_, T>,
    ) -> Result<Vec<T>, Failure> {
        let Some(sn) = &search.exact else { return Ok(Vec::new()) };
        let mut select = select.clone();
        select
            .and_where(column(Column::Sn).eq(sn.as_str()))
            .limit(PAGE_ROWS as u64);
        for filter in self.filters_of(Dress::shy(self.database.engine()), scope, query, merchant) {
            select.cond_where(filter.condition);
        }
        let found = self.database.reader().query_all(&select).await?;
        found.iter().map(|row| (reading.read)(row)).collect()
    }

    /// A page of what a search finds, newest first.
    async fn newest<T: Send>(
        &self,
        scope: Scope,
        query: &TerminalQuery,
        merchant: Option<Uuid>,
        search: &Search,
        mut select: SelectStatement,
        reading: &mut Reading<'_, T>,
    ) -> Result<Page<Placed<T>>, Failure> {
        let place = |cursor: &Cursor| {
            let number = cursor.key.parse().ok()?;
            Some(From {
                number,
                direction: cursor.direction,
            })
        };
        let from = query.cursor.as_ref().and_then(place);
        let cursor = query.cursor.as_ref().filter(|_| from.is_some());
        let listed = self.listed_by(scope, query, merchant).await?;
        let most = reading.most;
        let hits = self.hits_listed(scope, search, &listed, from, most + 1).await?;
        let page = Page::sized(most, hits, cursor, |hit| (hit.number.to_string(), hit.id));
        if page.rows.is_empty() {
            return Ok(page.map_all(Vec::new()));
        }
        select.and_where(self.is_one_of(page.rows.iter().map(|hit| hit.id)));
        let found = self.database.reader().query_all(&select).await?;
        let mut rows = HashMap::with_capacity(found.len());
        for row in &found {
            let row = (reading.read)(row)?;
            rows.insert((reading.row)(&row).id.0, row);
        }
        let placed = page.rows.iter().filter_map(|hit| {
            let place = Some((hit.number.to_string(), hit.id));
            let row = rows.remove(&hit.id)?;
            Some(Placed { row, place })
        });
        let placed = placed.collect();
        Ok(page.map_all(placed))
    }

    /// What a query asks for beside its search.
    pub(super) async fn listed_by(
        &self,
        scope: Scope,
        query: &TerminalQuery,
        merchant: Option<Uuid>,
    ) -> Result<Listed, Failure> {
        let plain = self.filters_of(Dress::PLAIN, scope, query, merchant);
        let leading = self.leading(scope, &plain).await?;
        Ok(Listed {
            conditions: self.conditions(scope, query, merchant),
            led: leading.map(|(_, led)| led),
        })
    }

    /// The next terminals that a search finds and that a query asks for.
    pub(super) async fn hits_listed(
        &self,
        scope: Scope,
        search: &Search,
        listed: &Listed,
        from: Option<From>,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let Listed { conditions, led } = listed;
        let Some(led) = led else {
            return self.hits(scope, search, conditions, Stretch::after(from), limit).await;
        };
        // Of few it is seen whether the search finds them, however many it finds otherwise.
        let row = self.row_of_search(scope, search, conditions);
        let engine = self.database.engine();
        let (sql, values) = lookups::among(engine, row, led.clone(), Stretch::after(from), limit);
        self.hits_in(sql, values).await
    }

    /// The first filter that leads to few terminals: where it stands, and their keys.
    async fn leading(&self, scope: Scope, plain: &[Filter]) -> Result<Option<(usize, SelectStatement)>, Failure> {
        for (at, filter) in plain.iter().enumerate().filter(|(_, filter)| filter.leads) {
            let led = led_by(scope, &filter.condition);
            if self.count_up_to(&led, FEW + 1).await? <= FEW {
                return Ok(Some((at, led)));
            }
        }
        Ok(None)
    }

    /// The conditions of a query beside its search, for rows that are found one by one.
    pub(super) fn conditions(&self, scope: Scope, query: &TerminalQuery, merchant: Option<Uuid>) -> Vec<Condition> {
        let all = self.filters_of(Dress::shy(self.database.engine()), scope, query, merchant);
        all.into_iter().map(|filter| filter.condition).collect()
    }

    /// What a search finds, to be sorted: the few that there are, or a condition on every row of the order.
    async fn found(
        &self,
        scope: Scope,
        query: &TerminalQuery,
        merchant: Option<Uuid>,
        search: &Search,
        mut select: SelectStatement,
    ) -> Result<SelectStatement, Failure> {
        let listed = self.listed_by(scope, query, merchant).await?;
        let few = match listed.led {
            Some(_) => Some(self.hits_listed(scope, search, &listed, None, FEW).await?),
            None => self.hits_if_few(scope, search, &listed.conditions, FEW).await?,
        };
        if let Some(hits) = few {
            select.and_where(self.is_one_of(hits.iter().map(|hit| hit.id)));
            return Ok(select);
        }
        for condition in search
            .conditions(self.database.engine(), scope)
            .into_iter()
            .chain(listed.conditions)
        {
            select.cond_where(condition);
        }
        Ok(select)
    }

    /// Narrows a list by its filters so that the engine takes the right way.
    async fn way(
        &self,
        scope: Scope,
        query: &TerminalQuery,
        merchant: Option<Uuid>,
        sort: TerminalSort,
        mut select: SelectStatement,
    ) -> Result<SelectStatement, Failure> {
        let plain = self.filters_of(Dress::PLAIN, scope, query, merchant);
        if let [only] = plain.as_slice()
            && only.orders.has(sort.by)
        {
            select.cond_where(only.condition.clone());
            return Ok(select);
        }
        let leading = self.leading(scope, &plain).await?;
        if let Some((_, led)) = &leading {
            select.and_where(column(Column::Id).in_subquery(led.clone()));
        }
        let shy = self.filters_of(Dress::shy(self.database.engine()), scope, query, merchant);
        // Nothing is few: one of the filters may still have the order.
        let walked = match leading {
            Some(_) => None,
            None => plain.iter().position(|filter| filter.orders.has(sort.by)),
        };
        for (at, filter) in shy.into_iter().enumerate() {
            let condition = if walked == Some(at) {
                plain[at].condition.clone()
            } else {
                filter.condition
            };
            select.cond_where(condition);
        }
        Ok(select)
    }

    /// Whether a terminal has one of some keys.
    pub(super) fn is_one_of(&self, keys: impl IntoIterator<Item = Uuid>) -> Expr {
        self.database.engine().is_one_of(column(Column::Id), keys)
    }

    pub(super) async fn count_up_to(&self, select: &SelectStatement, limit: usize) -> Result<usize, Failure> {
        let some = select.clone().limit(limit as u64).take();
        let count = Query::select()
            .expr(Expr::cust("count(*)"))
            .from_subquery(some, "some")
            .take();
        let found = self.database.reader().query_one(&count).await?;
        let count: i64 = found.map_or(Ok(0), |row| row.try_get_by_index(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    async fn sorted_page<T: Send>(
        &self,
        select: SelectStatement,
        sort: TerminalSort,
        cursor: Option<&Cursor>,
        reading: &mut Reading<'_, T>,
    ) -> Result<Page<Placed<T>>, Failure> {
        const PLACE: &str = "sorted_by";
        let most = reading.most;
        let mut found: Vec<(T, Option<i64>)> = Vec::new();
        for segment in order::segments(sort, cursor) {
            let wanted = most + 1 - found.len();
            let mut select = select.clone();
            if sort.by == SortKey::Registered {
                select.expr_as(column(Column::RegisteredAt), PLACE);
            }
            segment.narrow(&mut select, sort, cursor);
            for row in self.database.first_rows(&select, wanted as u64).await? {
                let registered = match sort.by {
                    SortKey::Registered => row.try_get("", PLACE)?,
                    _ => None,
                };
                found.push(((reading.read)(&row)?, registered));
            }
            if found.len() > most {
                break;
            }
        }
        let place = |row: &TerminalRow, registered| (order::place(sort, row, registered), row.id.0);
        let page = Page::sized(most, found, cursor, |(found, registered)| {
            place((reading.row)(found), *registered)
        });
        Ok(page.map(|(row, registered)| Placed {
            place: Some(place((reading.row)(&row), registered)),
            row,
        }))
    }
}

/// The keys of a scope's terminals.
pub(super) fn ids(scope: Scope) -> SelectStatement {
    let mut select = terminals_in(scope);
    select.clear_selects().column((terminals::Entity, Column::Id));
    select
}

/// The keys of the terminals that a filter leads to, [`FEW`] at most and one more.
pub(super) fn led_by(scope: Scope, condition: &Condition) -> SelectStatement {
    keys_in(scope)
        .cond_where(condition.clone())
        .limit(FEW as u64 + 1)
        .take()
}
