//! The terminals that are registered and hold no token, in the order of their serial numbers: an index of their own, so that
//! those few are counted and listed without reading all that are registered. Terminals of an inventory are not in it.

use sea_orm_migration::prelude::*;

use crate::shape::{create_indexes, index};

const NAME: &str = "ix_terminals_unconnected";
const TABLE: &str = "terminals";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The first two columns are the same in every row: with them SQLite, which does not know how few there are, takes this
        // index for the narrowest. The last one says whether its merchant is going, without the row.
        let unconnected = index(NAME, TABLE, &["lifecycle", "token_hash", "sn", "id", "merchant_id"])
            .and_where(Expr::col("lifecycle").eq("registered"))
            .and_where(Expr::col("token_hash").is_null())
            .take();
        create_indexes(manager, [unconnected]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name(NAME).table(TABLE).to_owned())
            .await
    }
}
