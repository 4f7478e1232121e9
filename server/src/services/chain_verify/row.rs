//! An entry as the driver hands it over: its fields are looked at where they lie, for copying each of them would take longer
//! than hashing them all.

use crate::entities::device_log::Column;
use crate::services::chain::Fields;
use sea_orm::sqlx::{self, ColumnIndex, Database, Decode};
use sea_orm::{DbErr, QueryResult, RuntimeErr};
use std::sync::Arc;
use uuid::Uuid;

/// The columns of the table, in the order in which [`Row::read`] reads them.
pub(super) const COLUMNS: [Column; 21] = [
    Column::Chain,
    Column::Sequence,
    Column::Id,
    Column::OccurredAt,
    Column::ReceivedAt,
    Column::SnSent,
    Column::SnNormalized,
    Column::TerminalId,
    Column::MerchantId,
    Column::Kind,
    Column::Outcome,
    Column::Reason,
    Column::ToldReason,
    Column::ActorKind,
    Column::ActorId,
    Column::ActorLabel,
    Column::Address,
    Column::CorrelationId,
    Column::Detail,
    Column::Bytes,
    Column::Hash,
];

/// An entry.
pub(super) struct Row<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) bytes: &'a [u8],
    pub(super) hash: &'a [u8],
}

impl<'a> Row<'a> {
    /// # Errors
    /// A column holds what its type cannot be.
    pub(super) fn read(row: &'a QueryResult) -> Result<Self, DbErr> {
        let read = match (row.try_as_sqlite_row(), row.try_as_pg_row()) {
            (Some(row), _) => Self::of(row),
            (_, Some(row)) => Self::of(row),
            (None, None) => return Err(DbErr::Type("a row of neither SQLite nor PostgreSQL".to_owned())),
        };
        read.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(Arc::new(error))))
    }

    fn of<R>(row: &'a R) -> Result<Self, sqlx::Error>
    where
        R: sqlx::Row,
        usize: ColumnIndex<R>,
        i64: Decode<'a, R::Database>,
        Uuid: Decode<'a, R::Database>,
        &'a [u8]: Decode<'a, R::Database>,
        Option<Uuid>: Decode<'a, R::Database>,
        Option<&'a [u8]>: Decode<'a, R::Database>,
        R::Database: Database,
    {
        Ok(Self {
            fields: Fields {
                chain: row.try_get_unchecked(0)?,
                sequence: row.try_get_unchecked(1)?,
                id: row.try_get_unchecked(2)?,
                occurred_at: row.try_get_unchecked(3)?,
                received_at: row.try_get_unchecked(4)?,
                sn_sent: row.try_get_unchecked(5)?,
                sn_normalized: row.try_get_unchecked(6)?,
                terminal_id: row.try_get_unchecked(7)?,
                merchant_id: row.try_get_unchecked(8)?,
                kind: row.try_get_unchecked(9)?,
                outcome: row.try_get_unchecked(10)?,
                reason: row.try_get_unchecked(11)?,
                told_reason: row.try_get_unchecked(12)?,
                actor_kind: row.try_get_unchecked(13)?,
                actor_id: row.try_get_unchecked(14)?,
                actor_label: row.try_get_unchecked(15)?,
                address: row.try_get_unchecked(16)?,
                correlation_id: row.try_get_unchecked(17)?,
                detail: row.try_get_unchecked(18)?,
            },
            bytes: row.try_get_unchecked(19)?,
            hash: row.try_get_unchecked(20)?,
        })
    }
}
