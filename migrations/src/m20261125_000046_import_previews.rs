//! What the first rows of an import would do, as long as somebody has to say whether they go in.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, drop_tables, one_of, primary, references};

const EFFECTS: [&str; 3] = ["created", "updated", "skipped"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("import_previews")
                    .col(uuid("batch_id"))
                    .col(text("effect"))
                    .col(big_integer("place"))
                    .col(big_integer("line"))
                    .col(text("sn"))
                    .col(text("name"))
                    .col(text_null("merchant_no"))
                    .col(text_null("merchant_name"))
                    .col(text_null("store"))
                    .col(text("changes"))
                    .primary_key(&mut primary("pk_import_previews", &["batch_id", "effect", "place"]))
                    .foreign_key(
                        references("fk_import_previews_batch", &["batch_id"], "import_batches", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(check("ck_import_previews_effect", one_of("effect", &EFFECTS)))
                    .check(check(
                        "ck_import_previews_merchant",
                        Expr::col("merchant_no")
                            .is_null()
                            .eq(Expr::col("merchant_name").is_null()),
                    ))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["import_previews"]).await
    }
}
