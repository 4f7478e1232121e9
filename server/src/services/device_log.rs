//! What happened to terminals, as it is read.

use super::failure::{Failure, unreadable};
use super::scope::{MERCHANT_NAME, MERCHANT_NO, log_in};
use crate::database::Database;
use crate::entities::{device_log, terminals, users};
use app::backend::device_log::{DeviceLog, LogQuery, LogRow};
use app::backend::page::{Direction, PAGE_ROWS, Page};
use app::backend::terminals::MerchantRef;
use app::caller::{Caller, Scope};
use app::domain::{ActorKind, LogEntryId, MerchantId, Reason, SerialNumber, Timestamp, Told};
use app::error::AppError;
use async_trait::async_trait;
use device_log::Column;
use sea_orm::sea_query::{Cond, Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

/// Answers [`DeviceLog`].
pub struct DeviceLogService {
    database: Database,
}

#[derive(FromQueryResult)]
struct Listed {
    id: Uuid,
    received_at: i64,
    sn_sent: Option<String>,
    terminal_sn: Option<String>,
    terminal_name: Option<String>,
    kind: String,
    outcome: String,
    reason: Option<String>,
    actor_kind: String,
    actor_label: Option<String>,
    address: Option<String>,
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
    pub async fn piece(&self, caller: &Caller, query: &LogQuery, rows: u64) -> Result<Vec<LogRow>, AppError> {
        Ok(self.rows(caller, query, rows).await?)
    }

    async fn list_rows(&self, caller: &Caller, query: &LogQuery) -> Result<Page<LogRow>, Failure> {
        let rows = self.rows(caller, query, PAGE_ROWS as u64 + 1).await?;
        Ok(Page::of(rows, query.cursor.as_ref(), |row| (String::new(), row.id.0)))
    }

    async fn rows(&self, caller: &Caller, query: &LogQuery, limit: u64) -> Result<Vec<LogRow>, Failure> {
        let mut select = listed(caller.scope());
        if !narrow(&mut select, caller.scope(), query) {
            return Ok(Vec::new());
        }
        // Newest first: the page after a cursor holds smaller keys.
        let before = query.cursor.as_ref().is_some_and(|c| c.direction == Direction::Before);
        if let Some(cursor) = &query.cursor {
            let id = column(Column::Id);
            select.and_where(if before { id.gt(cursor.id) } else { id.lt(cursor.id) });
        }
        let order = if before { Order::Asc } else { Order::Desc };
        select.order_by((device_log::Entity, Column::Id), order).limit(limit);
        let found = self.database.reader().query_all(&select).await?;
        found
            .iter()
            .map(|row| row_of(Listed::from_query_result(row, "")?))
            .collect()
    }
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
        Column::ReceivedAt,
        Column::SnSent,
        Column::Kind,
        Column::Outcome,
        Column::ActorKind,
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
    select
        .join(JoinType::LeftJoin, terminals::Entity, visible)
        .expr_as(terminal(terminals::Column::Sn), "terminal_sn")
        .expr_as(terminal(terminals::Column::Name), "terminal_name")
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

/// Narrows the list to what was asked; `false` when nothing can match.
fn narrow(select: &mut SelectStatement, scope: Scope, query: &LogQuery) -> bool {
    if let Some(sn) = &query.sn {
        let Ok(sn) = SerialNumber::parse(sn) else {
            return false;
        };
        select.and_where(column(Column::SnNormalized).eq(sn.as_str()));
    }
    if let Some(kind) = query.kind {
        select.and_where(column(Column::Kind).eq(kind.code()));
    }
    if let Some(outcome) = query.outcome {
        select.and_where(column(Column::Outcome).eq(outcome.code()));
    }
    if let Some(reason) = query.reason {
        select.and_where(column(told_column(scope)).eq(reason.code()));
    }
    if let Some(from) = query.from {
        select.and_where(column(Column::Id).gte(first_id_of(from)));
    }
    if let Some(until) = query.until {
        select.and_where(column(Column::Id).lt(first_id_of(until)));
    }
    true
}

/// The smallest key that an entry received at `instant` can have: keys begin with the instant (RFC 9562, section 5.7).
fn first_id_of(instant: Timestamp) -> Uuid {
    let ms = u128::try_from(instant.0).unwrap_or_default();
    Uuid::from_u128(ms << 80)
}

fn row_of(row: Listed) -> Result<LogRow, Failure> {
    let reason = row
        .reason
        .map(|code| Told::parse(&code).ok_or_else(|| unreadable("reason")))
        .transpose()?;
    let turned_away = match reason {
        Some(Told::Itself(Reason::TooManyAttempts)) => turned_away(&row.detail),
        _ => None,
    };
    Ok(LogRow {
        id: LogEntryId(row.id),
        received: Timestamp(row.received_at),
        sn_sent: row.sn_sent,
        terminal_sn: row.terminal_sn,
        terminal_name: row.terminal_name,
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
    })
}

/// How many attempts an entry stands for, by its detail.
fn turned_away(detail: &str) -> Option<u64> {
    let detail: serde_json::Value = serde_json::from_str(detail).ok()?;
    detail["turned_away"].as_u64()
}

#[async_trait]
impl DeviceLog for DeviceLogService {
    async fn list(&self, caller: &Caller, query: &LogQuery) -> Result<Page<LogRow>, AppError> {
        Ok(self.list_rows(caller, query).await?)
    }
}
