//! Registrations that went well and that failed, by the instant: what the first page counts per day, for one merchant and
//! for all of them. Partial and covering, so that counting reads nothing else and other entries cost nothing.

use sea_orm_migration::prelude::*;

use crate::shape::index;

const TABLE: &str = "device_log";

/// Entries of registrations; services name the same kinds in the same order, which SQLite needs to use the index.
const KINDS: [&str; 2] = ["registration.succeeded", "registration.failed"];

const INDEXES: [(&str, &[&str]); 2] = [
    (
        "ix_device_log_registrations_merchant",
        &["merchant_id", "received_at", "kind", "reason"],
    ),
    ("ix_device_log_registrations", &["received_at", "kind", "reason"]),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, columns) in INDEXES {
            let registrations = index(name, TABLE, columns)
                .and_where(Expr::col("kind").is_in(KINDS))
                .to_owned();
            manager.create_index(registrations).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            manager
                .drop_index(Index::drop().name(name).table(TABLE).to_owned())
                .await?;
        }
        Ok(())
    }
}
