//! The audit log: what people did in the portal, append-only.

use sea_orm_migration::{prelude::*, schema::*};

use crate::append_only;
use crate::shape::{check, create_indexes, drop_tables, index, one_of, references};

const TABLE: &str = "audit_log";
const OUTCOMES: [&str; 2] = ["success", "failure"];

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
                    .col(big_integer("occurred_at"))
                    .col(uuid_null("actor_id"))
                    .col(text("actor_login"))
                    .col(text_null("actor_role"))
                    .col(uuid_null("merchant_id"))
                    .col(text("action"))
                    .col(text_null("target_kind"))
                    .col(text_null("target"))
                    .col(text("outcome"))
                    .col(text_null("reason"))
                    .col(text_null("before"))
                    .col(text_null("after"))
                    .col(text_null("address"))
                    .col(text_null("session"))
                    .col(text("request_id"))
                    .foreign_key(&mut references(
                        "fk_audit_log_merchant",
                        &["merchant_id"],
                        "merchants",
                        &["id"],
                    ))
                    .check(check("ck_audit_log_outcome", one_of("outcome", &OUTCOMES)))
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [
                index("ix_audit_log_merchant", TABLE, &["merchant_id", "id"]),
                index("ix_audit_log_actor", TABLE, &["actor_id", "id"]),
                index("ix_audit_log_action", TABLE, &["action", "id"]),
            ],
        )
        .await?;
        append_only::protect(manager, TABLE).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await?;
        append_only::forget(manager, TABLE).await
    }
}
