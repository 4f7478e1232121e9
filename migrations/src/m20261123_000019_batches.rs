//! Many terminals at once: what was chosen or listed, what was done with it, and what came of each.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{create_indexes, drop_tables, index, primary, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("batches")
                    .col(pk_uuid("id"))
                    .col(uuid("user_id"))
                    .col(text_null("work"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("begun_at"))
                    .foreign_key(
                        references("fk_batches_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("batch_items")
                    .col(uuid("batch_id"))
                    .col(big_integer("place"))
                    .col(text("typed"))
                    .col(uuid_null("terminal_id"))
                    .col(text_null("outcome"))
                    .primary_key(&mut primary("pk_batch_items", &["batch_id", "place"]))
                    .foreign_key(
                        references("fk_batch_items_batch", &["batch_id"], "batches", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        references("fk_batch_items_terminal", &["terminal_id"], "terminals", &["id"])
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [
                index("ix_batches_user", "batches", &["user_id", "created_at"]),
                index("ix_batch_items_terminal", "batch_items", &["terminal_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["batch_items", "batches"]).await
    }
}
