//! What a terminal last told of itself: whether it counts as online, and its business day.
//!
//! `online` is what the log was last told; `online_until` is the instant from which silence means offline. The partial index
//! holds the online terminals alone, so that finding those that fell silent reads no others.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::index;

const COLUMNS: [&str; 7] = [
    "online",
    "online_until",
    "reported_at",
    "business_day",
    "signed_in_at",
    "signed_out_at",
    "operator_no",
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for mut column in [
            boolean("online").default(false).take(),
            big_integer_null("online_until"),
            big_integer_null("reported_at"),
            text_null("business_day"),
            big_integer_null("signed_in_at"),
            big_integer_null("signed_out_at"),
            text_null("operator_no"),
        ] {
            manager
                .alter_table(Table::alter().table("terminals").add_column(&mut column).take())
                .await?;
        }
        let silent = index("ix_terminals_online_until", "terminals", &["online_until"])
            .and_where(Expr::col("online").eq(true))
            .take();
        manager.create_index(silent).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(
                Index::drop()
                    .name("ix_terminals_online_until")
                    .table("terminals")
                    .to_owned(),
            )
            .await?;
        for column in COLUMNS {
            manager
                .alter_table(Table::alter().table("terminals").drop_column(column).take())
                .await?;
        }
        Ok(())
    }
}
