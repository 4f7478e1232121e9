//! Going along a chain, entry by entry, each checked against the one before it. The next entries are read while those
//! before them are hashed.

use super::row::{COLUMNS, Row};
use super::{Broken, Fault, VerifyError};
use crate::entities::device_log::{Column, Entity};
use crate::services::boundaries::Link;
use crate::services::chain::{Fields, difference, hash_of};
use crate::services::device_log::first_id_of;
use app::domain::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;

/// Entries read at a time.
const BATCH: u64 = 2000;

/// Entries by key that are asked for the earliest in their chain: clocks of several servers differ by less.
const NEAR: u64 = 1000;

/// A walk along one chain.
pub(in crate::services) struct Walk {
    chain: Uuid,
    at: Link,
    /// The last entry that the chain should have.
    end: Option<i64>,
    ahead: Option<Vec<QueryResult>>,
}

impl Walk {
    pub(in crate::services) fn new(chain: Uuid, from: Link, end: Option<i64>) -> Self {
        Self {
            chain,
            at: from,
            end,
            ahead: None,
        }
    }

    /// The entry that was read last.
    pub(in crate::services) fn at(&self) -> Link {
        self.at
    }

    /// The next entries, all in order; `None` when there are no more.
    pub(in crate::services) async fn next(
        &mut self,
        db: &impl ConnectionTrait,
    ) -> Result<Option<Vec<QueryResult>>, VerifyError> {
        let rows = match self.ahead.take() {
            Some(rows) => rows,
            None => self.read(db, self.at.sequence).await?,
        };
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        let last = Row::read(last)?.fields.sequence;
        let full = rows.len() as u64 == BATCH;
        let (at, end) = (self.at, self.end);
        let checking = tokio::task::spawn_blocking(move || {
            let mut at = at;
            for row in &rows {
                at = check(&Row::read(row)?, at, end)?;
            }
            Ok::<_, VerifyError>((rows, at))
        });
        if full {
            self.ahead = Some(self.read(db, last).await?);
        }
        let (rows, at) = checking.await??;
        self.at = at;
        if !full {
            self.ahead = Some(Vec::new());
        }
        Ok(Some(rows))
    }

    async fn read(&self, db: &impl ConnectionTrait, after: i64) -> Result<Vec<QueryResult>, DbErr> {
        let query = Query::select()
            .columns(COLUMNS)
            .from(Entity)
            .and_where(Expr::col(Column::Chain).eq(self.chain))
            .and_where(Expr::col(Column::Sequence).gt(after))
            .order_by(Column::Sequence, Order::Asc)
            .limit(BATCH)
            .take();
        db.query_all(&query).await
    }
}

/// Checks an entry against the one before it.
pub(super) fn check(row: &Row<'_>, before: Link, end: Option<i64>) -> Result<Link, Broken> {
    let Row { fields, bytes, hash } = row;
    let broken = |sequence, id, fault| {
        Err(Broken {
            chain: fields.chain,
            sequence,
            id,
            fault,
        })
    };
    let Fields { sequence, id, .. } = *fields;
    if end.is_some_and(|end| sequence > end) {
        return broken(sequence, Some(id), Fault::Surplus);
    }
    if sequence != before.sequence + 1 {
        return broken(before.sequence + 1, None, Fault::Missing);
    }
    let read = hash_of(bytes);
    if *hash != read {
        return broken(sequence, Some(id), Fault::Bytes);
    }
    if !fields.are_in(&before.hash, bytes) {
        let mut expected = Vec::new();
        fields.write(&before.hash, &mut expected);
        let fault = match difference(bytes, &expected) {
            None => Fault::Bytes,
            Some(mut names) => {
                names.retain(|name| *name != "previous_hash");
                if names.is_empty() {
                    Fault::Link
                } else {
                    Fault::Edited(names)
                }
            }
        };
        return broken(sequence, Some(id), fault);
    }
    Ok(Link { sequence, hash: read })
}

/// An entry's place and hash, when it is there.
pub(in crate::services) async fn link(
    db: &impl ConnectionTrait,
    chain: Uuid,
    sequence: i64,
) -> Result<Option<Link>, DbErr> {
    let query = Query::select()
        .column(Column::Hash)
        .from(Entity)
        .and_where(Expr::col(Column::Chain).eq(chain))
        .and_where(Expr::col(Column::Sequence).eq(sequence))
        .take();
    let Some(row) = db.query_one(&query).await? else {
        return Ok(None);
    };
    let hash: Vec<u8> = row.try_get_by_index(0)?;
    let hash = hash
        .try_into()
        .map_err(|_| DbErr::Type("a hash does not have 32 bytes".to_owned()))?;
    Ok(Some(Link { sequence, hash }))
}

/// The lowest sequence in a chain.
pub(super) async fn first(db: &impl ConnectionTrait, chain: Uuid) -> Result<Option<i64>, DbErr> {
    let query = Query::select()
        .column(Column::Sequence)
        .from(Entity)
        .and_where(Expr::col(Column::Chain).eq(chain))
        .order_by(Column::Sequence, Order::Asc)
        .limit(1)
        .take();
    let row = db.query_one(&query).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// The first entry of a chain among those that were received from an instant on.
pub(super) async fn first_since(
    db: &impl ConnectionTrait,
    chain: Uuid,
    since: Timestamp,
) -> Result<Option<i64>, DbErr> {
    let owner = Expr::col(Column::MerchantId);
    let near = Query::select()
        .column(Column::Sequence)
        .from(Entity)
        .and_where(if chain.is_nil() {
            owner.is_null()
        } else {
            owner.eq(chain)
        })
        .and_where(Expr::col(Column::Id).gte(first_id_of(since)))
        .order_by(Column::Id, Order::Asc)
        .limit(NEAR)
        .take();
    let query = Query::select()
        .expr(Func::min(Expr::col("sequence")))
        .from_subquery(near, "near")
        .take();
    let row = db.query_one(&query).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}

/// The same with the entry's key, when there is an entry.
pub(super) async fn name(db: &impl ConnectionTrait, broken: Broken) -> Result<Broken, DbErr> {
    let query = Query::select()
        .column(Column::Id)
        .from(Entity)
        .and_where(Expr::col(Column::Chain).eq(broken.chain))
        .and_where(Expr::col(Column::Sequence).eq(broken.sequence))
        .take();
    let row = db.query_one(&query).await?;
    let id = row.map(|row| row.try_get_by_index(0)).transpose()?;
    Ok(Broken { id, ..broken })
}
