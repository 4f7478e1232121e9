//! An import that went wrong in places.

use super::{Fake, ago};
use app::backend::imports::{
    Effect, FactChange, Field, FileColumn, ImportReport, ImportRow, Imports, Mapping, PreviewRow, RowError, RowFault,
    Stage,
};
use app::backend::page::{Cursor, Page};
use app::backend::terminals::MerchantRef;
use app::caller::{PlatformAdmin, PlatformViewer};
use app::domain::ImportBatchId;
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use strum::VariantArray;
use uuid::Uuid;

#[async_trait]
impl Imports for Fake {
    async fn create(&self, _: PlatformAdmin<'_>, _: &str) -> Result<ImportBatchId, AppError> {
        Ok(report().id)
    }

    async fn put(&self, _: PlatformAdmin<'_>, _: ImportBatchId, _: u32, bytes: Vec<u8>) -> Result<(), AppError> {
        match bytes.as_slice() {
            b"large" => Err(AppError::Invalid(Invalid::FileTooLarge)),
            _ => Ok(()),
        }
    }

    async fn close(&self, _: PlatformAdmin<'_>, _: ImportBatchId) -> Result<(), AppError> {
        Ok(())
    }

    async fn map(&self, _: PlatformAdmin<'_>, _: ImportBatchId, mapping: &Mapping) -> Result<(), AppError> {
        match mapping.columns.as_slice() {
            [Some(Field::Sn), None] if mapping.headings => Ok(()),
            _ => Err(AppError::Invalid(Invalid::FileHeadings)),
        }
    }

    async fn confirm(&self, _: PlatformAdmin<'_>, _: ImportBatchId, skip_bad_rows: bool) -> Result<(), AppError> {
        if skip_bad_rows {
            Ok(())
        } else {
            Err(AppError::Invalid(Invalid::BadRows))
        }
    }

    async fn cancel(&self, _: PlatformAdmin<'_>, _: ImportBatchId) -> Result<(), AppError> {
        Ok(())
    }

    async fn undo(&self, _: PlatformAdmin<'_>, _: ImportBatchId) -> Result<(), AppError> {
        Err(AppError::Invalid(Invalid::AlreadyDone))
    }

    async fn get(&self, _: PlatformViewer<'_>, id: ImportBatchId) -> Result<Option<ImportReport>, AppError> {
        let stages = [
            (7, Stage::Done),
            (17, Stage::Mapping),
            (27, Stage::Running),
            (37, Stage::Checked),
        ];
        let stage = stages.iter().find(|(key, _)| id.0 == Uuid::from_u128(*key));
        Ok(stage.map(|(_, stage)| ImportReport {
            id,
            stage: *stage,
            ..report()
        }))
    }

    async fn list(&self, _: PlatformViewer<'_>, _: Option<&Cursor>) -> Result<Page<ImportRow>, AppError> {
        let report = report();
        Ok(Page {
            rows: vec![ImportRow {
                id: report.id,
                file_name: report.file_name,
                created: report.created,
                by: None,
                stage: report.stage,
                rows_read: report.rows_read,
                rows_total: report.rows_total,
                rows_created: report.rows_created,
                rows_updated: report.rows_updated,
                rows_failed: report.rows_failed,
            }],
            previous: None,
            next: None,
        })
    }
}

fn report() -> ImportReport {
    ImportReport {
        id: ImportBatchId(Uuid::from_u128(7)),
        file_name: "inventory<faulty>.csv".to_owned(),
        created: ago(1),
        stage: Stage::Done,
        problem: None,
        undo_problem: None,
        rows_read: 617,
        rows_total: 1234,
        rows_created: 1000,
        rows_updated: 200,
        rows_skipped: 32,
        rows_failed: 2,
        rows_touched: 1,
        columns: vec![
            FileColumn {
                heading: "机身<号>".to_owned(),
                samples: vec!["1234".to_owned()],
            },
            FileColumn {
                heading: String::new(),
                samples: vec!["=1+1".to_owned()],
            },
        ],
        mapping: Mapping {
            columns: vec![Some(Field::Sn), None],
            headings: true,
            constants: [(Field::Manufacturer, "PAX".to_owned())].into(),
        },
        has_rejects: true,
        can_undo: true,
        preview: Effect::VARIANTS.iter().map(|effect| foretold(*effect)).collect(),
        errors: vec![
            RowError {
                line: 5,
                column: Some("sn".to_owned()),
                fault: RowFault::SnMissing,
                found: None,
            },
            RowError {
                line: 18,
                column: Some("name".to_owned()),
                fault: RowFault::NameFormula,
                found: Some("=HYPERLINK(\"x\")".to_owned()),
            },
        ],
    }
}

fn foretold(effect: Effect) -> PreviewRow {
    let change = FactChange {
        field: Field::Name,
        before: None,
        after: Some("前台<1>".to_owned()),
    };
    PreviewRow {
        effect,
        line: 4,
        sn: "AB-1403".to_owned(),
        name: "前台<1>".to_owned(),
        merchant: Some(MerchantRef {
            number: "898269350000008".to_owned(),
            name: "小满<母婴>".to_owned(),
        }),
        store: None,
        changes: if effect == Effect::Updated {
            vec![change]
        } else {
            Vec::new()
        },
    }
}
