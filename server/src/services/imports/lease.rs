//! Which server does the work of an import: whoever holds its lease. A server that ends without giving it back loses it
//! after a while, and another one, or the same after a restart, goes on.

use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::import_jobs::{Column, Entity};
use crate::services::failure::Failure;
use app::backend::imports::Stage;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::time::Duration;
use uuid::Uuid;

/// How long a lease lasts without a sign of life.
const LEASE_MS: i64 = 20_000;

/// How often a server gives one.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The right to work on an import, which somebody else may have taken over: every write asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) batch: Uuid,
    owner: Uuid,
}

fn free(now: i64) -> Condition {
    Condition::any()
        .add(Column::LeaseUntil.is_null())
        .add(Column::LeaseUntil.lte(now))
}

fn working() -> Condition {
    let stages = [Stage::Checking, Stage::Running, Stage::Undoing].map(Stage::code);
    Condition::all().add(Column::Stage.is_in(stages))
}

impl Lease {
    /// The oldest import that waits for somebody to work on it.
    pub(super) async fn waiting(database: &Database, surroundings: &Surroundings) -> Result<Option<Uuid>, DbErr> {
        Entity::find()
            .select_only()
            .column(Column::BatchId)
            .filter(working())
            .filter(free(surroundings.now().0))
            .order_by_asc(Column::BatchId)
            .into_tuple()
            .one(database.reader())
            .await
    }

    /// Takes an import on; `None` when there is nothing to do or somebody else does it.
    pub(super) async fn take(
        database: &Database,
        surroundings: &Surroundings,
        batch: Uuid,
    ) -> Result<Option<Self>, DbErr> {
        let lease = Self {
            batch,
            owner: surroundings.new_id(),
        };
        let now = surroundings.now().0;
        let taken = Entity::update_many()
            .col_expr(Column::LeaseOwner, lease.owner.into())
            .col_expr(Column::LeaseUntil, (now + LEASE_MS).into())
            .filter(Column::BatchId.eq(batch))
            .filter(working())
            .filter(free(now))
            .exec(database.writer())
            .await?;
        Ok((taken.rows_affected == 1).then_some(lease))
    }

    /// Holds on to it, as part of a transaction that writes something: another server that has taken over meanwhile makes
    /// it fail, and so does somebody who asked to stop.
    pub(super) async fn keep(
        self,
        connection: &impl ConnectionTrait,
        surroundings: &Surroundings,
    ) -> Result<(), Interrupted> {
        let kept = Entity::update_many()
            .col_expr(Column::LeaseUntil, (surroundings.now().0 + LEASE_MS).into())
            .filter(self.held())
            .filter(Column::CancelRequested.eq(false))
            .exec(connection)
            .await?;
        if kept.rows_affected == 1 {
            return Ok(());
        }
        let held = Entity::find().filter(self.held()).one(connection).await?;
        Err(match held {
            Some(_) => Interrupted::Cancelled,
            None => Interrupted::Lost,
        })
    }

    /// The row, as long as the lease holds.
    pub(super) fn held(self) -> Condition {
        Condition::all()
            .add(Column::BatchId.eq(self.batch))
            .add(Column::LeaseOwner.eq(self.owner))
    }

    /// Gives signs of life until it is lost.
    pub(super) async fn hold(self, database: &Database, surroundings: &Surroundings) -> Result<(), Failure> {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let beat = Entity::update_many()
                .col_expr(Column::LeaseUntil, (surroundings.now().0 + LEASE_MS).into())
                .filter(self.held())
                .exec(database.writer())
                .await?;
            if beat.rows_affected == 0 {
                return Ok(());
            }
        }
    }

    /// Gives it back, so that nobody has to wait until it ends.
    pub(super) async fn give_back(self, connection: &impl ConnectionTrait) -> Result<(), DbErr> {
        Entity::update_many()
            .col_expr(Column::LeaseOwner, Expr::value(None::<Uuid>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
            .filter(self.held())
            .exec(connection)
            .await?;
        Ok(())
    }
}

/// Why work stopped before its end.
#[derive(Debug)]
pub(super) enum Interrupted {
    /// Somebody else has the lease.
    Lost,
    /// Somebody asked for it.
    Cancelled,
    /// Something went wrong.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Interrupted {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
