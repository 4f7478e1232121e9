//! Imports as pages see them.

use super::ImportService;
use super::layout::Layout;
use super::preview;
use super::rejects::RejectsFile;
use super::steps::can_undo;
use super::stored::{self, Of};
use crate::entities::{import_batches, import_errors, import_jobs, users};
use crate::services::failure::{Failure, unreadable};
use app::backend::imports::{ImportReport, ImportRow, Problem, RowError, Stage};
use app::backend::page::{Cursor, Direction, PAGE_ROWS, Page};
use app::caller::PlatformViewer;
use app::domain::{ImportBatchId, Timestamp};
use app::error::AppError;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

fn count(rows: i64) -> u64 {
    u64::try_from(rows).unwrap_or_default()
}

/// The stage of an import; one without a job is of before there were any, or of the demo.
fn stage_of(batch: &import_batches::Model, job: Option<&import_jobs::Model>) -> Result<Stage, Failure> {
    let stage = job.map_or(batch.state.as_str(), |job| job.stage.as_str());
    stage.parse().map_err(|_| unreadable("stage"))
}

impl ImportService {
    pub(super) async fn report(&self, id: ImportBatchId) -> Result<Option<ImportReport>, Failure> {
        let reader = self.database.reader();
        let Some(batch) = import_batches::Entity::find_by_id(id.0).one(reader).await? else {
            return Ok(None);
        };
        let job = import_jobs::Entity::find_by_id(id.0).one(reader).await?;
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
                    line: count(error.line),
                    column: error.column_name,
                    fault: error.code.parse().map_err(|_| unreadable("import error"))?,
                    found: error.found,
                })
            })
            .collect::<Result<_, Failure>>()?;
        let stage = stage_of(&batch, job.as_ref())?;
        let layout = job.as_ref().and_then(|job| job.layout.as_deref());
        let layout: Option<Layout> = layout
            .map(|text| serde_json::from_str(text).map_err(|_| unreadable("layout")))
            .transpose()?;
        let (columns, mapping) = layout.as_ref().map(Layout::shown).unwrap_or_default();
        let problem = job.as_ref().and_then(|job| {
            let what = job.problem.as_deref()?.parse().ok()?;
            let line = job.problem_line.map(count);
            Some(Problem { what, line })
        });
        let undo_problem = job.as_ref().and_then(|job| job.undo_problem.as_deref()?.parse().ok());
        let preview = match stage {
            Stage::Checked => preview::read(reader, id.0).await?,
            _ => Vec::new(),
        };
        let rows_read = job.as_ref().map_or(0, |job| count(job.rows_read));
        Ok(Some(ImportReport {
            id,
            can_undo: job.is_some() && can_undo(stage, &batch),
            has_rejects: layout.is_some() && stored::piece(reader, id.0, Of::Rejects, 0).await?.is_some(),
            file_name: batch.file_name,
            created: Timestamp(batch.created_at),
            stage,
            problem,
            undo_problem,
            rows_read,
            rows_total: count(batch.rows_total).max(if stage == Stage::Checking { rows_read } else { 0 }),
            rows_created: count(batch.rows_created),
            rows_updated: count(batch.rows_updated),
            rows_skipped: count(batch.rows_skipped),
            rows_failed: count(batch.rows_failed),
            rows_touched: job.as_ref().map_or(0, |job| count(job.rows_touched)),
            columns,
            mapping,
            preview,
            errors,
        }))
    }

    /// The rows of an import that were refused, as a file; `None` when there are none.
    ///
    /// **Permissions:** [`PlatformViewer`].
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn rejects(&self, _by: PlatformViewer<'_>, id: ImportBatchId) -> Result<Option<RejectsFile>, AppError> {
        Ok(self.rejects_file(id).await?)
    }

    async fn rejects_file(&self, id: ImportBatchId) -> Result<Option<RejectsFile>, Failure> {
        let reader = self.database.reader();
        let batch = import_batches::Entity::find_by_id(id.0).one(reader).await?;
        let job = import_jobs::Entity::find_by_id(id.0).one(reader).await?;
        let Some((batch, job)) = batch.zip(job) else {
            return Ok(None);
        };
        if stored::piece(reader, id.0, Of::Rejects, 0).await?.is_none() {
            return Ok(None);
        }
        let layout = job.layout.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let layout: Layout = layout.ok_or_else(|| unreadable("layout"))?;
        Ok(Some(RejectsFile::new(id.0, layout, &batch.file_name)))
    }

    pub(super) async fn listed(&self, cursor: Option<&Cursor>) -> Result<Page<ImportRow>, Failure> {
        use import_batches::Column;
        let reader = self.database.reader();
        let mut query = import_batches::Entity::find();
        query = match cursor {
            Some(Cursor {
                direction: Direction::Before,
                id,
                ..
            }) => query.filter(Column::Id.gt(*id)).order_by_asc(Column::Id),
            Some(Cursor { id, .. }) => query.filter(Column::Id.lt(*id)).order_by_desc(Column::Id),
            None => query.order_by_desc(Column::Id),
        };
        let found = query.limit(PAGE_ROWS as u64 + 1).all(reader).await?;
        let jobs = import_jobs::Entity::find()
            .filter(import_jobs::Column::BatchId.is_in(found.iter().map(|batch| batch.id)))
            .all(reader)
            .await?;
        let jobs: HashMap<_, _> = jobs.into_iter().map(|job| (job.batch_id, job)).collect();
        let people = found.iter().filter_map(|batch| batch.created_by);
        let people = users::Entity::find()
            .filter(users::Column::Id.is_in(people))
            .all(reader)
            .await?;
        let logins: HashMap<_, _> = people.into_iter().map(|user| (user.id, user.login)).collect();
        let rows = found
            .into_iter()
            .map(|batch| {
                let job = jobs.get(&batch.id);
                let stage = stage_of(&batch, job)?;
                // Before the rows go in, the counts say what would be done.
                let done = |rows| match stage {
                    Stage::Checking | Stage::Checked => 0,
                    _ => count(rows),
                };
                Ok(ImportRow {
                    id: ImportBatchId(batch.id),
                    stage,
                    created: Timestamp(batch.created_at),
                    by: batch.created_by.and_then(|user| logins.get(&user).cloned()),
                    file_name: batch.file_name,
                    rows_read: job.map_or(0, |job| count(job.rows_read)),
                    rows_total: count(batch.rows_total),
                    rows_created: done(batch.rows_created),
                    rows_updated: done(batch.rows_updated),
                    rows_failed: count(batch.rows_failed),
                })
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        Ok(Page::of(rows, cursor, |row| (String::new(), row.id.0)))
    }
}
