//! Attempts to register that are turned away because too many went wrong before. The first of a window is in the log at
//! once; how many there were stands here until the window ends, and then in the log.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, digest, drop_tables, index, primary, references};

const TABLE: &str = "floods";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(TABLE)
                    .col(text("kind"))
                    .col(blob("key_hash"))
                    .col(uuid_null("merchant_id"))
                    .col(uuid_null("terminal_id"))
                    .col(text_null("sn_sent"))
                    .col(text_null("address"))
                    .col(big_integer("began_at"))
                    .col(big_integer("last_at"))
                    .col(big_integer("ends_at"))
                    .col(big_integer("turned_away"))
                    .primary_key(&mut primary("pk_floods", &["kind", "key_hash", "ends_at"]))
                    .foreign_key(
                        references("fk_floods_merchant", &["merchant_id"], "merchants", &["id"])
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .foreign_key(
                        references("fk_floods_terminal", &["terminal_id"], "terminals", &["id"])
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .check(check("ck_floods_key_hash", digest("key_hash")))
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [
                index("ix_floods_ends", TABLE, &["ends_at"]),
                index("ix_floods_merchant", TABLE, &["merchant_id"]),
                index("ix_floods_terminal", TABLE, &["terminal_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
