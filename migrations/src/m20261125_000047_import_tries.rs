//! How often the work on an import was taken on since it last came further.

use sea_orm_migration::{prelude::*, schema::*};

const TABLE: &str = "import_jobs";
const COLUMN: &str = "attempts";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut attempts = big_integer(COLUMN).default(0).take();
        manager
            .alter_table(Table::alter().table(TABLE).add_column(&mut attempts).take())
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take())
            .await
    }
}
