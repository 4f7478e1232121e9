//! Where a chain of the device log begins once its oldest months have been exported and dropped.
//!
//! A row says that everything up to `sequence`, whose hash is `hash`, stands in an export and no longer in the log. It is signed,
//! so that nobody can shorten the log by writing one. The device log stays append-only but for rows at or below a boundary
//! that were received before `until`: the boundary is written first, in the transaction that deletes them.

use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration::{prelude::*, schema::*};

use crate::append_only;
use crate::shape::{check, digest, drop_tables, length, primary, references};

const TABLE: &str = "log_boundaries";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(TABLE)
                    .col(uuid("chain"))
                    .col(big_integer("sequence"))
                    .col(blob("hash"))
                    .col(big_integer("until"))
                    .col(big_integer("cut_at"))
                    .col(blob("export_hash"))
                    .col(blob("public_key"))
                    .col(blob("signature"))
                    .primary_key(&mut primary("pk_log_boundaries", &["chain", "sequence"]))
                    .foreign_key(&mut references(
                        "fk_log_boundaries_chain",
                        &["chain"],
                        "log_heads",
                        &["chain"],
                    ))
                    .check(check("ck_log_boundaries_hash", digest("hash")))
                    .check(check("ck_log_boundaries_export_hash", digest("export_hash")))
                    .check(check("ck_log_boundaries_public_key", length("public_key").eq(32)))
                    .check(check("ck_log_boundaries_signature", length("signature").eq(64)))
                    .take(),
            )
            .await?;
        append_only::protect(manager, TABLE).await?;
        append_only::allow_below_boundary(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        append_only::allow_nothing_again(manager).await?;
        drop_tables(manager, &[TABLE]).await?;
        append_only::forget(manager, TABLE).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            for function in ["log_boundaries_is_true", "device_log_is_below_boundary"] {
                manager
                    .get_connection()
                    .execute_unprepared(&format!("DROP FUNCTION {function}()"))
                    .await?;
            }
        }
        Ok(())
    }
}
