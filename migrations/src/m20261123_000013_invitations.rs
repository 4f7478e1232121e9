//! One-time links with which people set a password: only a hash of what stands in the link is kept. And when a user last
//! signed in.
//!
//! An invitation without a user makes one when it is accepted; one with a user gives that user a password.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, digest, drop_tables, index, one_of, references, unique};

const TABLE: &str = "invitations";
const PURPOSES: [&str; 3] = ["invite", "reset", "setup"];
const MERCHANT_ROLES: [&str; 2] = ["merchant_owner", "merchant_clerk"];
const PLATFORM_ROLES: [&str; 2] = ["platform_admin", "platform_support"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(
                Table::alter()
                    .table("users")
                    .add_column(big_integer_null("last_signed_in_at"))
                    .take(),
            )
            .await?;
        let of_merchant = one_of("role", &MERCHANT_ROLES).and(Expr::col("merchant_id").is_not_null());
        let of_platform = one_of("role", &PLATFORM_ROLES).and(Expr::col("merchant_id").is_null());
        let for_somebody = Expr::col("purpose").ne("reset").or(Expr::col("user_id").is_not_null());
        manager
            .create_table(
                Table::create()
                    .table(TABLE)
                    .col(pk_uuid("id"))
                    .col(blob("token_hash"))
                    .col(text("purpose"))
                    .col(uuid_null("user_id"))
                    .col(text("role"))
                    .col(uuid_null("merchant_id"))
                    .col(text("display_name"))
                    .col(uuid_null("created_by"))
                    .col(big_integer("created_at"))
                    .col(big_integer("expires_at"))
                    .col(big_integer_null("used_at"))
                    .col(big_integer_null("revoked_at"))
                    .foreign_key(
                        references("fk_invitations_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(&mut references(
                        "fk_invitations_merchant",
                        &["merchant_id"],
                        "merchants",
                        &["id"],
                    ))
                    .foreign_key(
                        references("fk_invitations_created_by", &["created_by"], "users", &["id"])
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .check(check("ck_invitations_token_hash", digest("token_hash")))
                    .check(check("ck_invitations_purpose", one_of("purpose", &PURPOSES)))
                    .check(check("ck_invitations_user", for_somebody))
                    .check(check("ck_invitations_role", of_merchant.or(of_platform)))
                    .take(),
            )
            .await?;
        let one_open = unique("ux_invitations_open", TABLE, &["user_id"])
            .and_where(Expr::col("used_at").is_null())
            .and_where(Expr::col("revoked_at").is_null())
            .take();
        create_indexes(
            manager,
            [
                unique("ux_invitations_token_hash", TABLE, &["token_hash"]),
                one_open,
                index("ix_invitations_merchant", TABLE, &["merchant_id", "id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &[TABLE]).await?;
        manager
            .alter_table(Table::alter().table("users").drop_column("last_signed_in_at").take())
            .await
    }
}
