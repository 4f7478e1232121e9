//! That an authorization ran out is told to the log once: `expiry_told_at` says when. The partial index holds those that
//! are still to be told of, so that looking for them reads no others. And an app's installations are found by the app.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{create_indexes, index};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut told = big_integer_null("expiry_told_at");
        manager
            .alter_table(Table::alter().table("app_grants").add_column(&mut told).take())
            .await?;
        let untold = index("ix_app_grants_untold", "app_grants", &["expires_at"])
            .and_where(
                Expr::col("expires_at")
                    .is_not_null()
                    .and(Expr::col("expiry_told_at").is_null())
                    .and(Expr::col("revoked_at").is_null()),
            )
            .take();
        let of_app = index("ix_app_installs_app", "app_installs", &["app_id", "state"]);
        create_indexes(manager, [untold, of_app]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table) in [
            ("ix_app_installs_app", "app_installs"),
            ("ix_app_grants_untold", "app_grants"),
        ] {
            manager
                .drop_index(Index::drop().name(name).table(table).to_owned())
                .await?;
        }
        manager
            .alter_table(Table::alter().table("app_grants").drop_column("expiry_told_at").take())
            .await
    }
}
