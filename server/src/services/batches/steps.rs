//! What people ask of a batch: choosing, doing something to each of its terminals, and stopping.

use super::job::{Job, end};
use super::{BatchService, NewItem, ordered};
use crate::entities::{batch_items, batch_jobs, batches};
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::Failure;
use crate::services::jobs::{Lease, Leased, Who, lasts};
use app::backend::batches::{BatchChange, BatchStage, Choice, MAX_CHOSEN, MAX_ITEMS, Work};
use app::backend::terminals::Amount;
use app::caller::{Caller, CodeIssuer, Manager};
use app::domain::{AuditAction, BatchId, TargetKind, Timestamp};
use app::error::{AppError, Invalid};
use app::pages::terminals_asked;
use app::request;
use batch_jobs::Column;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde_json::json;
use uuid::Uuid;

/// How long a batch is kept.
const KEPT_MS: i64 = 7 * Timestamp::DAY_MS;

/// Pieces of a list that are chosen by the request.
const CHOSEN_AT_ONCE: usize = 1;

/// Transactions that are done by the request.
const DONE_AT_ONCE: usize = 5;

/// Pieces of a job that a server does before it is another one's turn.
const TURN: usize = 20;

/// Items that one statement forgets.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

impl BatchService {
    pub(super) async fn choose(&self, by: CodeIssuer<'_>, choice: &Choice) -> Result<BatchId, Failure> {
        let ids = match choice {
            Choice::Listed(list) => return self.choose_listed(by, list).await,
            Choice::These(ids) if ids.len() > MAX_ITEMS => return Err(Invalid::TooMany.into()),
            Choice::These(ids) => ids,
        };
        let mut rows = self.terminals.rows_of(&by, ids).await?;
        if rows.is_empty() {
            return Err(Invalid::NothingChosen.into());
        }
        rows.sort_by(|a, b| (&a.sn, a.id).cmp(&(&b.sn, b.id)));
        let items = rows.into_iter().map(|row| (row.sn_printed, Some(row.id.0), None));
        let items: Vec<NewItem> = items.collect();
        let job = batch_jobs::ActiveModel {
            chosen: Set(i64::try_from(items.len()).unwrap_or(i64::MAX)),
            ..self.new_job(&by, BatchStage::Chosen)?
        };
        self.keep(&by, None, Some(job), items).await
    }

    /// Chooses the first piece of a list; a job goes on where there is more.
    async fn choose_listed(&self, by: CodeIssuer<'_>, list: &str) -> Result<BatchId, Failure> {
        let asked = terminals_asked(&request::Query::parse(list), by.zone());
        let too_many = match self.verdicts.count(&by, &asked).await? {
            Amount::Exactly(count) => count > MAX_CHOSEN,
            // About as many may be half as many.
            Amount::About(count) => count / 2 > MAX_CHOSEN,
        };
        if too_many {
            return Err(Invalid::TooManyMatch.into());
        }
        // Its key is known once it is there.
        let unborn = Lease::<batch_jobs::Entity>::new(&self.surroundings, Uuid::nil());
        let job = batch_jobs::ActiveModel {
            listed: Set(Some(list.to_owned())),
            lease_owner: Set(Some(unborn.owner)),
            lease_until: Set(Some(lasts(&self.surroundings))),
            ..self.new_job(&by, BatchStage::Choosing)?
        };
        let id = self.keep(&by, None, Some(job), Vec::new()).await?;
        let lease = unborn.of(id.0);
        self.do_some(lease, CHOSEN_AT_ONCE).await;
        let problem = batch_jobs::Entity::find_by_id(id.0)
            .select_only()
            .column(Column::Problem)
            .into_tuple::<Option<String>>()
            .one(self.database.writer())
            .await?
            .flatten();
        match problem.and_then(|code| code.parse::<Invalid>().ok()) {
            None => Ok(id),
            Some(problem) => {
                // There is nothing to come back to.
                batches::Entity::delete_by_id(id.0).exec(self.database.writer()).await?;
                Err(problem.into())
            }
        }
    }

    fn new_job(&self, by: &Caller, stage: BatchStage) -> Result<batch_jobs::ActiveModel, Failure> {
        Ok(batch_jobs::ActiveModel {
            stage: Set(stage.code().to_owned()),
            actor: Set(Who::of(by).stored()?),
            listed: Set(None),
            list_place: Set(None),
            ordered: Set(None),
            problem: Set(None),
            chosen: Set(0),
            place: Set(0),
            attempts: Set(0),
            cancel_requested: Set(false),
            lease_owner: Set(None),
            lease_until: Set(None),
            updated_at: Set(self.surroundings.now().0),
            ..<batch_jobs::ActiveModel as Default>::default()
        })
    }

    /// Does the first pieces of a job within the request that asked for it. What breaks is logged, and the job tried again.
    async fn do_some(&self, lease: Lease<batch_jobs::Entity>, pieces: usize) {
        // On the heap: it is deep.
        let work = Box::pin(Job::begin(self, lease, pieces));
        if let Err(failure) = lease.during(&self.database, &self.surroundings, work).await {
            let _logged = AppError::from(failure);
            // Where that fails too, the lease ends by itself.
            let _given_back = lease.give_back(self.database.writer()).await;
            self.desk.notify();
        }
    }

    pub(super) async fn change_all(&self, by: Manager<'_>, id: BatchId, change: &BatchChange) -> Result<(), Failure> {
        let work = change.work();
        if matches!(work, Work::Move(wanted) if !wanted.is_for(by.role())) {
            return Err(AppError::Forbidden.into());
        }
        let lease = Lease::<batch_jobs::Entity>::new(&self.surroundings, id.0);
        let ordered = Some(ordered::stored(change)?);
        if self.begin_work(&by, id, work, ordered, Some(lease)).await?.is_some() {
            self.do_some(lease, DONE_AT_ONCE).await;
        }
        Ok(())
    }

    /// Says that work has begun, and with how many terminals; `None` when some had before. With a lease it is a job's, and
    /// without one the request does it alone.
    pub(super) async fn begin_work(
        &self,
        caller: &Caller,
        id: BatchId,
        work: Work,
        ordered: Option<String>,
        lease: Option<Lease<batch_jobs::Entity>>,
    ) -> Result<Option<u64>, Failure> {
        self.own(caller, id).await?.ok_or(AppError::NotFound)?;
        let now = self.surroundings.now().0;
        let txn = self.database.begin().await?;
        let chosen = batch_jobs::Entity::find_by_id(id.0)
            .filter(Column::Stage.eq(BatchStage::Chosen.code()))
            .lock(LockType::NoKeyUpdate)
            .one(&txn)
            .await?;
        let Some(chosen) = chosen else { return Ok(None) };
        let many = u64::try_from(chosen.chosen).unwrap_or_default();
        if lease.is_none() && many > MAX_ITEMS as u64 {
            return Err(Invalid::TooMany.into());
        }
        let stage = lease.map_or(BatchStage::Done, |_| BatchStage::Running);
        batch_jobs::Entity::update_many()
            .col_expr(Column::Stage, stage.code().into())
            .col_expr(Column::Actor, Who::of(caller).stored()?.into())
            .col_expr(Column::Ordered, Expr::value(ordered))
            .col_expr(Column::LeaseOwner, Expr::value(lease.map(|lease| lease.owner)))
            .col_expr(
                Column::LeaseUntil,
                Expr::value(lease.map(|_| lasts(&self.surroundings))),
            )
            .col_expr(Column::UpdatedAt, now.into())
            .filter(Column::BatchId.eq(id.0))
            .exec(&txn)
            .await?;
        batches::Entity::update_many()
            .col_expr(batches::Column::Work, work.code().into())
            .col_expr(batches::Column::BegunAt, now.into())
            .filter(batches::Column::Id.eq(id.0))
            .exec(&txn)
            .await?;
        let entry = AuditEntry::of(caller, AuditAction::BatchStarted)
            .on(TargetKind::Batch, id)
            .changed(None, Some(json!({ "work": work.code(), "terminals": many })));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(Some(many))
    }

    pub(super) async fn stop(&self, by: CodeIssuer<'_>, id: BatchId) -> Result<(), Failure> {
        let batch = self.own(&by, id).await?.ok_or(AppError::NotFound)?;
        let txn = self.database.begin().await?;
        let job = batch_jobs::Entity::find_by_id(id.0)
            .lock(LockType::NoKeyUpdate)
            .one(&txn)
            .await?;
        let job = job.filter(|job| job.stage.parse().is_ok_and(BatchStage::is_working));
        let job = job.ok_or(Invalid::AlreadyDone)?;
        if job.lease_until.is_some_and(|until| until > self.surroundings.now().0) {
            // Whoever works on it stops before the next piece.
            batch_jobs::Entity::update_many()
                .col_expr(Column::CancelRequested, true.into())
                .filter(Column::BatchId.eq(id.0))
                .exec(&txn)
                .await?;
        } else {
            let caller = Who::read(&job.actor)?.caller()?;
            let held = Column::BatchId.eq(id.0);
            end(
                &txn,
                &self.surroundings,
                &batch,
                &caller,
                held.into(),
                BatchStage::Cancelled,
                None,
            )
            .await?;
        }
        txn.commit().await?;
        Ok(())
    }

    /// Works on whatever waits.
    ///
    /// **Permissions:** none; the work is done for whoever asked for it, as long as they may.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn work_on_all(&self) -> Result<(), AppError> {
        while self.work_on_one().await? {}
        Ok(())
    }

    async fn work_on_one(&self) -> Result<bool, Failure> {
        let (database, surroundings) = (&self.database, &self.surroundings);
        let Some(id) = Lease::<batch_jobs::Entity>::waiting(database, surroundings).await? else {
            return Ok(false);
        };
        let Some(lease) = Lease::take(database, surroundings, id).await? else {
            return Ok(false);
        };
        let turn = Box::pin(Job::begin(self, lease, TURN));
        self.desk.work(database, surroundings, lease, turn).await?;
        Ok(true)
    }

    /// Works on batches until `stop` ends. What is under way then is left to whoever comes next.
    pub async fn watch(&self, stop: impl Future<Output = ()>) {
        self.desk.watch(&self.database, stop, || self.work_on_all()).await;
    }

    /// Forgets the batches whose time is over, and says how many that were.
    ///
    /// **Permissions:** none; it is the server's own.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn sweep(&self) -> Result<u64, AppError> {
        Ok(self.forget_old().await?)
    }

    async fn forget_old(&self) -> Result<u64, Failure> {
        let writer = self.database.writer();
        let until = self.surroundings.now().plus_ms(-KEPT_MS).0;
        let working = Query::select()
            .column(Column::BatchId)
            .from(batch_jobs::Entity)
            .and_where(Column::Stage.is_in(batch_jobs::Entity::working()))
            .take();
        let old: Vec<Uuid> = batches::Entity::find()
            .select_only()
            .column(batches::Column::Id)
            .filter(batches::Column::CreatedAt.lt(until))
            .filter(Expr::col(batches::Column::BegunAt).if_null(0).lt(until))
            .filter(batches::Column::Id.not_in_subquery(working))
            .into_tuple()
            .all(self.database.reader())
            .await?;
        for id in &old {
            let items = || batch_items::Entity::find().filter(batch_items::Column::BatchId.eq(*id));
            let mut below = FORGOTTEN_AT_ONCE;
            while items().one(self.database.reader()).await?.is_some() {
                batch_items::Entity::delete_many()
                    .filter(batch_items::Column::BatchId.eq(*id))
                    .filter(batch_items::Column::Place.lt(below))
                    .exec(writer)
                    .await?;
                below += FORGOTTEN_AT_ONCE;
            }
            batches::Entity::delete_by_id(*id).exec(writer).await?;
        }
        Ok(old.len() as u64)
    }
}
