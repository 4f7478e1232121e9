//! PostgreSQL: the grams of all terminals in one index, beside those in blocks, and those of a sample.
//!
//! What few have was looked for in block after block, of which ten million terminals have six hundred. It is asked of one
//! index now, at once, with grams of six characters, for parts of serial numbers are about that long. What many have would
//! be fetched whole from that; so a sample, one terminal of 512, says first whether it is few.
//! SQLite's index is read in order, and has a sample already.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::m20261124_000031_search::{GRAM_INDEX, gram_function};

const FUNCTION: &str = "everywhere_grams(bigint, bigint, text)";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let function = gram_function(
            "everywhere_grams(merchant bigint, store bigint, t text)",
            6,
            "''",
            "'\u{e000}' || coalesce(merchant::text, '') || E'\\n\u{e000}' || coalesce(store::text, '')",
        );
        let index = |name: &str, which: &str| {
            format!(
                "CREATE INDEX {name} ON terminal_search USING gin (everywhere_grams(merchant_place, store_place, text)) \
                 {GRAM_INDEX}{which}"
            )
        };
        let statements = [
            function,
            format!("ALTER FUNCTION {FUNCTION} COST 1000"),
            index("ix_terminal_search_everywhere", ""),
            index("ix_terminal_search_sample", " WHERE key % 512 = 0"),
        ];
        on_postgres(manager, statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statements = [
            "DROP INDEX ix_terminal_search_everywhere".to_owned(),
            "DROP INDEX ix_terminal_search_sample".to_owned(),
            format!("DROP FUNCTION {FUNCTION}"),
        ];
        on_postgres(manager, statements).await
    }
}

async fn on_postgres<const N: usize>(manager: &SchemaManager<'_>, statements: [String; N]) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        for statement in statements {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
    }
    Ok(())
}
