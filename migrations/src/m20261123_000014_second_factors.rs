//! The second step of signing in: the secret that an authenticator app shares, and the hashes of recovery codes.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, digest, drop_tables, primary, references};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("second_factors")
                    .col(pk_uuid("user_id"))
                    .col(blob("secret"))
                    .col(big_integer("created_at"))
                    .col(big_integer_null("confirmed_at"))
                    .col(big_integer_null("last_step"))
                    .col(big_integer("tries").default(0))
                    .col(big_integer("tries_since").default(0))
                    .foreign_key(
                        references("fk_second_factors_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("recovery_codes")
                    .col(uuid("user_id"))
                    .col(blob("code_hash"))
                    .col(big_integer_null("used_at"))
                    .primary_key(&mut primary("pk_recovery_codes", &["user_id", "code_hash"]))
                    .foreign_key(
                        references("fk_recovery_codes_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(check("ck_recovery_codes_code_hash", digest("code_hash")))
                    .take(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["recovery_codes", "second_factors"]).await
    }
}
