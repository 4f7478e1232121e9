//! The app catalogue, who may run what (grants), and what is where (installs).
//!
//! Grants and installs reference stores and terminals together with the merchant: a row cannot point into another
//! tenant.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, drop_tables, index, one_of, primary, references, unique};

const INSTALL_STATES: [&str; 5] = ["unknown", "installing", "installed", "failed", "removed"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(apps()).await?;
        manager.create_table(app_versions()).await?;
        manager.create_table(app_grants()).await?;
        manager.create_table(app_installs()).await?;
        create_indexes(
            manager,
            [
                unique("ux_apps_package", "apps", &["package"]),
                unique("ux_app_versions_version", "app_versions", &["app_id", "version"]),
                index("ix_app_grants_merchant", "app_grants", &["merchant_id", "app_id"]),
                index("ix_app_grants_terminal", "app_grants", &["terminal_id"]),
                index("ix_app_grants_app", "app_grants", &["app_id", "id"]),
                index("ix_app_installs_merchant", "app_installs", &["merchant_id", "app_id"]),
            ],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["app_installs", "app_grants", "app_versions", "apps"]).await
    }
}

fn apps() -> TableCreateStatement {
    Table::create()
        .table("apps")
        .col(pk_uuid("id"))
        .col(text("package"))
        .col(text("name_zh"))
        .col(text("name_en"))
        .col(text("publisher"))
        .col(boolean("payment"))
        .col(big_integer("created_at"))
        .col(big_integer("updated_at"))
        .take()
}

fn app_versions() -> TableCreateStatement {
    Table::create()
        .table("app_versions")
        .col(pk_uuid("id"))
        .col(uuid("app_id"))
        .col(text("version"))
        .col(text("notes_zh"))
        .col(text("notes_en"))
        .col(text_null("min_firmware"))
        .col(big_integer("published_at"))
        .foreign_key(&mut references("fk_app_versions_app", &["app_id"], "apps", &["id"]))
        .take()
}

fn app_grants() -> TableCreateStatement {
    Table::create()
        .table("app_grants")
        .col(pk_uuid("id"))
        .col(uuid("app_id"))
        .col(uuid("merchant_id"))
        .col(uuid_null("store_id"))
        .col(uuid_null("terminal_id"))
        .col(big_integer("starts_at"))
        .col(big_integer_null("expires_at"))
        .col(big_integer_null("revoked_at"))
        .col(text_null("revoke_reason"))
        .col(uuid_null("granted_by"))
        .col(big_integer("created_at"))
        .foreign_key(&mut references("fk_app_grants_app", &["app_id"], "apps", &["id"]))
        .foreign_key(&mut references(
            "fk_app_grants_merchant",
            &["merchant_id"],
            "merchants",
            &["id"],
        ))
        .foreign_key(&mut references(
            "fk_app_grants_store",
            &["merchant_id", "store_id"],
            "stores",
            &["merchant_id", "id"],
        ))
        .foreign_key(&mut references(
            "fk_app_grants_terminal",
            &["merchant_id", "terminal_id"],
            "terminals",
            &["merchant_id", "id"],
        ))
        .foreign_key(&mut references(
            "fk_app_grants_granted_by",
            &["granted_by"],
            "users",
            &["id"],
        ))
        .check(check(
            "ck_app_grants_one_target",
            Expr::col("store_id").is_null().or(Expr::col("terminal_id").is_null()),
        ))
        .take()
}

fn app_installs() -> TableCreateStatement {
    Table::create()
        .table("app_installs")
        .col(uuid("terminal_id"))
        .col(uuid("app_id"))
        .col(uuid("merchant_id"))
        .col(text("state"))
        .col(text_null("version"))
        .col(text_null("error_code"))
        .col(big_integer("reported_at"))
        .primary_key(&mut primary("pk_app_installs", &["terminal_id", "app_id"]))
        .foreign_key(
            references(
                "fk_app_installs_terminal",
                &["merchant_id", "terminal_id"],
                "terminals",
                &["merchant_id", "id"],
            )
            .on_update(ForeignKeyAction::Cascade),
        )
        .foreign_key(&mut references("fk_app_installs_app", &["app_id"], "apps", &["id"]))
        .check(check("ck_app_installs_state", one_of("state", &INSTALL_STATES)))
        .take()
}
