//! Looking at terminals. Lists are in [`list`] and counted in [`count`], what they are narrowed to is in [`filters`], their order in [`order`], and their
//! search in [`search`], [`own`], [`leads`] and [`placed`], with [`ways`]; how many are in which state is in [`states`]. Some terminals that are asked for one by one are in [`picked`].

mod count;
mod filters;
mod gin;
mod grams;
mod leads;
mod list;
mod lookups;
mod named;
mod order;
mod own;
mod picked;
mod placed;
mod search;
mod states;
mod texts;
mod ways;

#[cfg(test)]
mod tests;

pub(in crate::services) use filters::says_all;
pub(in crate::services) use list::Placed;
pub use picked::Particulars;
pub(in crate::services) use states::counts_of;

use super::failure::{Failure, unreadable};
use super::scope::terminals_in;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{activation_codes, merchants, stores, terminals};
use app::backend::page::{Cursor, Direction, PAGE_ROWS, Page};
use app::backend::terminals::{
    MerchantRef, Terminal, TerminalCounts, TerminalFilters, TerminalQuery, TerminalRow, Terminals,
};
use app::caller::{Caller, Scope};
use app::domain::{Lifecycle, Manufacturer, SerialNumber, StoreId, TerminalId, Timestamp};
use app::error::AppError;
use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Statement,
};
use std::sync::Mutex;
use terminals::Column;
use uuid::Uuid;

/// Most models that the filter offers.
const MODELS_OFFERED: usize = 200;

/// Answers [`Terminals`].
pub struct TerminalService {
    database: Database,
    surroundings: Surroundings,
    /// The platform's counts, and when they were made.
    counted: Mutex<Option<(Timestamp, TerminalCounts)>>,
}

/// The columns of the terminals that a list shows, in the order in which [`row_of`] reads them.
const LISTED: [Column; 8] = [
    Column::Id,
    Column::Sn,
    Column::SnPrinted,
    Column::Manufacturer,
    Column::Model,
    Column::Name,
    Column::Lifecycle,
    Column::LastSeenAt,
];

#[derive(FromQueryResult)]
struct Facts {
    lifecycle_reason: Option<String>,
    lifecycle_note: Option<String>,
    note: Option<String>,
    firmware: Option<String>,
    app_version: Option<String>,
    created_at: i64,
    registered_at: Option<i64>,
    token_issued_at: Option<i64>,
    signed_in_at: Option<i64>,
}

impl TerminalService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self {
            database,
            surroundings,
            counted: Mutex::default(),
        }
    }

    async fn rows(&self, scope: Scope, select: &SelectStatement) -> Result<Vec<TerminalRow>, Failure> {
        let found = self.database.reader().query_all(select).await?;
        found.iter().map(|row| row_of(row, scope)).collect()
    }

    async fn list_rows(&self, caller: &Caller, query: &TerminalQuery) -> Result<Page<TerminalRow>, Failure> {
        let scope = caller.scope();
        self.list_with(
            caller,
            query,
            PAGE_ROWS,
            listed(scope),
            |row| row_of(row, scope),
            |row| row,
        )
        .await
        .map(|page| page.map(|placed| placed.row))
    }

    /// A page of the list, of at most `most` rows, with more about each terminal: `select` is [`listed`] with more columns,
    /// `read` makes a `T` of what it finds, and `row` is the part of it that every list has.
    pub(super) async fn list_with<T: Send>(
        &self,
        caller: &Caller,
        query: &TerminalQuery,
        most: usize,
        select: SelectStatement,
        mut read: impl FnMut(&QueryResult) -> Result<T, Failure> + Send,
        row: impl Fn(&T) -> &TerminalRow + Send + Sync,
    ) -> Result<Page<Placed<T>>, Failure> {
        self.list_page(caller.scope(), query, most, select, &mut read, &row)
            .await
    }

    async fn find(
        &self,
        caller: &Caller,
        sn: &SerialNumber,
        manufacturer: Option<&Manufacturer>,
    ) -> Result<Vec<Terminal>, Failure> {
        let mut select = listed(caller.scope());
        for facts in [
            Column::LifecycleReason,
            Column::LifecycleNote,
            Column::Note,
            Column::Firmware,
            Column::AppVersion,
            Column::CreatedAt,
            Column::RegisteredAt,
            Column::TokenIssuedAt,
            Column::SignedInAt,
        ] {
            select.column((terminals::Entity, facts));
        }
        select.and_where(column(Column::Sn).eq(sn.as_str()));
        if let Some(manufacturer) = manufacturer {
            select.and_where(column(Column::Manufacturer).eq(manufacturer.as_str()));
        }
        select
            .order_by_expr(column(Column::Lifecycle).eq(Lifecycle::Retired.code()), Order::Asc)
            .order_by((terminals::Entity, Column::Id), Order::Desc)
            .limit(PAGE_ROWS as u64);
        let own = self.own_merchant(caller.scope()).await?;
        let mut found = Vec::new();
        for row in self.database.reader().query_all(&select).await? {
            let facts = Facts::from_query_result(&row, "")?;
            let mut row = row_of(&row, caller.scope())?;
            row.merchant = row.merchant.or_else(|| own.clone());
            let code_expires = self.code_expires(row.id).await?;
            let lifecycle_reason = facts
                .lifecycle_reason
                .map(|reason| reason.parse().map_err(|_| unreadable("lifecycle reason")))
                .transpose()?;
            found.push(Terminal {
                row,
                lifecycle_reason,
                lifecycle_note: facts.lifecycle_note,
                note: facts.note,
                firmware: facts.firmware,
                app_version: facts.app_version,
                created: Timestamp(facts.created_at),
                registered: facts.registered_at.map(Timestamp),
                connected: facts.token_issued_at.map(Timestamp),
                signed_in: facts.signed_in_at.map(Timestamp),
                code_expires,
            });
        }
        Ok(found)
    }

    /// The merchant of a merchant's scope, which its lists need not repeat on every row.
    pub(super) async fn own_merchant(&self, scope: Scope) -> Result<Option<MerchantRef>, Failure> {
        let Scope::Merchant(merchant) = scope else {
            return Ok(None);
        };
        let merchant = merchants::Entity::find_by_id(merchant.0)
            .one(self.database.reader())
            .await?;
        Ok(merchant.map(|merchant| MerchantRef {
            number: merchant.merchant_no,
            name: merchant.name,
        }))
    }

    async fn code_expires(&self, terminal: TerminalId) -> Result<Option<Timestamp>, Failure> {
        let code = activation_codes::Entity::find()
            .filter(activation_codes::Column::TerminalId.eq(terminal.0))
            .filter(activation_codes::Column::State.eq("issued"))
            .filter(activation_codes::Column::ExpiresAt.gt(self.surroundings.now().0))
            .one(self.database.reader())
            .await?;
        Ok(code.map(|code| Timestamp(code.expires_at)))
    }

    async fn offer_filters(&self, caller: &Caller) -> Result<TerminalFilters, Failure> {
        let models = self.models(caller.scope()).await?;
        let stores = match caller.scope() {
            Scope::Platform => Vec::new(),
            Scope::Merchant(merchant) => {
                stores::Entity::find()
                    .filter(stores::Column::MerchantId.eq(merchant.0))
                    .order_by_asc(stores::Column::Name)
                    .select_only()
                    .columns([stores::Column::Id, stores::Column::Name])
                    .into_tuple::<(Uuid, String)>()
                    .all(self.database.reader())
                    .await?
            }
        };
        let stores = stores.into_iter().map(|(id, name)| (StoreId(id), name)).collect();
        Ok(TerminalFilters { stores, models })
    }

    /// The models of a scope, each found by one step into the index: the cost is that of the models, not of the terminals.
    async fn models(&self, scope: Scope) -> Result<Vec<String>, Failure> {
        let (within, values) = match scope {
            Scope::Platform => ("", Vec::new()),
            Scope::Merchant(merchant) => ("merchant_id = $1 AND ", vec![merchant.0.into()]),
        };
        let sql = format!(
            "WITH RECURSIVE found(model) AS (\
               SELECT (SELECT min(model) FROM terminals WHERE {within}model >= '') \
               UNION ALL \
               SELECT (SELECT min(model) FROM terminals WHERE {within}model > found.model) \
               FROM found WHERE found.model IS NOT NULL\
             ) SELECT model FROM found WHERE model IS NOT NULL LIMIT {MODELS_OFFERED}"
        );
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let found = reader.query_all_raw(statement).await?;
        found.iter().map(|row| Ok(row.try_get("", "model")?)).collect()
    }
}

/// A column of the terminals.
fn column(column: Column) -> Expr {
    Expr::col((terminals::Entity, column))
}

/// The terminals of a scope with the columns that a list shows: those of the scope first, then [`LISTED`].
pub(super) fn listed(scope: Scope) -> SelectStatement {
    let mut select = terminals_in(scope);
    for shown in LISTED {
        select.column((terminals::Entity, shown));
    }
    select
}

/// Asks for one row more than a page from the cursor on, by `sort` and key.
pub(super) fn keyset(select: &mut SelectStatement, cursor: Option<&Cursor>, sort: Column) {
    let id = || column(Column::Id);
    let order = match cursor {
        Some(Cursor {
            direction: Direction::Before,
            ..
        }) => Order::Desc,
        _ => Order::Asc,
    };
    if let Some(cursor) = cursor {
        let place = Expr::tuple([column(sort), id()]);
        let beside = Expr::tuple([Expr::val(cursor.key.as_str()), Expr::val(cursor.id)]);
        select.and_where(match cursor.direction {
            Direction::After => place.gt(beside),
            Direction::Before => place.lt(beside),
        });
    }
    select
        .order_by((terminals::Entity, sort), order.clone())
        .order_by((terminals::Entity, Column::Id), order)
        .limit(PAGE_ROWS as u64 + 1);
}

fn lifecycle_of(code: &str) -> Result<Lifecycle, Failure> {
    code.parse().map_err(|_| unreadable("lifecycle"))
}

/// How many columns [`listed`] asks for: the place of the first one that is added.
pub(super) fn listed_columns(scope: Scope) -> usize {
    first_listed(scope) + LISTED.len()
}

/// The place of the first of [`LISTED`]: before it come the names of the store and, for the platform, the merchant.
fn first_listed(scope: Scope) -> usize {
    match scope {
        Scope::Merchant(_) => 1,
        Scope::Platform => 3,
    }
}

/// A row of [`listed`]. Columns are read by their place, which costs a list a tenth of its time less than by their names.
pub(super) fn row_of(row: &QueryResult, scope: Scope) -> Result<TerminalRow, Failure> {
    let store = row.try_get_by_index(0)?;
    let first = first_listed(scope);
    let merchant = match scope {
        Scope::Merchant(_) => None,
        Scope::Platform => {
            let number: Option<String> = row.try_get_by_index(1)?;
            let name: Option<String> = row.try_get_by_index(2)?;
            number.zip(name).map(|(number, name)| MerchantRef { number, name })
        }
    };
    let sn: String = row.try_get_by_index(first + 1)?;
    let manufacturer: String = row.try_get_by_index(first + 3)?;
    let lifecycle: String = row.try_get_by_index(first + 6)?;
    let last_seen: Option<i64> = row.try_get_by_index(first + 7)?;
    Ok(TerminalRow {
        id: TerminalId(row.try_get_by_index(first)?),
        sn: SerialNumber::parse(&sn).map_err(|_| unreadable("serial number"))?,
        sn_printed: row.try_get_by_index(first + 2)?,
        manufacturer: Manufacturer::parse(&manufacturer).map_err(|_| unreadable("manufacturer"))?,
        model: row.try_get_by_index(first + 4)?,
        name: row.try_get_by_index(first + 5)?,
        merchant,
        store,
        lifecycle: lifecycle_of(&lifecycle)?,
        last_seen: last_seen.map(Timestamp),
    })
}

#[async_trait]
impl Terminals for TerminalService {
    async fn look_alikes(&self, caller: &Caller, sn: &SerialNumber) -> Result<Vec<TerminalRow>, AppError> {
        Ok(self.find_look_alikes(caller, sn).await?)
    }

    async fn list(&self, caller: &Caller, query: &TerminalQuery) -> Result<Page<TerminalRow>, AppError> {
        Ok(self.list_rows(caller, query).await?)
    }

    async fn filters(&self, caller: &Caller) -> Result<TerminalFilters, AppError> {
        Ok(self.offer_filters(caller).await?)
    }

    async fn counts(&self, caller: &Caller) -> Result<TerminalCounts, AppError> {
        Ok(self.count_states(caller.scope()).await?)
    }

    async fn get(
        &self,
        caller: &Caller,
        sn: &SerialNumber,
        manufacturer: Option<&Manufacturer>,
    ) -> Result<Vec<Terminal>, AppError> {
        Ok(self.find(caller, sn, manufacturer).await?)
    }
}
