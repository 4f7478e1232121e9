//! The work on one batch: pieces of a list are chosen, or its terminals changed, in transactions of a piece each, and it
//! goes on wherever it was left.

use super::direct::{AT_ONCE, locked, settle};
use super::found::counts_of;
use super::{BatchService, add, ordered, tags};
use crate::clock::Surroundings;
use crate::entities::{batch_items, batch_jobs, batches, terminals};
use crate::services::audit::{self, AuditEntry};
use crate::services::chain::{self, NewEntry};
use crate::services::failure::{Failure, unreadable};
use crate::services::jobs::{Interrupted, Lease, Who};
use crate::services::lifecycle::apply::Mover;
use crate::services::merchants;
use crate::services::registration::lifecycle;
use app::backend::batches::{BatchChange, BatchStage, MAX_CHOSEN, MAX_ITEMS};
use app::backend::lifecycle::Change;
use app::backend::page::Cursor;
use app::backend::terminals::{SortKey, TerminalQuery, TerminalSort};
use app::caller::{Caller, Manager};
use app::domain::{AuditAction, TargetKind};
use app::error::Invalid;
use app::pages::terminals_asked;
use app::request::Query;
use batch_jobs::Column;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// A job that this server does.
pub(super) struct Job<'a> {
    service: &'a BatchService,
    lease: Lease<batch_jobs::Entity>,
    batch: batches::Model,
    row: batch_jobs::Model,
    caller: Caller,
}

impl<'a> Job<'a> {
    /// Works on a job whose lease this server has: until its end, until a person has to decide, or so many pieces.
    pub(super) async fn begin(
        service: &'a BatchService,
        lease: Lease<batch_jobs::Entity>,
        pieces: usize,
    ) -> Result<(), Interrupted> {
        // The writing connection: it has surely seen the lease.
        let writer = service.database.writer();
        let (row, worn_out) = lease.begin(writer).await?;
        let batch = batches::Entity::find_by_id(lease.key).one(writer).await?;
        let batch = batch.ok_or(Interrupted::Lost)?;
        let caller = Who::read(&row.actor).and_then(|who| who.caller());
        let mut job = Self {
            // What cannot be read ends as well.
            caller: match caller {
                Err(_) if worn_out => Caller::system("batch"),
                caller => caller?,
            },
            service,
            lease,
            batch,
            row,
        };
        if worn_out {
            return Ok(job.finish(BatchStage::Failed, Some(Invalid::NoMoreTries)).await?);
        }
        match job.work(pieces).await {
            Err(Interrupted::Cancelled) => Ok(job.finish(BatchStage::Cancelled, None).await?),
            Err(Interrupted::Forbidden) => Ok(job.finish(BatchStage::Failed, Some(Invalid::NoLongerAllowed)).await?),
            worked => worked,
        }
    }

    async fn work(&mut self, pieces: usize) -> Result<(), Interrupted> {
        let mut left = pieces;
        match self.row.stage.parse().map_err(|_| unreadable("stage"))? {
            BatchStage::Choosing => {
                while left > 0 {
                    if !Box::pin(self.choose_some()).await? {
                        return Ok(());
                    }
                    left -= 1;
                }
            }
            BatchStage::Running => {
                let text = self.row.ordered.as_deref();
                let change = ordered::read(text.ok_or_else(|| unreadable("bulk action"))?)?;
                while self.row.place < self.row.chosen {
                    if left == 0 {
                        return self.leave().await;
                    }
                    Box::pin(self.change_some(&change)).await?;
                    left -= 1;
                }
                return Ok(self.finish(BatchStage::Done, None).await?);
            }
            _ => return Ok(()),
        }
        self.leave().await
    }

    /// Leaves the rest to whoever has the time.
    async fn leave(&self) -> Result<(), Interrupted> {
        self.lease.give_back(self.service.database.writer()).await?;
        self.service.desk.notify();
        Ok(())
    }

    /// Chooses a piece of the list; `false` when that was the last.
    async fn choose_some(&mut self) -> Result<bool, Interrupted> {
        let listed = self.row.listed.as_deref().unwrap_or_default();
        let query = TerminalQuery {
            cursor: Cursor::from_query(self.row.list_place.as_deref(), None),
            // The one order in which no terminal changes its place meanwhile.
            sort: Some(TerminalSort {
                by: SortKey::Sn,
                descending: false,
            }),
            ..terminals_asked(&Query::parse(listed), self.caller.zone())
        };
        let page = Box::pin(self.service.verdicts.judge_page(&self.caller, &query, MAX_ITEMS)).await?;
        let before = self.row.chosen;
        let chosen = before.saturating_add(i64::try_from(page.rows.len()).unwrap_or(i64::MAX));
        let problem = match (u64::try_from(chosen).unwrap_or_default(), &page.next) {
            (0, None) => Some(Invalid::NothingChosen),
            (many, _) if many > MAX_CHOSEN => Some(Invalid::TooManyMatch),
            _ => None,
        };
        if problem.is_some() {
            self.finish(BatchStage::Failed, problem).await?;
            return Ok(false);
        }
        let stage = match page.next {
            Some(_) => BatchStage::Choosing,
            None => BatchStage::Chosen,
        };
        let place = page.next.map(|cursor| cursor.to_string());
        let items = page.rows.into_iter();
        let items = items.map(|judged| (judged.row.sn_printed, Some(judged.row.id.0), None));
        let txn = self.service.database.begin().await?;
        self.lease
            .keep_for(&txn, &self.service.surroundings, &self.caller)
            .await?;
        add(&txn, self.batch.id, before, items.collect()).await?;
        self.came_further(
            &txn,
            [
                (Column::Chosen, chosen.into()),
                (Column::ListPlace, Expr::value(place.clone())),
                (Column::Stage, stage.code().into()),
            ],
        )
        .await?;
        if stage == BatchStage::Chosen {
            self.lease.give_back(&txn).await?;
        }
        txn.commit().await?;
        (self.row.chosen, self.row.list_place) = (chosen, place);
        Ok(stage == BatchStage::Choosing)
    }

    /// Changes the terminals whose turn it is.
    async fn change_some(&mut self, change: &BatchChange) -> Result<(), Interrupted> {
        let by = self.caller.manager()?;
        let next = self.row.place.saturating_add(AT_ONCE);
        let items = batch_items::Entity::find()
            .filter(batch_items::Column::BatchId.eq(self.batch.id))
            .filter(batch_items::Column::Place.gte(self.row.place))
            .filter(batch_items::Column::Place.lt(next))
            .order_by_asc(batch_items::Column::Place)
            .all(self.service.database.writer())
            .await?;
        let txn = self.service.database.begin().await?;
        self.lease
            .keep_for(&txn, &self.service.surroundings, &self.caller)
            .await?;
        let mut entries = Vec::new();
        let mut outcomes = Vec::new();
        let rows = locked(&txn, by.scope(), items).await?;
        if matches!(change, BatchChange::Move(Change::Resume)) {
            // Before each terminal's own is looked at, in the order in which the terminals were chosen.
            let owners = rows.iter().filter_map(|(_, row)| row.as_ref().ok()?.merchant_id);
            merchants::hold(&txn, owners.collect::<BTreeSet<_>>()).await?;
        }
        for (place, row) in rows {
            let came = match row {
                Err(failure) => Err(failure),
                Ok(row) => self.change_one(&txn, by, row, change).await,
            };
            outcomes.push((place, came.map(|said| entries.extend(said))));
        }
        settle(&txn, self.batch.id, outcomes).await?;
        chain::append(&txn, &self.service.surroundings, entries).await?;
        self.came_further(&txn, [(Column::Place, next.into())]).await?;
        txn.commit().await?;
        self.row.place = next;
        Ok(())
    }

    async fn change_one(
        &self,
        txn: &DatabaseTransaction,
        by: Manager<'_>,
        row: terminals::Model,
        change: &BatchChange,
    ) -> Result<Vec<NewEntry>, Failure> {
        let surroundings = &self.service.surroundings;
        let (tag, on) = match change {
            BatchChange::Move(change) => {
                let mover = Mover { txn, surroundings, by };
                let seen = lifecycle(&row)?;
                return mover.apply(row, seen, change, None).await;
            }
            BatchChange::Tag(tag) => (tag, true),
            BatchChange::Untag(tag) => (tag, false),
        };
        tags::tag(txn, surroundings, by, &row, tag, on).await?;
        Ok(Vec::new())
    }

    /// Says how far the job has come, as part of the transaction that brought it there.
    async fn came_further(
        &self,
        txn: &DatabaseTransaction,
        now: impl IntoIterator<Item = (Column, Expr)>,
    ) -> Result<(), Failure> {
        let mut further = self.lease.further(&self.service.surroundings);
        for (column, value) in now {
            further = further.col_expr(column, value);
        }
        further.exec(txn).await?;
        Ok(())
    }

    async fn finish(&self, stage: BatchStage, problem: Option<Invalid>) -> Result<(), Failure> {
        let surroundings = &self.service.surroundings;
        let txn = self.service.database.begin().await?;
        let held = self.lease.held();
        end(&txn, surroundings, &self.batch, &self.caller, held, stage, problem).await?;
        txn.commit().await?;
        Ok(())
    }
}

/// Ends the job that `held` finds, with its entry in the audit log where something was being done.
pub(super) async fn end(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    batch: &batches::Model,
    caller: &Caller,
    held: Condition,
    stage: BatchStage,
    problem: Option<Invalid>,
) -> Result<(), Failure> {
    let ended = batch_jobs::Entity::update_many()
        .col_expr(Column::Stage, stage.code().into())
        .col_expr(Column::Problem, Expr::value(problem.map(Invalid::code)))
        .col_expr(Column::CancelRequested, false.into())
        .col_expr(Column::LeaseOwner, Expr::value(None::<Uuid>))
        .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
        .col_expr(Column::UpdatedAt, surroundings.now().0.into())
        .filter(held)
        .exec(txn)
        .await?;
    if ended.rows_affected == 1 && batch.work.is_some() {
        let action = match stage {
            BatchStage::Cancelled => AuditAction::BatchCancelled,
            _ => AuditAction::BatchDone,
        };
        ended_entry(txn, surroundings, batch.id, caller, action, problem).await?;
    }
    Ok(())
}

/// The audit log's last entry of a batch, with what came of it.
pub(super) async fn ended_entry(
    connection: &impl ConnectionTrait,
    surroundings: &Surroundings,
    batch: Uuid,
    caller: &Caller,
    action: AuditAction,
    problem: Option<Invalid>,
) -> Result<(), Failure> {
    let counts = counts_of(connection, batch).await?;
    let told = json!({ "done": counts.done, "refused": counts.refused, "not_reached": counts.waiting });
    let entry = AuditEntry::of(caller, action)
        .on(TargetKind::Batch, batch)
        .changed(None, Some(told));
    let entry = match problem {
        None => entry,
        Some(problem) => entry.refused(problem.code()),
    };
    audit::record(connection, surroundings, entry).await?;
    Ok(())
}
