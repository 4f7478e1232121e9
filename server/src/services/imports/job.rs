//! The work on one import: claimed, done in transactions of a chunk each, and gone on with wherever it was left.

use super::apply::Work;
use super::known::Known;
use super::layout::Layout;
use super::plan::{Counts, Rejected, plan};
use super::source::Trouble;
use super::stored::StoredFile;
use super::{ImportService, reader, rejects};
use crate::entities::{import_batches, import_errors, import_jobs};
use crate::services::audit;
use crate::services::failure::{Failure, unreadable};
use crate::services::jobs::{Interrupted, Lease, Who};
use app::backend::imports::{MAX_ERRORS, Problem, Stage};
use app::caller::Caller;
use app::error::Invalid;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// How often a chunk begins anew when somebody else brings in or changes the same terminals at the same time.
const ATTEMPTS: u32 = 5;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub stage: Stage,
    /// Rows worked through.
    pub read: u64,
    /// Rows in all; 0 while nobody knows.
    pub total: u64,
}

/// Told how far a job has come.
pub type Watcher<'a> = &'a mut (dyn FnMut(Progress) + Send + Sync);

/// A job that this server does.
pub(super) struct Job<'a> {
    pub(super) service: &'a ImportService,
    pub(super) lease: Lease<import_jobs::Entity>,
    pub(super) batch: import_batches::Model,
    pub(super) job: import_jobs::Model,
    pub(super) who: Who,
    /// Rows worked through, as the database has it.
    pub(super) read: i64,
    /// Whether it was taken on too often without coming any further.
    worn_out: bool,
    /// Errors listed so far.
    listed: usize,
    watcher: Watcher<'a>,
}

impl<'a> Job<'a> {
    /// Takes on a job whose lease this server has.
    pub(super) async fn begin(
        service: &'a ImportService,
        lease: Lease<import_jobs::Entity>,
        watcher: Watcher<'a>,
    ) -> Result<Self, Interrupted> {
        // The writing connection: it has surely seen the lease.
        let writer = service.database.writer();
        let (job, worn_out) = lease.begin(writer).await?;
        let batch = import_batches::Entity::find_by_id(lease.key).one(writer).await?;
        let batch = batch.ok_or(Interrupted::Lost)?;
        let who = Who::read(&job.actor).and_then(|who| who.caller().map(|_| who));
        let who = match who {
            // What cannot be read ends as well.
            Err(_) if worn_out => Who::of(&Caller::system("import")),
            who => who?,
        };
        let listed = import_errors::Entity::find()
            .filter(import_errors::Column::BatchId.eq(batch.id))
            .count(writer)
            .await?;
        let listed = usize::try_from(listed).unwrap_or(usize::MAX);
        Ok(Self {
            service,
            lease,
            read: job.rows_read,
            batch,
            job,
            who,
            worn_out,
            listed,
            watcher,
        })
    }

    /// Works until the end, or until a person has to decide.
    pub(super) async fn work(&mut self) -> Result<(), Interrupted> {
        let stage = self.stage()?;
        if self.worn_out {
            return self.break_off(stage, Invalid::NoMoreTries).await;
        }
        let worked = match stage {
            Stage::Checking => self.check().await,
            Stage::Running => self.run().await,
            Stage::Undoing => self.take_back().await,
            _ => Ok(()),
        };
        match worked {
            Err(Interrupted::Cancelled) => self.cancelled().await,
            Err(Interrupted::Forbidden) => self.break_off(stage, Invalid::NoLongerAllowed).await,
            worked => worked,
        }
    }

    /// Leaves the rest as it is, and says why.
    async fn break_off(&self, stage: Stage, what: Invalid) -> Result<(), Interrupted> {
        match stage {
            Stage::Undoing => self.leave(Some(what)).await,
            _ => self.give_up(Problem { what, line: None }).await,
        }
    }

    /// Holds on to the work, as part of a transaction that does a piece of it.
    pub(super) async fn keep(&self, txn: &DatabaseTransaction) -> Result<(), Interrupted> {
        let caller = self.who.caller()?;
        self.lease.keep_for(txn, &self.service.surroundings, &caller).await
    }

    pub(super) fn stage(&self) -> Result<Stage, Failure> {
        self.job.stage.parse().map_err(|_| unreadable("stage"))
    }

    pub(super) fn layout(&self) -> Result<Option<Layout>, Failure> {
        let stored = self.job.layout.as_deref();
        stored
            .map(|text| serde_json::from_str(text).map_err(|_| unreadable("layout")))
            .transpose()
    }

    pub(super) fn file(&self) -> StoredFile {
        let length = u64::try_from(self.job.file_bytes).unwrap_or_default();
        let reader = self.service.database.reader().clone();
        StoredFile::new(reader, Handle::current(), self.batch.id, length)
    }

    /// What a thread that read the file came to. A file that is not right ends the job; it is not tried again.
    pub(super) async fn ended<T>(&mut self, reading: JoinHandle<Result<T, Trouble>>) -> Result<T, Interrupted> {
        match reading.await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(Trouble::File(problem))) => {
                self.give_up(problem).await?;
                // The job has ended, and with it the lease.
                Err(Interrupted::Lost)
            }
            Ok(Err(Trouble::Io(error))) => Err(Failure::Broken(format!("the file of an import: {error}")).into()),
            Err(error) => {
                tracing::error!(%error, "reading a file broke off");
                let what = Invalid::FileBroken;
                self.give_up(Problem { what, line: None }).await?;
                Err(Interrupted::Lost)
            }
        }
    }

    /// Brings the rows in.
    async fn run(&mut self) -> Result<(), Interrupted> {
        let layout = self.layout()?.ok_or_else(|| unreadable("layout"))?;
        let passed = u64::try_from(self.read).unwrap_or_default();
        let (mut chunks, reading) = reader::chunks(self.file(), layout.clone(), passed);
        let mut known = Known::default();
        while let Some(chunk) = chunks.recv().await {
            let mut attempt = 1;
            loop {
                match self.bring_in(&layout, &mut known, &chunk).await {
                    Err(Interrupted::Failed(Failure::Raced(_))) if attempt < ATTEMPTS => {
                        attempt += 1;
                        // What was rolled back is not there.
                        known = Known::default();
                    }
                    outcome => break outcome?,
                }
            }
            if self.batch.rows_failed > 0 && !self.job.skip_bad_rows {
                // Nothing was wrong when the person looked.
                let what = Invalid::BadRows;
                return self.give_up(Problem { what, line: None }).await;
            }
            self.told();
        }
        self.ended(reading).await?;
        let txn = self.service.database.begin().await?;
        self.lease.keep(&txn, &self.service.surroundings).await?;
        self.finish(&txn, Stage::Done, "done").await?;
        audit::record(&txn, &self.service.surroundings, self.entry()?).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn bring_in(
        &mut self,
        layout: &Layout,
        known: &mut Known,
        chunk: &[super::plan::Parsed],
    ) -> Result<(), Interrupted> {
        let rows = i64::try_from(chunk.len()).unwrap_or(i64::MAX);
        let txn = self.service.database.begin().await?;
        self.keep(&txn).await?;
        let (planned, rejected) = plan(&txn, true, layout, known, chunk.to_vec()).await?;
        let (actor, request) = (self.who.actor(), self.who.request());
        let work = Work {
            txn: &txn,
            surroundings: &self.service.surroundings,
            batch: self.batch.id,
            actor: &actor,
            request: &request,
        };
        let applied = work.apply(known, planned).await?;
        let before = (self.batch.clone(), self.job.clone(), self.read, self.listed);
        if let Some((first, last)) = applied.keys {
            self.job.first_terminal = Some(self.job.first_terminal.map_or(first, |known| known.min(first)));
            self.job.last_terminal = Some(self.job.last_terminal.map_or(last, |known| known.max(last)));
        }
        let written = async {
            rejects::keep(&txn, self.batch.id, self.read, &rejected).await?;
            self.count(&txn, rows, applied.counts, &rejected).await?;
            txn.commit().await?;
            Ok::<_, Interrupted>(())
        };
        let written = written.await;
        if written.is_err() {
            (self.batch, self.job, self.read, self.listed) = before;
        }
        written
    }

    /// Counts the rows of a chunk, as part of its transaction.
    pub(super) async fn count(
        &mut self,
        txn: &DatabaseTransaction,
        rows: i64,
        counts: Counts,
        rejected: &[Rejected],
    ) -> Result<(), Failure> {
        self.list_errors(txn, rejected).await?;
        self.read += rows;
        let batch = &mut self.batch;
        batch.rows_created += counts.created;
        batch.rows_updated += counts.updated;
        batch.rows_skipped += counts.skipped;
        batch.rows_failed += i64::try_from(rejected.len()).unwrap_or(i64::MAX);
        import_batches::Entity::update_many()
            .col_expr(import_batches::Column::RowsCreated, batch.rows_created.into())
            .col_expr(import_batches::Column::RowsUpdated, batch.rows_updated.into())
            .col_expr(import_batches::Column::RowsSkipped, batch.rows_skipped.into())
            .col_expr(import_batches::Column::RowsFailed, batch.rows_failed.into())
            .filter(import_batches::Column::Id.eq(batch.id))
            .exec(txn)
            .await?;
        self.lease
            .further(&self.service.surroundings)
            .col_expr(import_jobs::Column::RowsRead, self.read.into())
            .col_expr(import_jobs::Column::FirstTerminal, Expr::value(self.job.first_terminal))
            .col_expr(import_jobs::Column::LastTerminal, Expr::value(self.job.last_terminal))
            .exec(txn)
            .await?;
        Ok(())
    }

    async fn list_errors(&mut self, txn: &DatabaseTransaction, rejected: &[Rejected]) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for row in rejected {
            // A row is listed with all that is wrong with it, or not at all.
            if self.listed >= MAX_ERRORS {
                break;
            }
            for error in &row.errors {
                rows.push(import_errors::ActiveModel {
                    batch_id: Set(self.batch.id),
                    line: Set(i64::try_from(error.line).unwrap_or(i64::MAX)),
                    ordinal: Set(i64::try_from(self.listed).unwrap_or(i64::MAX)),
                    column_name: Set(error.column.clone()),
                    code: Set(error.fault.code().to_owned()),
                    found: Set(error.found.clone()),
                    sn: Set(None),
                });
                self.listed += 1;
            }
        }
        if !rows.is_empty() {
            import_errors::Entity::insert_many(rows)
                .exec_without_returning(txn)
                .await?;
        }
        Ok(())
    }

    /// Tells whoever watches how far it is.
    pub(super) fn told(&mut self) {
        let Ok(stage) = self.stage() else { return };
        let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
        (self.watcher)(Progress {
            stage,
            read: count(self.read),
            total: count(self.batch.rows_total),
        });
    }
}
