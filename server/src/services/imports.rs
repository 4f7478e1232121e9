//! Inventory files: read, checked row by row, and brought in within one transaction.

mod apply;
mod parse;

use super::audit::{self, AuditEntry};
use super::failure::{Failure, unreadable};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{import_batches, import_errors};
use app::backend::imports::{ImportReport, Imports, MAX_ERRORS, MAX_FILE_BYTES, RowError, Upload};
use app::caller::{Caller, PlatformAdmin, PlatformViewer};
use app::domain::{AuditAction, ImportBatchId, TargetKind, Timestamp};
use app::error::{AppError, Invalid};
use apply::Applied;
use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
};
use serde_json::json;

const DONE: &str = "done";
const FAILED: &str = "failed";

/// Characters of a file's name that are kept.
const FILE_NAME_CHARS: usize = 200;

/// How often an import begins before it gives up.
const ATTEMPTS: u32 = 5;

/// Answers [`Imports`].
pub struct ImportService {
    database: Database,
    surroundings: Surroundings,
}

impl ImportService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    /// Begins again when somebody else brought in the same terminals in the meantime: they are then there already.
    async fn import(&self, by: PlatformAdmin<'_>, upload: Upload) -> Result<ImportReport, Failure> {
        if upload.bytes.len() > MAX_FILE_BYTES {
            return Err(Invalid::FileTooLarge.into());
        }
        let mut attempt = 1;
        loop {
            match self.import_once(by, &upload).await {
                Err(Failure::Raced(_)) if attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    }

    async fn import_once(&self, by: PlatformAdmin<'_>, upload: &Upload) -> Result<ImportReport, Failure> {
        let read = parse::read(&upload.bytes)?;
        let txn = self.database.begin().await?;
        let id = ImportBatchId(self.surroundings.new_id());
        let mut batch = import_batches::Model {
            id: id.0,
            created_by: by.user_id().map(|user| user.0),
            source: if by.user_id().is_some() { "portal" } else { "cli" }.to_owned(),
            file_name: file_name(&upload.file_name),
            state: "running".to_owned(),
            rows_total: read.rows_total,
            rows_created: 0,
            rows_updated: 0,
            rows_skipped: 0,
            rows_failed: 0,
            created_at: self.surroundings.now().0,
            finished_at: None,
        };
        import_batches::ActiveModel::from(batch.clone())
            .reset_all()
            .insert(&txn)
            .await?;
        let plan = apply::plan(&txn, read).await?;
        batch.rows_failed = plan.failed_rows();
        let errors: Vec<RowError> = plan.errors.iter().take(MAX_ERRORS).cloned().collect();
        if plan.errors.is_empty() || upload.skip_bad_rows {
            let Applied {
                created,
                updated,
                skipped,
            } = apply::apply(&txn, &self.surroundings, by, id, plan).await?;
            (batch.rows_created, batch.rows_updated, batch.rows_skipped) = (created, updated, skipped);
            batch.state = DONE.to_owned();
        } else {
            batch.state = FAILED.to_owned();
        }
        batch.finished_at = Some(self.surroundings.now().0);
        import_batches::ActiveModel::from(batch.clone())
            .reset_all()
            .update(&txn)
            .await?;
        keep_errors(&txn, id, &errors).await?;
        audit::record(&txn, &self.surroundings, entry(&by, &batch)).await?;
        txn.commit().await?;
        Ok(report(batch, errors))
    }

    async fn find(&self, id: ImportBatchId) -> Result<Option<ImportReport>, Failure> {
        let reader = self.database.reader();
        let Some(batch) = import_batches::Entity::find_by_id(id.0).one(reader).await? else {
            return Ok(None);
        };
        let errors = import_errors::Entity::find()
            .filter(import_errors::Column::BatchId.eq(id.0))
            .order_by_asc(import_errors::Column::Line)
            .order_by_asc(import_errors::Column::Ordinal)
            .all(reader)
            .await?;
        let errors = errors
            .into_iter()
            .map(|error| {
                Ok(RowError {
                    line: u64::try_from(error.line).unwrap_or_default(),
                    column: error.column_name,
                    fault: error.code.parse().map_err(|_| unreadable("import error"))?,
                    found: error.found,
                })
            })
            .collect::<Result<_, Failure>>()?;
        Ok(Some(report(batch, errors)))
    }
}

async fn keep_errors(txn: &DatabaseTransaction, batch: ImportBatchId, errors: &[RowError]) -> Result<(), Failure> {
    if errors.is_empty() {
        return Ok(());
    }
    let rows = errors
        .iter()
        .enumerate()
        .map(|(ordinal, error)| import_errors::ActiveModel {
            batch_id: Set(batch.0),
            line: Set(i64::try_from(error.line).unwrap_or(i64::MAX)),
            ordinal: Set(i64::try_from(ordinal).unwrap_or(i64::MAX)),
            column_name: Set(error.column.clone()),
            code: Set(error.fault.code().to_owned()),
            found: Set(error.found.clone()),
            sn: Set(None),
        });
    import_errors::Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// What the audit log keeps of a file.
fn entry(by: &Caller, batch: &import_batches::Model) -> AuditEntry {
    let told = json!({
        "file_name": batch.file_name,
        "rows_created": batch.rows_created,
        "rows_updated": batch.rows_updated,
        "rows_failed": batch.rows_failed,
    });
    let entry = AuditEntry::of(by, AuditAction::ImportDone)
        .on(TargetKind::Import, batch.id)
        .changed(None, Some(told));
    if batch.state == DONE {
        entry
    } else {
        entry.refused("bad_rows")
    }
}

/// The last part of a path, without control characters: browsers send a name, command lines may give a path.
fn file_name(text: &str) -> String {
    let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
    name.chars().filter(|c| !c.is_control()).take(FILE_NAME_CHARS).collect()
}

fn report(batch: import_batches::Model, errors: Vec<RowError>) -> ImportReport {
    let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
    ImportReport {
        id: ImportBatchId(batch.id),
        file_name: batch.file_name,
        created: Timestamp(batch.created_at),
        done: batch.state == DONE,
        rows_total: count(batch.rows_total),
        rows_created: count(batch.rows_created),
        rows_updated: count(batch.rows_updated),
        rows_skipped: count(batch.rows_skipped),
        rows_failed: count(batch.rows_failed),
        errors,
    }
}

#[async_trait]
impl Imports for ImportService {
    async fn create(&self, by: PlatformAdmin<'_>, upload: Upload) -> Result<ImportReport, AppError> {
        Ok(self.import(by, upload).await?)
    }

    async fn get(&self, _by: PlatformViewer<'_>, id: ImportBatchId) -> Result<Option<ImportReport>, AppError> {
        Ok(self.find(id).await?)
    }
}
