//! The people who sign in, and their sessions.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, digest, drop_tables, index, one_of, references, unique};

const MERCHANT_ROLES: [&str; 2] = ["merchant_owner", "merchant_clerk"];
const PLATFORM_ROLES: [&str; 2] = ["platform_admin", "platform_support"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let of_merchant = one_of("role", &MERCHANT_ROLES).and(Expr::col("merchant_id").is_not_null());
        let of_platform = one_of("role", &PLATFORM_ROLES).and(Expr::col("merchant_id").is_null());
        manager
            .create_table(
                Table::create()
                    .table("users")
                    .col(pk_uuid("id"))
                    .col(text("login"))
                    .col(text("display_name"))
                    .col(text("role"))
                    .col(uuid_null("merchant_id"))
                    .col(text_null("password_hash"))
                    .col(text_null("locale"))
                    .col(big_integer_null("disabled_at"))
                    .col(big_integer_null("password_changed_at"))
                    .col(big_integer("created_at"))
                    .col(big_integer("updated_at"))
                    .foreign_key(&mut references(
                        "fk_users_merchant",
                        &["merchant_id"],
                        "merchants",
                        &["id"],
                    ))
                    .check(check("ck_users_role", of_merchant.or(of_platform)))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("sessions")
                    .col(blob("id_hash").primary_key())
                    .col(uuid_null("user_id"))
                    .col(text("data"))
                    .col(big_integer("created_at"))
                    .col(big_integer("last_seen_at"))
                    .col(big_integer("expires_at"))
                    .col(text_null("address"))
                    .col(text_null("user_agent"))
                    .foreign_key(
                        references("fk_sessions_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(check("ck_sessions_id_hash", digest("id_hash")))
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [
                unique("ux_users_login", "users", &["login"]),
                index("ix_users_merchant", "users", &["merchant_id", "login"]),
                index("ix_sessions_user", "sessions", &["user_id"]),
                index("ix_sessions_expiry", "sessions", &["expires_at"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["sessions", "users"]).await
    }
}
