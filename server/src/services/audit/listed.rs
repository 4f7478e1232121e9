//! The audit log as it is read: newest first, narrowed to what was asked.

use crate::entities::{audit_log, merchants};
use crate::services::failure::{Failure, unreadable};
use app::backend::audit::{AuditQuery, AuditRow, Change};
use app::backend::page::{Direction, PAGE_ROWS, Page};
use app::backend::terminals::MerchantRef;
use app::domain::{AuditEntryId, Login, MerchantNo, Timestamp};
use audit_log::Column;
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Order, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(FromQueryResult)]
struct Listed {
    id: Uuid,
    occurred_at: i64,
    actor_login: String,
    actor_role: Option<String>,
    action: String,
    target_kind: Option<String>,
    target: Option<String>,
    outcome: String,
    reason: Option<String>,
    before: Option<String>,
    after: Option<String>,
    address: Option<String>,
    session: Option<String>,
    request_id: String,
    merchant_no: Option<String>,
    merchant_name: Option<String>,
}

fn column(column: Column) -> Expr {
    Expr::col((audit_log::Entity, column))
}

fn merchant(column: merchants::Column) -> Expr {
    Expr::col((merchants::Entity, column))
}

/// A page of entries.
pub(super) async fn page(connection: &impl ConnectionTrait, query: &AuditQuery) -> Result<Page<AuditRow>, Failure> {
    let found = rows(connection, query, PAGE_ROWS as u64 + 1).await?;
    Ok(Page::of(found, query.cursor.as_ref(), |row| (String::new(), row.id.0)))
}

/// At most `most` entries from the place of the query, in the order in which they are found.
pub(super) async fn rows(
    connection: &impl ConnectionTrait,
    query: &AuditQuery,
    most: u64,
) -> Result<Vec<AuditRow>, Failure> {
    let mut select = listed();
    if let Some(number) = &query.merchant_no {
        let Some(merchant) = merchant_numbered(connection, number).await? else {
            return Ok(Vec::new());
        };
        select.and_where(column(Column::MerchantId).eq(merchant));
    }
    narrow(&mut select, query);
    // Newest first: the page after a cursor holds smaller keys.
    let before = query.cursor.as_ref().is_some_and(|c| c.direction == Direction::Before);
    if let Some(cursor) = &query.cursor {
        let id = column(Column::Id);
        select.and_where(if before { id.gt(cursor.id) } else { id.lt(cursor.id) });
    }
    let order = if before { Order::Asc } else { Order::Desc };
    select.order_by((audit_log::Entity, Column::Id), order).limit(most);
    let found = connection.query_all(&select).await?;
    found
        .iter()
        .map(|row| row_of(Listed::from_query_result(row, "")?))
        .collect()
}

fn listed() -> SelectStatement {
    let shown = [
        Column::Id,
        Column::OccurredAt,
        Column::ActorLogin,
        Column::ActorRole,
        Column::Action,
        Column::TargetKind,
        Column::Target,
        Column::Outcome,
        Column::Reason,
        Column::Before,
        Column::After,
        Column::Address,
        Column::Session,
        Column::RequestId,
    ];
    Query::select()
        .columns(shown.map(|column| (audit_log::Entity, column)))
        .expr_as(merchant(merchants::Column::MerchantNo), "merchant_no")
        .expr_as(merchant(merchants::Column::Name), "merchant_name")
        .from(audit_log::Entity)
        .join(
            JoinType::LeftJoin,
            merchants::Entity,
            merchant(merchants::Column::Id).equals((audit_log::Entity, Column::MerchantId)),
        )
        .take()
}

/// Narrows the list to what was asked.
fn narrow(select: &mut SelectStatement, query: &AuditQuery) {
    if let Some(text) = &query.actor {
        // A refused sign-in keeps the login as it was typed, so that one which is none is looked for as it stands.
        let login = Login::parse(text).map_or_else(|_| text.clone(), |login| login.as_str().to_owned());
        select.and_where(column(Column::ActorLogin).eq(login));
    }
    if let Some(action) = query.action {
        select.and_where(column(Column::Action).eq(action.code()));
    }
    if let Some(outcome) = query.outcome {
        select.and_where(column(Column::Outcome).eq(outcome.code()));
    }
    if let Some(from) = query.from {
        select.and_where(column(Column::Id).gte(first_id_of(from)));
    }
    if let Some(until) = query.until {
        select.and_where(column(Column::Id).lt(first_id_of(until)));
    }
}

async fn merchant_numbered(connection: &impl ConnectionTrait, number: &str) -> Result<Option<Uuid>, Failure> {
    let Ok(number) = MerchantNo::parse(number) else {
        return Ok(None);
    };
    let found = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(number.as_str()))
        .one(connection)
        .await?;
    Ok(found.map(|merchant| merchant.id))
}

/// The smallest key that an entry of `instant` can have: keys begin with the instant (RFC 9562, section 5.7).
fn first_id_of(instant: Timestamp) -> Uuid {
    let ms = u128::try_from(instant.0).unwrap_or_default();
    Uuid::from_u128(ms << 80)
}

fn row_of(row: Listed) -> Result<AuditRow, Failure> {
    let role = row.actor_role.map(|role| role.parse().map_err(|_| unreadable("role")));
    let target = row.target_kind.zip(row.target).map(|(kind, target)| {
        let kind = kind.parse().map_err(|_| unreadable("target"))?;
        Ok::<_, Failure>((kind, target))
    });
    Ok(AuditRow {
        id: AuditEntryId(row.id),
        occurred: Timestamp(row.occurred_at),
        actor: row.actor_login,
        role: role.transpose()?,
        merchant: row
            .merchant_no
            .zip(row.merchant_name)
            .map(|(number, name)| MerchantRef { number, name }),
        action: row.action.parse().map_err(|_| unreadable("action"))?,
        target: target.transpose()?,
        outcome: row.outcome.parse().map_err(|_| unreadable("outcome"))?,
        reason: row.reason,
        changes: changes(row.before.as_deref(), row.after.as_deref()),
        address: row.address,
        session: row.session,
        request: row.request_id,
    })
}

/// What changed between two JSON objects, by field.
fn changes(before: Option<&str>, after: Option<&str>) -> Vec<Change> {
    let fields = |text: Option<&str>| -> Map<String, Value> {
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    };
    let (before, after) = (fields(before), fields(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let text = |value: Option<&Value>| match value? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    names
        .into_iter()
        .map(|name| Change {
            field: name.clone(),
            before: text(before.get(name)),
            after: text(after.get(name)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_by_field() {
        let change = |field: &str, before: Option<&str>, after: Option<&str>| Change {
            field: field.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        };
        assert_eq!(
            changes(Some(r#"{"role":"a","n":1}"#), Some(r#"{"role":"b","gone":null}"#)),
            [
                change("gone", None, None),
                change("n", Some("1"), None),
                change("role", Some("a"), Some("b"))
            ]
        );
        assert_eq!(changes(None, Some("[1]")), []);
    }
}
