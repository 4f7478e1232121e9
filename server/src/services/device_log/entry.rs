//! One entry with all that it says, and those of the same request.

use super::{DeviceLogService, Listed, column, listed, row_of, told_of};
use crate::entities::device_log;
use crate::services::failure::Failure;
use app::backend::device_log::{LogEntry, LogRow, RELATED};
use app::caller::{Caller, Scope};
use app::domain::LogEntryId;
use device_log::Column;
use sea_orm::sea_query::{ExprTrait, Order, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Entries of one request are written within moments; what has the same name and is further away belongs to another run of
/// the same command.
const TOGETHER_MS: u128 = 3_600_000;

impl DeviceLogService {
    pub(super) async fn find_entry(&self, caller: &Caller, id: LogEntryId) -> Result<Option<LogEntry>, Failure> {
        let mut select = listed(caller.scope());
        select
            .and_where(column(Column::Id).eq(id.0))
            .expr_as(column(Column::ToldReason), "told_reason")
            .expr_as(column(Column::MerchantId), "merchant_id");
        let Some(found) = self.database.reader().query_one(&select).await? else {
            return Ok(None);
        };
        let told = told_of(found.try_get("", "told_reason")?)?;
        let merchant: Option<Uuid> = found.try_get("", "merchant_id")?;
        let row = row_of(Listed::from_query_result(&found, "")?)?;
        let mut related = self.related(caller, &row, merchant).await?;
        let more = related.len() > RELATED;
        related.truncate(RELATED);
        Ok(Some(LogEntry {
            row,
            told,
            related,
            more,
        }))
    }

    /// The other entries of the same request: those of the same chain that are near, and for the platform those of others.
    async fn related(&self, caller: &Caller, row: &LogRow, merchant: Option<Uuid>) -> Result<Vec<LogRow>, Failure> {
        let near = TOGETHER_MS << 80;
        let at = row.id.0.as_u128();
        let (first, last) = (at.saturating_sub(near), at.saturating_add(near));
        let of_request = |limit: usize| {
            let mut select = listed(caller.scope());
            select
                .and_where(column(Column::CorrelationId).eq(row.correlation.as_str()))
                .limit(limit as u64);
            select
        };
        let mut own = of_request(RELATED + 2);
        own.and_where(match merchant {
            Some(merchant) => column(Column::MerchantId).eq(merchant),
            None => column(Column::MerchantId).is_null(),
        })
        .and_where(column(Column::Id).between(Uuid::from_u128(first), Uuid::from_u128(last)))
        .order_by((device_log::Entity, Column::Id), Order::Asc);
        let mut found = self.found(&own).await?;
        if caller.scope() == Scope::Platform {
            let mut others = of_request(2 * RELATED);
            others
                .order_by((device_log::Entity, Column::MerchantId), Order::Asc)
                .order_by((device_log::Entity, Column::Id), Order::Asc);
            found.extend(self.found(&others).await?);
        }
        found.retain(|id, _| (first..=last).contains(&id.as_u128()) && *id != row.id.0);
        Ok(found.into_values().collect())
    }

    async fn found(&self, select: &SelectStatement) -> Result<BTreeMap<Uuid, LogRow>, Failure> {
        let rows = self.database.reader().query_all(select).await?;
        rows.iter()
            .map(|row| {
                let row = row_of(Listed::from_query_result(row, "")?)?;
                Ok((row.id.0, row))
            })
            .collect()
    }
}
