//! Tables that may only grow: triggers refuse every change to what has been written.
//!
//! SQLite fires delete triggers for `INSERT OR REPLACE` only with `PRAGMA recursive_triggers = ON`, which the server
//! sets and checks on every connection. PostgreSQL can also empty a table with `TRUNCATE`, so that is refused as well.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

/// Makes `table` append-only. The refusal reads `<table> is append-only`.
pub(crate) async fn protect(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    let statements = match manager.get_database_backend() {
        DbBackend::Sqlite => [("update", "UPDATE"), ("delete", "DELETE")]
            .map(|(name, verb)| {
                format!(
                    "CREATE TRIGGER tr_{table}_no_{name} BEFORE {verb} ON {table} \
                     BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
            })
            .to_vec(),
        _ => vec![
            format!(
                "CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation'; END $$"
            ),
            format!(
                "CREATE TRIGGER tr_{table}_no_change BEFORE UPDATE OR DELETE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only()"
            ),
            format!(
                "CREATE TRIGGER tr_{table}_no_truncate BEFORE TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
            ),
        ],
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Drops the trigger function of a table that has been dropped (its triggers went with it).
pub(crate) async fn forget(manager: &SchemaManager<'_>, table: &'static str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Postgres {
        manager
            .get_connection()
            .execute_unprepared(&format!("DROP FUNCTION {table}_is_append_only()"))
            .await?;
    }
    Ok(())
}
