//! How often something went wrong lately: sign-ins by login and address, registrations by serial number, account and
//! address. What is counted under is kept as a hash.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, digest, drop_tables, index, primary};

const TABLE: &str = "throttles";

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
                    .col(big_integer("window_start"))
                    .col(big_integer("count"))
                    .col(big_integer_null("locked_until"))
                    .col(big_integer("expires_at"))
                    .primary_key(&mut primary("pk_throttles", &["kind", "key_hash"]))
                    .check(check("ck_throttles_key_hash", digest("key_hash")))
                    .take(),
            )
            .await?;
        create_indexes(manager, [index("ix_throttles_expiry", TABLE, &["expires_at"])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
