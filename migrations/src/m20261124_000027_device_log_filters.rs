//! The device log by what its page is narrowed to and no index had yet, in the order in which it is shown.
//!
//! The two partial ones hold few of the entries, so that appending pays for them seldom: failures, and what people did.

use sea_orm_migration::prelude::*;

use crate::shape::{create_indexes, index};

const TABLE: &str = "device_log";
const CORRELATION: &str = "ix_device_log_correlation";
const FAILED: &str = "ix_device_log_failed";
const MERCHANT_FAILED: &str = "ix_device_log_merchant_failed";
const PERSON: &str = "ix_device_log_person";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let failed = || Expr::col("outcome").eq("failure");
        drop_index(manager, CORRELATION).await?;
        create_indexes(
            manager,
            [
                index(CORRELATION, TABLE, &["correlation_id", "merchant_id", "id"]),
                index(FAILED, TABLE, &["id"]).and_where(failed()).take(),
                index(MERCHANT_FAILED, TABLE, &["merchant_id", "id"])
                    .and_where(failed())
                    .take(),
                index(PERSON, TABLE, &["actor_id", "id"])
                    .and_where(Expr::col("actor_kind").eq("user"))
                    .take(),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in [CORRELATION, FAILED, MERCHANT_FAILED, PERSON] {
            drop_index(manager, name).await?;
        }
        create_indexes(manager, [index(CORRELATION, TABLE, &["correlation_id"])]).await
    }
}

async fn drop_index(manager: &SchemaManager<'_>, name: &'static str) -> Result<(), DbErr> {
    manager
        .drop_index(Index::drop().name(name).table(TABLE).to_owned())
        .await
}
