//! How the work on an import ends: well, for a person to go on with, or for good.

use super::job::Job;
use super::preview;
use super::stored::{self, Of};
use crate::entities::{import_batches, import_errors, import_jobs};
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::Failure;
use crate::services::jobs::Interrupted;
use app::backend::imports::{Problem, Stage};
use app::domain::{AuditAction, TargetKind};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde_json::json;
use uuid::Uuid;

impl Job<'_> {
    /// Enters a stage in which nobody works: the lease ends. Whoever has lost it changes nothing: the transaction is not
    /// gone on with.
    pub(super) async fn enter(&self, txn: &DatabaseTransaction, stage: Stage) -> Result<(), Interrupted> {
        let entered = self
            .lease
            .further(&self.service.surroundings)
            .col_expr(import_jobs::Column::Stage, stage.code().into())
            .col_expr(import_jobs::Column::CancelRequested, false.into())
            .col_expr(import_jobs::Column::RowsTouched, self.job.rows_touched.into())
            .exec(txn)
            .await?;
        if entered.rows_affected == 0 {
            return Err(Interrupted::Lost);
        }
        self.lease.give_back(txn).await?;
        Ok(())
    }

    /// Ends for good: the file is no longer needed.
    pub(super) async fn finish(
        &self,
        txn: &DatabaseTransaction,
        stage: Stage,
        state: &'static str,
    ) -> Result<(), Interrupted> {
        self.enter(txn, stage).await?;
        let now = self.service.surroundings.now().0;
        let went_in = self.stage()? == Stage::Running;
        Ok(finished(txn, self.batch.id, state, now, went_in).await?)
    }

    /// Ends because of something that no second try mends.
    pub(super) async fn give_up(&self, problem: Problem) -> Result<(), Interrupted> {
        let txn = self.service.database.begin().await?;
        self.tell(&txn, problem).await?;
        self.finish(&txn, Stage::Failed, "failed").await?;
        let entry = self.entry()?.refused(problem.what.code());
        audit::record(&txn, &self.service.surroundings, entry).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Writes down why it ends.
    pub(super) async fn tell(&self, txn: &DatabaseTransaction, problem: Problem) -> Result<(), Failure> {
        let line = problem.line.map(|line| i64::try_from(line).unwrap_or(i64::MAX));
        import_jobs::Entity::update_many()
            .col_expr(import_jobs::Column::Problem, problem.what.code().into())
            .col_expr(import_jobs::Column::ProblemLine, Expr::value(line))
            .filter(self.lease.held())
            .exec(txn)
            .await?;
        Ok(())
    }

    /// Ends because somebody asked for it; who that was has been written down then.
    pub(super) async fn cancelled(&self) -> Result<(), Interrupted> {
        let txn = self.service.database.begin().await?;
        self.finish(&txn, Stage::Cancelled, "cancelled").await?;
        txn.commit().await?;
        Ok(())
    }

    /// What the audit log keeps of it.
    pub(super) fn entry(&self) -> Result<AuditEntry, Failure> {
        // What a look at the rows foretold did not come to pass.
        let went_in = self.stage()? == Stage::Running;
        let rows = |foretold| if went_in { foretold } else { 0 };
        let told = json!({
            "file_name": self.batch.file_name,
            "rows_created": rows(self.batch.rows_created),
            "rows_updated": rows(self.batch.rows_updated),
            "rows_failed": self.batch.rows_failed,
        });
        Ok(AuditEntry::of(&self.who.caller()?, AuditAction::ImportDone)
            .on(TargetKind::Import, self.batch.id)
            .changed(None, Some(told)))
    }
}

/// Forgets what a look at the rows came to.
pub(super) async fn forget_results(txn: &DatabaseTransaction, batch: Uuid) -> Result<(), Failure> {
    use import_batches::Column;
    stored::forget(txn, batch, Of::Rejects).await?;
    preview::forget(txn, batch).await?;
    import_errors::Entity::delete_many()
        .filter(import_errors::Column::BatchId.eq(batch))
        .exec(txn)
        .await?;
    let counts = [
        Column::RowsCreated,
        Column::RowsUpdated,
        Column::RowsSkipped,
        Column::RowsFailed,
    ];
    let mut nothing = import_batches::Entity::update_many().filter(Column::Id.eq(batch));
    for column in counts {
        nothing = nothing.col_expr(column, 0_i64.into());
    }
    nothing.exec(txn).await?;
    import_jobs::Entity::update_many()
        .col_expr(import_jobs::Column::RowsRead, 0_i64.into())
        .filter(import_jobs::Column::BatchId.eq(batch))
        .exec(txn)
        .await?;
    Ok(())
}

/// Says that an import has ended, and forgets its file. What a look at the rows foretold is forgotten when none went in.
pub(super) async fn finished(
    txn: &DatabaseTransaction,
    batch: Uuid,
    state: &'static str,
    now: i64,
    went_in: bool,
) -> Result<(), Failure> {
    use import_batches::Column;
    let mut ended = import_batches::Entity::update_many()
        .col_expr(Column::State, state.into())
        .col_expr(Column::FinishedAt, now.into())
        .filter(Column::Id.eq(batch));
    if !went_in {
        for column in [Column::RowsCreated, Column::RowsUpdated, Column::RowsSkipped] {
            ended = ended.col_expr(column, 0_i64.into());
        }
    }
    ended.exec(txn).await?;
    preview::forget(txn, batch).await?;
    stored::forget(txn, batch, Of::File).await?;
    Ok(())
}
