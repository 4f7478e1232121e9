//! The terminals of a merchant and of a store in the order in which a search finds them: an index of each, so that those of a
//! thousand stores whose names a word is part of need not be looked for one by one among all others. On SQLite the table
//! that numbers the terminals therefore says whose they are, as PostgreSQL's does from the beginning.
//!
//! PostgreSQL's blocks become twice as large: of ten million terminals a fragment that is rare has to be looked for in half as
//! many. Its planner is told that making grams is dear, lest it make those of every row instead of asking the index.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid_null;
use sea_orm_migration::sea_orm::DbBackend;

use crate::m20261124_000031_search::{numbered_triggers, placed_triggers, terminal_gram_function, terminal_gram_index};
use crate::shape::{create_indexes, index};

const TABLE: &str = "terminal_search";
/// PostgreSQL's blocks hold two to the power of so many numbers.
pub(crate) const BLOCK_BITS: u32 = 14;
pub(crate) const INDEXES: [(&str, &[&str]); 3] = [
    ("ix_terminal_search_merchant", &["merchant_id", "key"]),
    ("ix_terminal_search_store", &["store_id", "key"]),
    // All that belong to somebody: what lies in stock is not looked through for the names of stores.
    ("ix_terminal_search_placed", &["key"]),
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            for column in ["merchant_id", "store_id"] {
                manager
                    .alter_table(Table::alter().table(TABLE).add_column(uuid_null(column)).take())
                    .await?;
            }
            let connection = manager.get_connection();
            connection
                .execute_unprepared(
                    "UPDATE terminal_search SET (merchant_id, store_id) = \
                     (SELECT merchant_id, store_id FROM terminals WHERE id = terminal_id)",
                )
                .await?;
            replace_triggers(connection, placed_triggers()).await?;
        } else {
            replace_grams(manager, BLOCK_BITS).await?;
        }
        let indexes = INDEXES.map(|(name, columns)| {
            let owner = if columns[0] == "store_id" {
                "store_id"
            } else {
                "merchant_id"
            };
            index(name, TABLE, columns)
                .and_where(Expr::col(owner).is_not_null())
                .take()
        });
        create_indexes(manager, indexes).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, _) in INDEXES {
            manager
                .drop_index(Index::drop().name(name).table(TABLE).to_owned())
                .await?;
        }
        if manager.get_database_backend() == DbBackend::Sqlite {
            replace_triggers(manager.get_connection(), numbered_triggers()).await?;
            for column in ["merchant_id", "store_id"] {
                manager
                    .alter_table(Table::alter().table(TABLE).drop_column(column).take())
                    .await?;
            }
        } else {
            replace_grams(manager, 13).await?;
        }
        Ok(())
    }
}

/// Makes PostgreSQL's index anew, with blocks of two to the power of `bits`.
async fn replace_grams(manager: &SchemaManager<'_>, bits: u32) -> Result<(), DbErr> {
    let function = terminal_gram_function(bits);
    let index = terminal_gram_index();
    for statement in [
        "DROP INDEX ix_terminal_search_grams",
        "DROP FUNCTION terminal_grams(bigint, uuid, uuid, text)",
        &function,
        "ALTER FUNCTION terminal_grams(bigint, uuid, uuid, text) COST 1000",
        &index,
    ] {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

async fn replace_triggers(connection: &impl ConnectionTrait, triggers: Vec<String>) -> Result<(), DbErr> {
    for verb in ["insert", "update", "delete"] {
        connection
            .execute_unprepared(&format!("DROP TRIGGER tr_terminals_search_{verb}"))
            .await?;
    }
    for trigger in triggers {
        connection.execute_unprepared(&trigger).await?;
    }
    Ok(())
}
