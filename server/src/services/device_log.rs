//! What happened to terminals, as it is read: the rows of a list. What it is narrowed to is in [`filter`], one entry and
//! how many there are in [`entry`] and [`count`].

mod count;
mod entry;
mod filter;

use super::failure::{Failure, unreadable};
use super::scope::{MERCHANT_NAME, MERCHANT_NO, STORE_NAME, log_in};
use crate::database::Database;
use crate::entities::{device_log, stores, terminals, users};
use app::backend::device_log::{DeviceLog, LogCount, LogEntry, LogQuery, LogRow};
use app::backend::page::{Cursor, Direction, PAGE_ROWS, Page};
use app::backend::terminals::MerchantRef;
use app::caller::{Caller, Scope};
use app::domain::{ActorKind, LogEntryId, MerchantId, Reason, Timestamp, Told};
use app::error::AppError;
use async_trait::async_trait;
use device_log::Column;
use filter::Filter;
pub(super) use filter::first_id_of;
use sea_orm::sea_query::{Cond, Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::Value;
use uuid::Uuid;

/// Answers [`DeviceLog`].
pub struct DeviceLogService {
    database: Database,
}

/// Entries of a list, and where the search for more stopped before it had looked at all of them.
pub struct Piece {
    /// In the order in which they were looked for.
    pub rows: Vec<LogRow>,
    /// The last key that was looked at.
    pub reached: Option<LogEntryId>,
}

#[derive(FromQueryResult)]
struct Listed {
    id: Uuid,
    sequence: i64,
    occurred_at: i64,
    received_at: i64,
    sn_sent: Option<String>,
    terminal_sn: Option<String>,
    terminal_name: Option<String>,
    store_name: Option<String>,
    kind: String,
    outcome: String,
    reason: Option<String>,
    actor_kind: String,
    actor_label: Option<String>,
    address: Option<String>,
    correlation_id: String,
    detail: String,
    merchant_no: Option<String>,
    merchant_name: Option<String>,
}

impl DeviceLogService {
    pub(super) fn new(database: Database) -> Self {
        Self { database }
    }

    /// A piece of the log from the query's cursor on, newest first, for an export.
    ///
    /// **Permissions:** any caller, within its scope; a merchant is told the told reason, the platform the true one.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn piece(&self, caller: &Caller, query: &LogQuery, rows: u64) -> Result<Piece, AppError> {
        Ok(self.rows(caller, query, rows).await?)
    }

    async fn list_rows(&self, caller: &Caller, query: &LogQuery) -> Result<Page<LogRow>, Failure> {
        let Piece { rows, reached } = self.rows(caller, query, PAGE_ROWS as u64 + 1).await?;
        let cursor = query.cursor.as_ref();
        let mut page = Page::of(rows, cursor, |row| (String::new(), row.id.0));
        let Some(LogEntryId(reached)) = reached else {
            return Ok(page);
        };
        let at = |direction, id| {
            let key = String::new();
            Some(Cursor { direction, key, id })
        };
        let before = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
        // Where nothing was found there is no row to stand beside; the way back is the place that was come from.
        let beside = |step: i8| cursor.map(|cursor| next_to(cursor.id, step));
        if before {
            page.previous = at(Direction::Before, reached);
            page.next = page.next.or_else(|| at(Direction::After, beside(1)?));
        } else {
            page.next = at(Direction::After, reached);
            page.previous = page.previous.or_else(|| at(Direction::Before, beside(-1)?));
        }
        Ok(page)
    }

    async fn rows(&self, caller: &Caller, query: &LogQuery, limit: u64) -> Result<Piece, Failure> {
        let reader = self.database.reader();
        let none = Piece {
            rows: Vec::new(),
            reached: None,
        };
        let Some(filter) = Filter::of(reader, caller.scope(), query).await? else {
            return Ok(none);
        };
        let (select, order) = filter.page(query.cursor.as_ref());
        let found = self.database.first_rows(&select, limit).await?;
        let ids: Vec<Uuid> = found
            .iter()
            .map(|row| row.try_get("", "id"))
            .collect::<Result<_, _>>()?;
        let reached = if filter.is_windowed() && (ids.len() as u64) < limit {
            filter.window_end(reader, query.cursor.as_ref()).await?
        } else {
            None
        };
        if ids.is_empty() {
            return Ok(Piece { reached, ..none });
        }
        let mut select = listed(caller.scope());
        select
            .and_where(self.database.engine().is_one_of(column(Column::Id), ids))
            .order_by((device_log::Entity, Column::Id), order);
        let rows = reader.query_all(&select).await?;
        Ok(Piece {
            rows: rows
                .iter()
                .map(|row| row_of(Listed::from_query_result(row, "")?))
                .collect::<Result<_, _>>()?,
            reached,
        })
    }
}

/// The key just after or before one.
fn next_to(id: Uuid, step: i8) -> Uuid {
    let number = id.as_u128();
    Uuid::from_u128(if step > 0 {
        number.saturating_add(1)
    } else {
        number.saturating_sub(1)
    })
}

fn column(column: Column) -> Expr {
    Expr::col((device_log::Entity, column))
}

/// The column of the reason that a scope is told.
fn told_column(scope: Scope) -> Column {
    match scope {
        Scope::Platform => Column::Reason,
        Scope::Merchant(_) => Column::ToldReason,
    }
}

/// The entries of a scope with the columns that a list shows. A terminal is named only where the scope may see it.
fn listed(scope: Scope) -> SelectStatement {
    let mut select = log_in(scope);
    let terminal = |column| Expr::col((terminals::Entity, column));
    let mut visible = Cond::all().add(terminal(terminals::Column::Id).equals((device_log::Entity, Column::TerminalId)));
    if let Scope::Merchant(merchant) = scope {
        visible = visible.add(terminal(terminals::Column::MerchantId).eq(merchant.0));
        for absent in [MERCHANT_NO, MERCHANT_NAME] {
            select.expr_as(Expr::val(Option::<String>::None).cast_as("text"), absent);
        }
    }
    for shown in [
        Column::Id,
        Column::Sequence,
        Column::OccurredAt,
        Column::ReceivedAt,
        Column::SnSent,
        Column::Kind,
        Column::Outcome,
        Column::ActorKind,
        Column::CorrelationId,
        Column::Detail,
    ] {
        select.column((device_log::Entity, shown));
    }
    for (shown, name) in [(Column::ActorLabel, "actor_label"), (Column::Address, "address")] {
        let shown = column(shown);
        select.expr_as(
            match scope {
                Scope::Platform => shown,
                // Who works for the platform, and from where, is no merchant's business.
                Scope::Merchant(merchant) => Expr::case(own_actor(merchant), shown).finally(Expr::null()).into(),
            },
            name,
        );
    }
    let store = |column| Expr::col((stores::Entity, column));
    select
        .join(JoinType::LeftJoin, terminals::Entity, visible)
        .join(
            JoinType::LeftJoin,
            stores::Entity,
            store(stores::Column::Id).equals((terminals::Entity, terminals::Column::StoreId)),
        )
        .expr_as(terminal(terminals::Column::Sn), "terminal_sn")
        .expr_as(terminal(terminals::Column::Name), "terminal_name")
        .expr_as(store(stores::Column::Name), STORE_NAME)
        .expr_as(column(told_column(scope)), "reason")
        .take()
}

/// Whether an entry's actor is a terminal or one of the merchant's own users.
fn own_actor(merchant: MerchantId) -> Cond {
    let user = |column| Expr::col((users::Entity, column));
    let own = Query::select()
        .expr(Expr::val(1))
        .from(users::Entity)
        .and_where(user(users::Column::Id).equals((device_log::Entity, Column::ActorId)))
        .and_where(user(users::Column::MerchantId).eq(merchant.0))
        .take();
    Cond::any()
        .add(column(Column::ActorKind).eq(ActorKind::Terminal.code()))
        .add(Expr::exists(own))
}

fn told_of(code: Option<String>) -> Result<Option<Told>, Failure> {
    code.map(|code| Told::parse(&code).ok_or_else(|| unreadable("reason")))
        .transpose()
}

fn row_of(row: Listed) -> Result<LogRow, Failure> {
    let detail = places(&row.detail);
    let reason = told_of(row.reason)?;
    let count = detail.iter().find(|(place, _)| place == "turned_away");
    let turned_away = match reason {
        Some(Told::Itself(Reason::TooManyAttempts)) => count.and_then(|(_, count)| count.parse().ok()),
        _ => None,
    };
    Ok(LogRow {
        id: LogEntryId(row.id),
        sequence: row.sequence,
        occurred: Timestamp(row.occurred_at),
        received: Timestamp(row.received_at),
        sn_sent: row.sn_sent,
        terminal_sn: row.terminal_sn,
        terminal_name: row.terminal_name.filter(|name| !name.is_empty()),
        store: row.store_name,
        merchant: row
            .merchant_no
            .zip(row.merchant_name)
            .map(|(number, name)| MerchantRef { number, name }),
        kind: row.kind.parse().map_err(|_| unreadable("kind"))?,
        outcome: row.outcome.parse().map_err(|_| unreadable("outcome"))?,
        reason,
        actor: row.actor_kind.parse().map_err(|_| unreadable("actor"))?,
        actor_label: row.actor_label,
        address: row.address,
        turned_away,
        correlation: row.correlation_id,
        detail,
    })
}

/// What stands where in a JSON object; what is null or empty is left out.
fn places(json: &str) -> Vec<(String, String)> {
    fn gather(place: &str, value: &Value, into: &mut Vec<(String, String)>) {
        let below = |part: &str| {
            if place.is_empty() {
                part.to_owned()
            } else {
                format!("{place}.{part}")
            }
        };
        match value {
            Value::Null => {}
            Value::Object(fields) => fields
                .iter()
                .for_each(|(name, value)| gather(&below(name), value, into)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .for_each(|(at, value)| gather(&below(&at.to_string()), value, into)),
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => into.push((place.to_owned(), text.clone())),
            other => into.push((place.to_owned(), other.to_string())),
        }
    }
    let mut found = Vec::new();
    match serde_json::from_str(json) {
        Ok(value) => gather("", &value, &mut found),
        Err(_) => found.push((String::new(), json.to_owned())),
    }
    found
}

#[async_trait]
impl DeviceLog for DeviceLogService {
    async fn list(&self, caller: &Caller, query: &LogQuery) -> Result<Page<LogRow>, AppError> {
        Ok(self.list_rows(caller, query).await?)
    }

    async fn count(&self, caller: &Caller, query: &LogQuery) -> Result<LogCount, AppError> {
        Ok(self.count_entries(caller, query).await?)
    }

    async fn get(&self, caller: &Caller, id: LogEntryId) -> Result<Option<LogEntry>, AppError> {
        Ok(self.find_entry(caller, id).await?)
    }
}

#[cfg(test)]
mod tests;
