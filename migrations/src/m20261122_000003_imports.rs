//! Import runs and the rows that they could not take.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, drop_tables, index, one_of, primary, references};

const SOURCES: [&str; 2] = ["portal", "cli"];
const STATES: [&str; 4] = ["running", "done", "failed", "cancelled"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("import_batches")
                    .col(pk_uuid("id"))
                    .col(uuid_null("created_by"))
                    .col(text("source"))
                    .col(text("file_name"))
                    .col(text("state"))
                    .col(big_integer("rows_total"))
                    .col(big_integer("rows_created"))
                    .col(big_integer("rows_updated"))
                    .col(big_integer("rows_skipped"))
                    .col(big_integer("rows_failed"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("finished_at"))
                    .foreign_key(&mut references(
                        "fk_import_batches_created_by",
                        &["created_by"],
                        "users",
                        &["id"],
                    ))
                    .check(check("ck_import_batches_source", one_of("source", &SOURCES)))
                    .check(check("ck_import_batches_state", one_of("state", &STATES)))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("import_errors")
                    .col(uuid("batch_id"))
                    .col(big_integer("line"))
                    .col(big_integer("ordinal"))
                    .col(text_null("column_name"))
                    .col(text("code"))
                    .col(text_null("found"))
                    .col(text_null("sn"))
                    .primary_key(&mut primary("pk_import_errors", &["batch_id", "line", "ordinal"]))
                    .foreign_key(
                        references("fk_import_errors_batch", &["batch_id"], "import_batches", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [index(
                "ix_import_batches_created",
                "import_batches",
                &["created_at", "id"],
            )],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["import_errors", "import_batches"]).await
    }
}
