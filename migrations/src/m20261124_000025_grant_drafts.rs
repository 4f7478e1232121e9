//! What is to be authorized and has not been confirmed yet, and which reports of apps that may not run were told to the log
//! already. A terminal's go with it.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, drop_tables, index, one_of, primary, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("app_grant_drafts")
                    .col(pk_uuid("id"))
                    .col(uuid("user_id"))
                    .col(uuid("app_id"))
                    .col(text("kind"))
                    .col(text_null("merchant_no"))
                    .col(text("lines"))
                    .col(big_integer_null("starts_at"))
                    .col(big_integer_null("expires_at"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("done_at"))
                    .foreign_key(
                        references("fk_app_grant_drafts_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        references("fk_app_grant_drafts_app", &["app_id"], "apps", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(check(
                        "ck_app_grant_drafts_kind",
                        one_of("kind", &["merchants", "stores", "terminals"]),
                    ))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("app_refusals")
                    .col(uuid("terminal_id"))
                    .col(text("package"))
                    .col(text("state"))
                    .col(text_null("version"))
                    .col(big_integer("reported_at"))
                    .primary_key(&mut primary("pk_app_refusals", &["terminal_id", "package"]))
                    .foreign_key(
                        references("fk_app_refusals_terminal", &["terminal_id"], "terminals", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [index(
                "ix_app_grant_drafts_user",
                "app_grant_drafts",
                &["user_id", "created_at"],
            )],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["app_refusals", "app_grant_drafts"]).await
    }
}
