//! Which server does the work of a job: whoever holds its lease. A server that ends without giving it back loses it
//! after a while, and another one, or the same after a restart, goes on.

use super::who::may_still;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::services::failure::{Failure, unreadable};
use app::caller::Caller;
use sea_orm::sea_query::{Expr, ExprTrait, ValueType};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ModelTrait, QueryFilter, QueryOrder, QuerySelect,
    UpdateMany,
};
use std::marker::PhantomData;
use std::time::Duration;
use uuid::Uuid;

/// How long a lease lasts without a sign of life.
const LEASE_MS: i64 = 20_000;

/// How often a server gives one.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How often a job is taken on that comes no further.
const TRIES: i64 = 5;

/// A table of jobs, and where in it stands what a lease is about.
pub(in crate::services) trait Leased: EntityTrait {
    /// The job's key.
    const KEY: Self::Column;
    /// How far it is.
    const STAGE: Self::Column;
    /// Who has the lease.
    const OWNER: Self::Column;
    /// Until when nobody else takes it over.
    const UNTIL: Self::Column;
    /// When it last came further.
    const FURTHER: Self::Column;
    /// How often it was taken on since then.
    const ATTEMPTS: Self::Column;
    /// Whether somebody asked for the work to stop.
    const CANCEL: Self::Column;

    /// The stages in which there is work.
    fn working() -> Vec<&'static str>;
}

/// The right to work on a job, which somebody else may have taken over: every write asks.
pub(in crate::services) struct Lease<E> {
    pub(in crate::services) key: Uuid,
    pub(in crate::services) owner: Uuid,
    kind: PhantomData<fn() -> E>,
}

impl<E> Clone for Lease<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Lease<E> {}

fn free<E: Leased>(now: i64) -> Condition {
    Condition::any().add(E::UNTIL.is_null()).add(E::UNTIL.lte(now))
}

/// Until when a lease lasts that gives a sign of life now.
pub(in crate::services) fn lasts(surroundings: &Surroundings) -> i64 {
    surroundings.now().0 + LEASE_MS
}

impl<E: Leased> Lease<E> {
    /// A lease for whoever writes it into the job's row.
    pub(in crate::services) fn new(surroundings: &Surroundings, key: Uuid) -> Self {
        Self {
            key,
            owner: surroundings.new_id(),
            kind: PhantomData,
        }
    }

    /// The same of another job.
    pub(in crate::services) fn of(self, key: Uuid) -> Self {
        Self { key, ..self }
    }

    /// The job that waits for somebody to work on it and has waited longest.
    pub(in crate::services) async fn waiting(
        database: &Database,
        surroundings: &Surroundings,
    ) -> Result<Option<Uuid>, DbErr> {
        E::find()
            .select_only()
            .column(E::KEY)
            .filter(E::STAGE.is_in(E::working()))
            .filter(free::<E>(surroundings.now().0))
            .order_by_asc(E::FURTHER)
            .order_by_asc(E::KEY)
            .into_tuple()
            .one(database.reader())
            .await
    }

    /// Takes a job on; `None` when there is nothing to do or somebody else does it.
    pub(in crate::services) async fn take(
        database: &Database,
        surroundings: &Surroundings,
        key: Uuid,
    ) -> Result<Option<Self>, DbErr> {
        let lease = Self::new(surroundings, key);
        let taken = E::update_many()
            .col_expr(E::OWNER, lease.owner.into())
            .col_expr(E::UNTIL, lasts(surroundings).into())
            .filter(E::KEY.eq(key))
            .filter(E::STAGE.is_in(E::working()))
            .filter(free::<E>(surroundings.now().0))
            .exec(database.writer())
            .await?;
        Ok((taken.rows_affected == 1).then_some(lease))
    }

    /// Begins to work under it: the job's row, and whether it was taken on so often without coming further that it is to be
    /// given up.
    pub(in crate::services) async fn begin(
        self,
        connection: &impl ConnectionTrait,
    ) -> Result<(E::Model, bool), Interrupted> {
        E::update_many()
            .col_expr(E::ATTEMPTS, Expr::col(E::ATTEMPTS).add(1))
            .filter(self.held())
            .exec(connection)
            .await?;
        let row = E::find().filter(self.held()).one(connection).await?;
        let row = row.ok_or(Interrupted::Lost)?;
        let attempts = <i64 as ValueType>::try_from(row.get(E::ATTEMPTS)).map_err(|_| unreadable("number of tries"))?;
        Ok((row, attempts > TRIES))
    }

    /// Says that the job has come further, as part of the transaction that brought it there; what else the row says of it
    /// is to be added.
    pub(in crate::services) fn further(self, surroundings: &Surroundings) -> UpdateMany<E> {
        E::update_many()
            .col_expr(E::ATTEMPTS, 0_i64.into())
            .col_expr(E::FURTHER, surroundings.now().0.into())
            .filter(self.held())
    }

    /// Holds on to it, as part of a transaction that writes something: another server that has taken over meanwhile makes
    /// it fail, and so does somebody who asked to stop.
    pub(in crate::services) async fn keep(
        self,
        connection: &impl ConnectionTrait,
        surroundings: &Surroundings,
    ) -> Result<(), Interrupted> {
        let kept = E::update_many()
            .col_expr(E::UNTIL, lasts(surroundings).into())
            .filter(self.held())
            .filter(E::CANCEL.eq(false))
            .exec(connection)
            .await?;
        if kept.rows_affected == 1 {
            return Ok(());
        }
        let held = E::find().filter(self.held()).one(connection).await?;
        Err(match held {
            Some(_) => Interrupted::Cancelled,
            None => Interrupted::Lost,
        })
    }

    /// The same for a piece of the work that `caller` asked for, which whoever was locked out meanwhile may not have done.
    pub(in crate::services) async fn keep_for(
        self,
        connection: &impl ConnectionTrait,
        surroundings: &Surroundings,
        caller: &Caller,
    ) -> Result<(), Interrupted> {
        self.keep(connection, surroundings).await?;
        match may_still(connection, caller).await? {
            true => Ok(()),
            false => Err(Interrupted::Forbidden),
        }
    }

    /// The row, as long as the lease holds.
    pub(in crate::services) fn held(self) -> Condition {
        Condition::all().add(E::KEY.eq(self.key)).add(E::OWNER.eq(self.owner))
    }

    /// Does `work`, giving signs of life, until its end or until the lease is lost.
    pub(in crate::services) async fn during(
        self,
        database: &Database,
        surroundings: &Surroundings,
        work: impl Future<Output = Result<(), Interrupted>>,
    ) -> Result<(), Failure> {
        let worked = tokio::select! {
            worked = work => worked,
            held = self.hold(database, surroundings) => Err(match held {
                Ok(()) => Interrupted::Lost,
                Err(failure) => Interrupted::Failed(failure),
            }),
        };
        match worked {
            Ok(()) | Err(Interrupted::Lost | Interrupted::Cancelled | Interrupted::Forbidden) => Ok(()),
            Err(Interrupted::Failed(failure)) => Err(failure),
        }
    }

    /// Gives signs of life until it is lost.
    async fn hold(self, database: &Database, surroundings: &Surroundings) -> Result<(), Failure> {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let beat = E::update_many()
                .col_expr(E::UNTIL, lasts(surroundings).into())
                .filter(self.held())
                .exec(database.writer())
                .await?;
            if beat.rows_affected == 0 {
                return Ok(());
            }
        }
    }

    /// Gives it back, so that nobody has to wait until it ends.
    pub(in crate::services) async fn give_back(self, connection: &impl ConnectionTrait) -> Result<(), DbErr> {
        E::update_many()
            .col_expr(E::OWNER, Expr::value(None::<Uuid>))
            .col_expr(E::UNTIL, Expr::value(None::<i64>))
            .filter(self.held())
            .exec(connection)
            .await?;
        Ok(())
    }
}

/// Why work stopped before its end.
#[derive(Debug)]
pub(in crate::services) enum Interrupted {
    /// Somebody else has the lease.
    Lost,
    /// Somebody asked for it.
    Cancelled,
    /// Whoever asked for the work may no longer do it.
    Forbidden,
    /// Something went wrong.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Interrupted {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
