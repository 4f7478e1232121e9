//! Inventory files: kept in pieces, checked row by row, and brought in by a job that one of the servers does.
//!
//! A job's stage is a row of `import_jobs`; what [`job`] writes for a chunk of rows and how far it says it has come is
//! one transaction, so that it goes on wherever it was left.

mod apply;
mod check;
mod ending;
mod job;
mod known;
mod layout;
mod listed;
mod plan;
mod preview;
mod reader;
mod rejects;
mod rows;
mod sheet;
mod source;
mod steps;
mod stored;
mod text;
mod undo;
mod write;

#[cfg(test)]
mod tests;

use super::failure::Failure;
use super::jobs::{Desk, Lease, Leased};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::import_jobs;
use app::backend::imports::{ImportReport, ImportRow, Imports, Mapping, Stage};
use app::backend::page::{Cursor, Page};
use app::caller::{PlatformAdmin, PlatformViewer};
use app::domain::ImportBatchId;
use app::error::AppError;
use async_trait::async_trait;
use job::Job;

pub use job::{Progress, Watcher};
pub use rejects::{ErrorWords, RejectsFile};

impl Leased for import_jobs::Entity {
    const KEY: import_jobs::Column = import_jobs::Column::BatchId;
    const STAGE: import_jobs::Column = import_jobs::Column::Stage;
    const OWNER: import_jobs::Column = import_jobs::Column::LeaseOwner;
    const UNTIL: import_jobs::Column = import_jobs::Column::LeaseUntil;
    const FURTHER: import_jobs::Column = import_jobs::Column::UpdatedAt;
    const ATTEMPTS: import_jobs::Column = import_jobs::Column::Attempts;
    const CANCEL: import_jobs::Column = import_jobs::Column::CancelRequested;

    fn working() -> Vec<&'static str> {
        [Stage::Checking, Stage::Running, Stage::Undoing]
            .map(Stage::code)
            .to_vec()
    }
}

/// Answers [`Imports`], and does the work.
pub struct ImportService {
    database: Database,
    surroundings: Surroundings,
    desk: Desk<import_jobs::Entity>,
}

impl ImportService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self {
            database,
            surroundings,
            desk: Desk::new(),
        }
    }

    /// Works on an import until its end or until a person has to decide; `false` when there is nothing to do, or when
    /// somebody else does it.
    ///
    /// **Permissions:** none; the work is done for whoever asked for it, as long as they may.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn work_on(&self, id: ImportBatchId, watcher: Watcher<'_>) -> Result<bool, AppError> {
        Ok(self.work_in(id.0, watcher).await?)
    }

    /// Works on whatever waits.
    ///
    /// **Permissions:** none; the work is done for whoever asked for it, as long as they may.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn work_on_all(&self) -> Result<(), AppError> {
        let waiting = || async { Lease::<import_jobs::Entity>::waiting(&self.database, &self.surroundings).await };
        while let Some(batch) = waiting().await.map_err(Failure::from)? {
            if !self.work_in(batch, &mut |_| {}).await? {
                break;
            }
        }
        Ok(())
    }

    async fn work_in(&self, batch: uuid::Uuid, watcher: Watcher<'_>) -> Result<bool, Failure> {
        let Some(lease) = Lease::<import_jobs::Entity>::take(&self.database, &self.surroundings, batch).await? else {
            return Ok(false);
        };
        let work = async { Job::begin(self, lease, watcher).await?.work().await };
        self.desk.work(&self.database, &self.surroundings, lease, work).await?;
        Ok(true)
    }

    /// Works on imports until `stop` ends. What is under way then is left to whoever comes next.
    pub async fn watch(&self, stop: impl Future<Output = ()>) {
        self.desk.watch(&self.database, stop, || self.work_on_all()).await;
    }
}

#[async_trait]
impl Imports for ImportService {
    async fn create(&self, by: PlatformAdmin<'_>, file_name: &str) -> Result<ImportBatchId, AppError> {
        Ok(self.begin(by, file_name).await?)
    }

    async fn put(&self, by: PlatformAdmin<'_>, id: ImportBatchId, place: u32, bytes: Vec<u8>) -> Result<(), AppError> {
        Ok(self.take_piece(by, id, place, bytes).await?)
    }

    async fn close(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), AppError> {
        Ok(self.take_file(by, id).await?)
    }

    async fn map(&self, by: PlatformAdmin<'_>, id: ImportBatchId, mapping: &Mapping) -> Result<(), AppError> {
        Ok(self.match_columns(by, id, mapping).await?)
    }

    async fn confirm(&self, by: PlatformAdmin<'_>, id: ImportBatchId, skip_bad_rows: bool) -> Result<(), AppError> {
        Ok(self.let_in(by, id, skip_bad_rows).await?)
    }

    async fn cancel(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), AppError> {
        Ok(self.stop(by, id).await?)
    }

    async fn undo(&self, by: PlatformAdmin<'_>, id: ImportBatchId) -> Result<(), AppError> {
        Ok(self.ask_back(by, id).await?)
    }

    async fn get(&self, _by: PlatformViewer<'_>, id: ImportBatchId) -> Result<Option<ImportReport>, AppError> {
        Ok(self.report(id).await?)
    }

    async fn list(&self, _by: PlatformViewer<'_>, cursor: Option<&Cursor>) -> Result<Page<ImportRow>, AppError> {
        Ok(self.listed(cursor).await?)
    }
}
