//! The first half of an import: what its rows would do, and what is wrong with them. Nothing but the import's own rows
//! is written.

use super::job::Job;
use super::known::Known;
use super::layout::Layout;
use super::plan::{self, Counts};
use super::{preview, reader, rejects};
use crate::entities::{import_batches, import_jobs};
use crate::services::failure::Failure;
use crate::services::jobs::Interrupted;
use app::backend::imports::{Problem, Stage};
use app::error::Invalid;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

impl Job<'_> {
    /// Compares the rows with what is there.
    pub(super) async fn check(&mut self) -> Result<(), Interrupted> {
        let known = match self.layout()? {
            Some(layout) => Some(layout),
            None => self.look().await?,
        };
        let Some(layout) = known else {
            return self.fail(Invalid::FileMissing).await;
        };
        if !layout.is_whole() {
            return self.wait_for(Stage::Mapping).await;
        }
        let passed = u64::try_from(self.read).unwrap_or_default();
        let (mut chunks, reading) = reader::chunks(self.file(), layout.clone(), passed);
        let mut known = Known::default();
        while let Some(chunk) = chunks.recv().await {
            let rows = i64::try_from(chunk.len()).unwrap_or(i64::MAX);
            let reader = self.service.database.reader();
            let (planned, rejected) = plan::plan(reader, false, &layout, &mut known, chunk).await?;
            let batch = &self.batch;
            let before = Counts {
                created: batch.rows_created,
                updated: batch.rows_updated,
                skipped: batch.rows_skipped,
            };
            let foretold = preview::foretell(reader, batch.id, before, &known, &planned).await?;
            let counts = foretold.counts;
            let txn = self.service.database.begin().await?;
            self.keep(&txn).await?;
            rejects::keep(&txn, self.batch.id, self.read, &rejected).await?;
            preview::keep(&txn, foretold).await?;
            self.count(&txn, rows, counts, &rejected).await?;
            txn.commit().await?;
            self.told();
        }
        self.ended(reading).await?;
        if self.read == 0 {
            return self.fail(Invalid::FileMissing).await;
        }
        self.wait_for(Stage::Checked).await
    }

    /// Tells the file's kind and columns, and keeps them.
    async fn look(&mut self) -> Result<Option<Layout>, Interrupted> {
        let file = self.file();
        let looking = tokio::task::spawn_blocking(move || reader::look(file));
        let Some(layout) = self.ended(looking).await? else {
            return Ok(None);
        };
        let stored = serde_json::to_string(&layout).map_err(|error| Failure::Broken(error.to_string()))?;
        import_jobs::Entity::update_many()
            .col_expr(import_jobs::Column::Layout, stored.into())
            .filter(self.lease.held())
            .exec(self.service.database.writer())
            .await?;
        Ok(Some(layout))
    }

    /// Leaves the rest to a person.
    async fn wait_for(&self, stage: Stage) -> Result<(), Interrupted> {
        let txn = self.service.database.begin().await?;
        self.lease.keep(&txn, &self.service.surroundings).await?;
        import_batches::Entity::update_many()
            .col_expr(import_batches::Column::RowsTotal, self.read.into())
            .filter(import_batches::Column::Id.eq(self.batch.id))
            .exec(&txn)
            .await?;
        self.enter(&txn, stage).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Ends because the file as a whole cannot be imported.
    async fn fail(&mut self, what: Invalid) -> Result<(), Interrupted> {
        self.give_up(Problem { what, line: None }).await
    }
}
