//! What looking after merchants and stores needs: why a merchant is suspended, another way to reach it, and since when a
//! store is closed.

use sea_orm_migration::{prelude::*, schema::*};

const ADDED: [(&str, &str); 3] = [
    ("merchants", "state_reason"),
    ("merchants", "contact_email"),
    ("stores", "closed_at"),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name) in ADDED {
            let mut column = if table == "stores" {
                big_integer_null(name)
            } else {
                text_null(name)
            };
            manager
                .alter_table(Table::alter().table(table).add_column(&mut column).take())
                .await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, name) in ADDED {
            manager
                .alter_table(Table::alter().table(table).drop_column(name).take())
                .await?;
        }
        Ok(())
    }
}
