//! What an import changed and made besides terminals, so that it can be undone.

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
                    .table("import_changes")
                    .col(uuid("batch_id"))
                    .col(uuid("terminal_id"))
                    .col(text("before"))
                    .col(big_integer("changed_at"))
                    .primary_key(&mut primary("pk_import_changes", &["batch_id", "terminal_id"]))
                    .foreign_key(
                        references("fk_import_changes_batch", &["batch_id"], "import_batches", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        references("fk_import_changes_terminal", &["terminal_id"], "terminals", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("import_stores")
                    .col(uuid("batch_id"))
                    .col(uuid("store_id"))
                    .primary_key(&mut primary("pk_import_stores", &["batch_id", "store_id"]))
                    .foreign_key(
                        references("fk_import_stores_batch", &["batch_id"], "import_batches", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        references("fk_import_stores_store", &["store_id"], "stores", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [
                index("ix_import_changes_terminal", "import_changes", &["terminal_id"]),
                index("ix_import_stores_store", "import_stores", &["store_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["import_stores", "import_changes"]).await
    }
}
