//! Grants that are for more than one terminal, by merchant: a verdict asks for them, and a merchant may have as many grants
//! for single terminals as it has terminals.

use sea_orm_migration::prelude::*;

use crate::shape::index;

const NAME: &str = "ix_app_grants_wide";
const TABLE: &str = "app_grants";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut wide = index(NAME, TABLE, &["merchant_id", "app_id"]);
        wide.and_where(Expr::col("terminal_id").is_null());
        manager.create_index(wide).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name(NAME).table(TABLE).to_owned())
            .await
    }
}
