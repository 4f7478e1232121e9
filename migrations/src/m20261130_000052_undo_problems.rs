//! Why an import was not undone has a place of its own: it stood in that of why the import had failed.

use sea_orm_migration::{prelude::*, schema::*};

const TABLE: &str = "import_jobs";
const COLUMN: &str = "undo_problem";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut problem = text_null(COLUMN);
        manager
            .alter_table(Table::alter().table(TABLE).add_column(&mut problem).take())
            .await?;
        // One that went in, or was stopped, had no problem of its own.
        let moved = Query::update()
            .table(TABLE)
            .value(COLUMN, Expr::col("problem"))
            .value("problem", Option::<String>::None)
            .and_where(Expr::col("stage").is_in(["done", "cancelled"]))
            .take();
        manager.execute(moved).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let moved = Query::update()
            .table(TABLE)
            .value("problem", Expr::col(COLUMN))
            .and_where(Expr::col(COLUMN).is_not_null())
            .take();
        manager.execute(moved).await?;
        manager
            .alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take())
            .await
    }
}
