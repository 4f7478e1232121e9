//! Idempotency keys of the device API: the answer that was given is given again, byte for byte.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{create_indexes, drop_tables, index, primary};

const TABLE: &str = "idempotency_keys";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(TABLE)
                    .col(blob("principal"))
                    .col(text("key"))
                    .col(blob("request_hash"))
                    .col(big_integer_null("status"))
                    .col(text_null("content_type"))
                    .col(blob_null("body"))
                    .col(big_integer("created_at"))
                    .col(big_integer("expires_at"))
                    .primary_key(&mut primary("pk_idempotency_keys", &["principal", "key"]))
                    .take(),
            )
            .await?;
        create_indexes(manager, [index("ix_idempotency_keys_expiry", TABLE, &["expires_at"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
