//! Indexes for the orders in which terminals are listed: every page is a range of one, however deep it is. Those by serial
//! number and by name, and everybody's by when they were last seen, came with the table.

use sea_orm_migration::prelude::*;

use crate::shape::{create_indexes, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_indexes(manager, indexes()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in [
            "merchant_last_seen",
            "registered",
            "merchant_registered",
            "manufacturer",
        ] {
            let name = format!("ix_terminals_{name}");
            manager
                .drop_index(Index::drop().name(name).table("terminals").to_owned())
                .await?;
        }
        Ok(())
    }
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index(
            "ix_terminals_merchant_last_seen",
            "terminals",
            &["merchant_id", "last_seen_at", "id"],
        ),
        index("ix_terminals_registered", "terminals", &["registered_at", "id"]),
        index(
            "ix_terminals_merchant_registered",
            "terminals",
            &["merchant_id", "registered_at", "id"],
        ),
        index("ix_terminals_manufacturer", "terminals", &["manufacturer", "sn", "id"]),
    ]
}
