//! Batches as jobs: how many they are comes from `batch_items`; here is how far the work has come, and which server does it.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, drop_tables, index, one_of, references};

const STAGES: [&str; 6] = ["choosing", "chosen", "running", "done", "failed", "cancelled"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What was chosen and not acted on says nothing, and cannot be gone on with.
        let forgotten = Query::delete()
            .from_table("batches")
            .and_where(Expr::col("work").is_null())
            .take();
        manager.execute(forgotten).await?;
        manager.create_table(jobs()).await?;
        create_indexes(
            manager,
            [
                index("ix_batch_jobs_stage", "batch_jobs", &["stage", "batch_id"]),
                index("ix_batches_created", "batches", &["created_at"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name("ix_batches_created").table("batches").to_owned())
            .await?;
        drop_tables(manager, &["batch_jobs"]).await
    }
}

fn jobs() -> TableCreateStatement {
    Table::create()
        .table("batch_jobs")
        .col(pk_uuid("batch_id"))
        .col(text("stage"))
        .col(text("actor"))
        .col(text_null("listed"))
        .col(text_null("list_place"))
        .col(text_null("ordered"))
        .col(text_null("problem"))
        .col(big_integer("chosen"))
        .col(big_integer("place"))
        .col(big_integer("attempts"))
        .col(boolean("cancel_requested"))
        .col(uuid_null("lease_owner"))
        .col(big_integer_null("lease_until"))
        .col(big_integer("updated_at"))
        .foreign_key(
            references("fk_batch_jobs_batch", &["batch_id"], "batches", &["id"]).on_delete(ForeignKeyAction::Cascade),
        )
        .check(check("ck_batch_jobs_stage", one_of("stage", &STAGES)))
        .check(check(
            "ck_batch_jobs_lease",
            Expr::col("lease_owner")
                .is_null()
                .eq(Expr::col("lease_until").is_null()),
        ))
        .take()
}
