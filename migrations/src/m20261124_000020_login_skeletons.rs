//! What logins look like, so that no two are taken for one: `аdmin` with a Cyrillic letter is no second `admin`.
//!
//! Of accounts that looked alike before, the oldest gets the skeleton and the others none: nobody loses an account.

use sea_orm_migration::{prelude::*, schema::*};
use unicode_security::confusable_detection::skeleton;

use crate::shape::{create_indexes, unique};
use std::collections::HashSet;

const TABLE: &str = "users";
const COLUMN: &str = "login_skeleton";
const INDEX: &str = "ux_users_login_skeleton";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .alter_table(Table::alter().table(TABLE).add_column(text_null(COLUMN)).take())
            .await?;
        let db = manager.get_connection();
        let logins = Query::select()
            .column("login")
            .from(TABLE)
            .order_by("id", Order::Asc)
            .take();
        let mut seen = HashSet::new();
        for row in db.query_all(&logins).await? {
            let login: String = row.try_get("", "login")?;
            let looks: String = skeleton(&login).flat_map(char::to_lowercase).collect();
            if !seen.insert(looks.clone()) {
                continue;
            }
            let set = Query::update()
                .table(TABLE)
                .value(COLUMN, looks)
                .and_where(Expr::col("login").eq(login))
                .take();
            db.execute(&set).await?;
        }
        create_indexes(manager, [unique(INDEX, TABLE, &[COLUMN])]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name(INDEX).table(TABLE).to_owned())
            .await?;
        manager
            .alter_table(Table::alter().table(TABLE).drop_column(COLUMN).take())
            .await
    }
}
