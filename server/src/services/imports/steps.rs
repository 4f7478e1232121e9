//! What people do with an import: each is one transaction on its row, with its entry in the audit log.

use super::ImportService;
use super::ending::{finished, forget_results};
use super::layout::Layout;
use super::stored::{self, Of};
use crate::entities::{import_batches, import_jobs, import_parts};
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::{Failure, unreadable};
use crate::services::jobs::Who;
use app::backend::imports::{MAX_FILE_BYTES, Mapping, PART_BYTES, Stage};
use app::caller::PlatformAdmin;
use app::domain::{AuditAction, ImportBatchId, TargetKind, Timestamp};
use app::error::{AppError, Invalid};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, QueryTrait,
};
use serde_json::json;

/// Characters of a file's name that are kept.
const FILE_NAME_CHARS: usize = 200;

/// How long a file waits for its next piece, which does not come when sending it was broken off.
const SENT_WITHIN_MS: i64 = Timestamp::DAY_MS;

/// How long a file waits for somebody to decide.
const FILE_KEPT_MS: i64 = 7 * Timestamp::DAY_MS;

/// How long what was refused of it is kept.
const REJECTS_KEPT_MS: i64 = 30 * Timestamp::DAY_MS;

/// The last part of a path, without control characters: browsers send a name, command lines may give a path.
fn file_name(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    name.chars().filter(|c| !c.is_control()).take(FILE_NAME_CHARS).collect()
}

/// A row of an import that is locked, with its stage.
struct Locked {
    job: import_jobs::Model,
    stage: Stage,
}

impl ImportService {
    pub(super) async fn begin(&self, by: PlatformAdmin<'_>, name: &str) -> Result<ImportBatchId, Failure> {
        let id = self.surroundings.new_id();
        let now = self.surroundings.now().0;
        let batch = import_batches::Model {
            id,
            created_by: by.user_id().map(|user| user.0),
            source: if by.user_id().is_some() { "portal" } else { "cli" }.to_owned(),
            file_name: file_name(name),
            state: "running".to_owned(),
            rows_total: 0,
            rows_created: 0,
            rows_updated: 0,
            rows_skipped: 0,
            rows_failed: 0,
            created_at: now,
            finished_at: None,
        };
        let job = import_jobs::Model {
            batch_id: id,
            stage: Stage::Uploading.code().to_owned(),
            actor: Who::of(&by).stored()?,
            problem: None,
            problem_line: None,
            undo_problem: None,
            layout: None,
            skip_bad_rows: false,
            cancel_requested: false,
            file_bytes: 0,
            rows_read: 0,
            rows_touched: 0,
            attempts: 0,
            first_terminal: None,
            last_terminal: None,
            lease_owner: None,
            lease_until: None,
            updated_at: now,
        };
        let txn = self.database.begin().await?;
        import_batches::Entity::insert(batch.into_active_model().reset_all())
            .exec_without_returning(&txn)
            .await?;
        import_jobs::Entity::insert(job.into_active_model().reset_all())
            .exec_without_returning(&txn)
            .await?;
        txn.commit().await?;
        Ok(ImportBatchId(id))
    }

    async fn lock(&self, txn: &DatabaseTransaction, id: ImportBatchId) -> Result<Locked, Failure> {
        let job = import_jobs::Entity::find_by_id(id.0)
            .lock(LockType::NoKeyUpdate)
            .one(txn)
            .await?
            .ok_or(AppError::NotFound)?;
        let stage = job.stage.parse().map_err(|_| unreadable("stage"))?;
        Ok(Locked { job, stage })
    }

    /// The import that the caller is sending just now; anybody else's is not there.
    async fn lock_own(
        &self,
        txn: &DatabaseTransaction,
        by: PlatformAdmin<'_>,
        id: ImportBatchId,
    ) -> Result<Locked, Failure> {
        let locked = self.lock(txn, id).await?;
        if locked.stage != Stage::Uploading || Who::read(&locked.job.actor)? != Who::of(&by) {
            return Err(AppError::NotFound.into());
        }
        Ok(locked)
    }

    pub(super) async fn take_piece(
        &self,
        by: PlatformAdmin<'_>,
        id: ImportBatchId,
        place: u32,
        bytes: Vec<u8>,
    ) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let Locked { job, .. } = self.lock_own(&txn, by, id).await?;
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let before = i64::from(place) * PART_BYTES as i64;
        let whole = job.file_bytes == before && !bytes.is_empty() && bytes.len() <= PART_BYTES;
        if !whole {
            return Err(Invalid::Form.into());
        }
        if before + length > MAX_FILE_BYTES as i64 {
            return Err(Invalid::FileTooLarge.into());
        }
        stored::put(&txn, id.0, Of::File, i64::from(place), bytes).await?;
        import_jobs::Entity::update_many()
            .col_expr(import_jobs::Column::FileBytes, (before + length).into())
            .col_expr(import_jobs::Column::UpdatedAt, self.surroundings.now().0.into())
            .filter(import_jobs::Column::BatchId.eq(id.0))
            .exec(&txn)
            .await?;
        txn.commit().await?;
        Ok(())
    }

    pub(super) async fn take_file(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let Locked { job, .. } = self.lock_own(&txn, by, id).await?;
        if job.file_bytes == 0 {
            // Nothing of it is worth keeping.
            import_batches::Entity::delete_by_id(id.0).exec(&txn).await?;
            txn.commit().await?;
            return Err(Invalid::FileMissing.into());
        }
        self.enter(&txn, id, Stage::Checking, None).await?;
        txn.commit().await?;
        self.desk.notify();
        Ok(())
    }

    pub(super) async fn match_columns(
        &self,
        by: PlatformAdmin<'_>,
        id: ImportBatchId,
        mapping: &Mapping,
    ) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let Locked { job, stage } = self.lock(&txn, id).await?;
        if !matches!(stage, Stage::Mapping | Stage::Checked) {
            return Err(Invalid::AlreadyDone.into());
        }
        let layout: Layout = job
            .layout
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .ok_or_else(|| unreadable("layout"))?;
        let layout = layout.mapped(mapping);
        if !layout.is_whole() {
            return Err(Invalid::FileHeadings.into());
        }
        let stored = serde_json::to_string(&layout).map_err(|error| Failure::Broken(error.to_string()))?;
        forget_results(&txn, id.0).await?;
        import_jobs::Entity::update_many()
            .col_expr(import_jobs::Column::Layout, stored.into())
            .filter(import_jobs::Column::BatchId.eq(id.0))
            .exec(&txn)
            .await?;
        self.enter(&txn, id, Stage::Checking, Some(Who::of(&by))).await?;
        txn.commit().await?;
        self.desk.notify();
        Ok(())
    }

    pub(super) async fn let_in(
        &self,
        by: PlatformAdmin<'_>,
        id: ImportBatchId,
        skip_bad_rows: bool,
    ) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let Locked { stage, .. } = self.lock(&txn, id).await?;
        if stage != Stage::Checked {
            return Err(Invalid::AlreadyDone.into());
        }
        let batch = import_batches::Entity::find_by_id(id.0)
            .one(&txn)
            .await?
            .ok_or(AppError::NotFound)?;
        if batch.rows_failed > 0 && !skip_bad_rows {
            return Err(Invalid::BadRows.into());
        }
        forget_results(&txn, id.0).await?;
        import_jobs::Entity::update_many()
            .col_expr(import_jobs::Column::SkipBadRows, skip_bad_rows.into())
            .filter(import_jobs::Column::BatchId.eq(id.0))
            .exec(&txn)
            .await?;
        self.enter(&txn, id, Stage::Running, Some(Who::of(&by))).await?;
        if by.user_id().is_some() {
            let told = json!({ "file_name": batch.file_name, "rows": batch.rows_total });
            self.record(&txn, by, id, AuditAction::ImportStarted, told).await?;
        }
        txn.commit().await?;
        self.desk.notify();
        Ok(())
    }

    pub(super) async fn stop(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let Locked { job, stage } = self.lock(&txn, id).await?;
        if !stage.can_cancel() || job.cancel_requested {
            return Err(Invalid::AlreadyDone.into());
        }
        let batch = import_batches::Entity::find_by_id(id.0)
            .one(&txn)
            .await?
            .ok_or(AppError::NotFound)?;
        let now = self.surroundings.now().0;
        let worked_on = job.lease_until.is_some_and(|until| until > now);
        if worked_on {
            // Whoever works on it stops before the next chunk.
            import_jobs::Entity::update_many()
                .col_expr(import_jobs::Column::CancelRequested, true.into())
                .filter(import_jobs::Column::BatchId.eq(id.0))
                .exec(&txn)
                .await?;
        } else {
            self.enter(&txn, id, Stage::Cancelled, None).await?;
            finished(&txn, id.0, "cancelled", now, stage == Stage::Running).await?;
        }
        // What a look at the rows foretold did not come to pass.
        let created = if stage == Stage::Running { batch.rows_created } else { 0 };
        let told = json!({ "file_name": batch.file_name, "rows_created": created });
        self.record(&txn, by, id, AuditAction::ImportCancelled, told).await?;
        txn.commit().await?;
        Ok(())
    }

    pub(super) async fn ask_back(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let Locked { stage, .. } = self.lock(&txn, id).await?;
        let batch = import_batches::Entity::find_by_id(id.0)
            .one(&txn)
            .await?
            .ok_or(AppError::NotFound)?;
        if !can_undo(stage, &batch) {
            return Err(Invalid::AlreadyDone.into());
        }
        import_jobs::Entity::update_many()
            .col_expr(import_jobs::Column::RowsRead, 0_i64.into())
            .col_expr(import_jobs::Column::RowsTouched, 0_i64.into())
            .col_expr(import_jobs::Column::UndoProblem, Expr::value(None::<String>))
            .filter(import_jobs::Column::BatchId.eq(id.0))
            .exec(&txn)
            .await?;
        self.enter(&txn, id, Stage::Undoing, Some(Who::of(&by))).await?;
        txn.commit().await?;
        self.desk.notify();
        Ok(())
    }

    /// Enters a stage, free for whoever takes it on; it is then `who`'s work where that is said.
    async fn enter(
        &self,
        txn: &DatabaseTransaction,
        id: ImportBatchId,
        stage: Stage,
        who: Option<Who>,
    ) -> Result<(), Failure> {
        use import_jobs::Column;
        let mut entered = import_jobs::Entity::update_many()
            .col_expr(Column::Stage, stage.code().into())
            .col_expr(Column::CancelRequested, false.into())
            .col_expr(Column::Attempts, 0_i64.into())
            .col_expr(Column::LeaseOwner, Expr::value(None::<uuid::Uuid>))
            .col_expr(Column::LeaseUntil, Expr::value(None::<i64>))
            .col_expr(Column::UpdatedAt, self.surroundings.now().0.into())
            .filter(Column::BatchId.eq(id.0));
        if let Some(who) = who {
            entered = entered.col_expr(Column::Actor, who.stored()?.into());
        }
        entered.exec(txn).await?;
        Ok(())
    }

    async fn record(
        &self,
        txn: &DatabaseTransaction,
        by: PlatformAdmin<'_>,
        id: ImportBatchId,
        action: AuditAction,
        told: serde_json::Value,
    ) -> Result<(), Failure> {
        let entry = AuditEntry::of(&by, action)
            .on(TargetKind::Import, id)
            .changed(None, Some(told));
        audit::record(txn, &self.surroundings, entry).await?;
        Ok(())
    }

    /// Gives up on files for which nobody came back, and forgets refused rows that nobody will fetch any more.
    ///
    /// **Permissions:** none; it is the server's own.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn sweep(&self) -> Result<u64, AppError> {
        Ok(self.sweep_old().await?)
    }

    async fn sweep_old(&self) -> Result<u64, Failure> {
        use import_jobs::Column;
        let now = self.surroundings.now();
        let left_for = |kept_ms: i64, stages: &[Stage]| {
            Condition::all()
                .add(Column::Stage.is_in(stages.iter().map(|stage| stage.code())))
                .add(Column::UpdatedAt.lt(now.plus_ms(-kept_ms).0))
        };
        let left = Condition::any()
            .add(left_for(SENT_WITHIN_MS, &[Stage::Uploading]))
            .add(left_for(FILE_KEPT_MS, &[Stage::Mapping, Stage::Checked]));
        let txn = self.database.begin().await?;
        let left = import_jobs::Entity::find()
            .filter(left)
            .lock(LockType::NoKeyUpdate)
            .all(&txn)
            .await?;
        for job in &left {
            self.enter(&txn, ImportBatchId(job.batch_id), Stage::Cancelled, None)
                .await?;
            finished(&txn, job.batch_id, "cancelled", now.0, false).await?;
        }
        let ended = [Stage::Done, Stage::Failed, Stage::Cancelled, Stage::Undone].map(Stage::code);
        let old = import_jobs::Entity::find()
            .select_only()
            .column(Column::BatchId)
            .filter(Column::Stage.is_in(ended))
            .filter(Column::UpdatedAt.lt(now.plus_ms(-REJECTS_KEPT_MS).0))
            .into_query();
        import_parts::Entity::delete_many()
            .filter(import_parts::Column::BatchId.in_subquery(old))
            .exec(&txn)
            .await?;
        txn.commit().await?;
        Ok(left.len() as u64)
    }
}

/// Whether there is anything to undo.
pub(super) fn can_undo(stage: Stage, batch: &import_batches::Model) -> bool {
    let ended = matches!(stage, Stage::Done | Stage::Cancelled | Stage::Failed);
    ended && batch.rows_created + batch.rows_updated > 0
}
