//! The audit log by login and by outcome: what its page is narrowed to, in the order in which it is shown.

use sea_orm_migration::prelude::*;

use crate::shape::{create_indexes, index};

const TABLE: &str = "audit_log";
const INDEXES: [(&str, &str); 2] = [
    ("ix_audit_log_login", "actor_login"),
    ("ix_audit_log_outcome", "outcome"),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indexes = INDEXES.map(|(name, column)| index(name, TABLE, &[column, "id"]));
        create_indexes(manager, indexes).await
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
