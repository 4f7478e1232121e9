//! Activation codes: only their hash is kept, and a terminal has at most one that is still good.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, digest, drop_tables, index, one_of, references, unique};

const TABLE: &str = "activation_codes";
const STATES: [&str; 4] = ["issued", "consumed", "expired", "revoked"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(TABLE)
                    .col(pk_uuid("id"))
                    .col(uuid("terminal_id"))
                    .col(uuid("merchant_id"))
                    .col(blob("code_hash"))
                    .col(text("state"))
                    .col(uuid_null("issued_by"))
                    .col(big_integer("issued_at"))
                    .col(big_integer("expires_at"))
                    .col(big_integer_null("ended_at"))
                    .foreign_key(&mut references(
                        "fk_activation_codes_terminal",
                        &["terminal_id"],
                        "terminals",
                        &["id"],
                    ))
                    .foreign_key(&mut references(
                        "fk_activation_codes_merchant",
                        &["merchant_id"],
                        "merchants",
                        &["id"],
                    ))
                    .foreign_key(&mut references(
                        "fk_activation_codes_issued_by",
                        &["issued_by"],
                        "users",
                        &["id"],
                    ))
                    .check(check("ck_activation_codes_state", one_of("state", &STATES)))
                    .check(check("ck_activation_codes_code_hash", digest("code_hash")))
                    .take(),
            )
            .await?;
        let one_issued = unique("ux_activation_codes_issued", TABLE, &["terminal_id"])
            .and_where(Expr::col("state").eq("issued"))
            .take();
        create_indexes(
            manager,
            [
                unique("ux_activation_codes_code_hash", TABLE, &["code_hash"]),
                one_issued,
                index("ix_activation_codes_terminal", TABLE, &["terminal_id", "issued_at"]),
                index("ix_activation_codes_expiry", TABLE, &["state", "expires_at"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await
    }
}
