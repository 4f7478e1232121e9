//! Import runs as jobs: the file while it is needed, how far the work has come, and which server does it.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, drop_tables, index, one_of, primary, references};

const STAGES: [&str; 10] = [
    "uploading",
    "mapping",
    "checking",
    "checked",
    "running",
    "done",
    "failed",
    "cancelled",
    "undoing",
    "undone",
];
const KINDS: [&str; 2] = ["file", "rejects"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(jobs()).await?;
        manager.create_table(parts()).await?;
        create_indexes(
            manager,
            [index("ix_import_jobs_stage", "import_jobs", &["stage", "batch_id"])],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["import_parts", "import_jobs"]).await
    }
}

fn jobs() -> TableCreateStatement {
    Table::create()
        .table("import_jobs")
        .col(pk_uuid("batch_id"))
        .col(text("stage"))
        .col(text("actor"))
        .col(text_null("problem"))
        .col(big_integer_null("problem_line"))
        .col(text_null("layout"))
        .col(boolean("skip_bad_rows"))
        .col(boolean("cancel_requested"))
        .col(big_integer("file_bytes"))
        .col(big_integer("rows_read"))
        .col(big_integer("rows_touched"))
        .col(uuid_null("first_terminal"))
        .col(uuid_null("last_terminal"))
        .col(uuid_null("lease_owner"))
        .col(big_integer_null("lease_until"))
        .col(big_integer("updated_at"))
        .foreign_key(
            references("fk_import_jobs_batch", &["batch_id"], "import_batches", &["id"])
                .on_delete(ForeignKeyAction::Cascade),
        )
        .check(check("ck_import_jobs_stage", one_of("stage", &STAGES)))
        .check(check(
            "ck_import_jobs_lease",
            Expr::col("lease_owner")
                .is_null()
                .eq(Expr::col("lease_until").is_null()),
        ))
        .take()
}

fn parts() -> TableCreateStatement {
    Table::create()
        .table("import_parts")
        .col(uuid("batch_id"))
        .col(text("kind"))
        .col(big_integer("place"))
        .col(blob("bytes"))
        .primary_key(&mut primary("pk_import_parts", &["batch_id", "kind", "place"]))
        .foreign_key(
            references("fk_import_parts_job", &["batch_id"], "import_jobs", &["batch_id"])
                .on_delete(ForeignKeyAction::Cascade),
        )
        .check(check("ck_import_parts_kind", one_of("kind", &KINDS)))
        .take()
}
