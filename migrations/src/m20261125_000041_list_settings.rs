//! How somebody has arranged the list of terminals: views under a name, columns left out, and how close rows stand.

use sea_orm_migration::{prelude::*, schema::*};

use crate::shape::{check, create_indexes, drop_tables, one_of, primary, references, unique};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The list that a merchant's people see, and the platform's.
const LISTS: [&str; 2] = ["devices", "terminals"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("saved_views")
                    .col(pk_uuid("id"))
                    .col(uuid("user_id"))
                    .col(text("list"))
                    .col(text("name"))
                    .col(text("query"))
                    .col(big_integer("created_at"))
                    .col(big_integer("updated_at"))
                    .foreign_key(
                        references("fk_saved_views_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(check("ck_saved_views_list", one_of("list", &LISTS)))
                    .take(),
            )
            .await?;
        manager
            .create_table(
                Table::create()
                    .table("list_layouts")
                    .col(uuid("user_id"))
                    .col(text("list"))
                    .col(text("layout"))
                    .primary_key(&mut primary("pk_list_layouts", &["user_id", "list"]))
                    .foreign_key(
                        references("fk_list_layouts_user", &["user_id"], "users", &["id"])
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(check("ck_list_layouts_list", one_of("list", &LISTS)))
                    .take(),
            )
            .await?;
        create_indexes(
            manager,
            [unique(
                "ux_saved_views_name",
                "saved_views",
                &["user_id", "list", "name"],
            )],
        )
        .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, &["list_layouts", "saved_views"]).await
    }
}
