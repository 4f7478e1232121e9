//! Merchants and their stores. Every other tenant row carries the merchant's id.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, drop_tables, length, one_of, references, unique};

const STATES: [&str; 2] = ["active", "suspended"];
const ALPHANUMERIC: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Nothing is left of the number once its leading letters and digits are taken away.
        let only_alphanumeric =
            Expr::from(Func::cust("ltrim").args([Expr::col("merchant_no"), Expr::val(ALPHANUMERIC)])).eq("");
        manager
            .create_table(
                Table::create()
                    .table("merchants")
                    .col(pk_uuid("id"))
                    .col(text("merchant_no"))
                    .col(text("name"))
                    .col(text("state"))
                    .col(big_integer("state_since"))
                    .col(text("time_zone"))
                    .col(big_integer("terminal_quota"))
                    .col(text_null("contact_name"))
                    .col(text_null("contact_phone"))
                    .col(big_integer("created_at"))
                    .col(big_integer("updated_at"))
                    .check(check(
                        "ck_merchants_merchant_no",
                        length("merchant_no").between(1, 32).and(only_alphanumeric),
                    ))
                    .check(check("ck_merchants_state", one_of("state", &STATES)))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("stores")
                    .col(pk_uuid("id"))
                    .col(uuid("merchant_id"))
                    .col(text("name"))
                    .col(text_null("address"))
                    .col(big_integer("created_at"))
                    .col(big_integer("updated_at"))
                    .foreign_key(&mut references(
                        "fk_stores_merchant",
                        &["merchant_id"],
                        "merchants",
                        &["id"],
                    ))
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [
                unique("ux_merchants_merchant_no", "merchants", &["merchant_no"]),
                unique("ux_stores_merchant_id", "stores", &["merchant_id", "id"]),
                unique("ux_stores_merchant_name", "stores", &["merchant_id", "name"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["stores", "merchants"]).await
    }
}
