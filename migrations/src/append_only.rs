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

/// A row of the device log that may be deleted: it stands at or below a boundary of its chain and is older than that says.
const BELOW_BOUNDARY: &str = "EXISTS (SELECT 1 FROM log_boundaries b WHERE b.chain = OLD.chain AND b.sequence >= OLD.sequence \
     AND b.until > OLD.received_at)";

/// What a boundary must name: an entry that is there, with its hash.
const TRUE_BOUNDARY: &str = "EXISTS (SELECT 1 FROM device_log e WHERE e.chain = NEW.chain AND e.sequence = NEW.sequence \
     AND e.hash = NEW.hash)";

/// Lets rows of the device log be deleted that stand at or below a boundary, and nothing else; and lets a boundary be
/// written only where the entry that it names still stands.
pub(crate) async fn allow_below_boundary(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements = match manager.get_database_backend() {
        DbBackend::Sqlite => vec![
            "DROP TRIGGER tr_device_log_no_delete".to_owned(),
            format!(
                "CREATE TRIGGER tr_device_log_no_delete BEFORE DELETE ON device_log WHEN NOT {BELOW_BOUNDARY} \
                 BEGIN SELECT RAISE(ABORT, 'device_log is append-only'); END"
            ),
            format!(
                "CREATE TRIGGER tr_log_boundaries_true BEFORE INSERT ON log_boundaries WHEN NOT {TRUE_BOUNDARY} \
                 BEGIN SELECT RAISE(ABORT, 'log_boundaries names an entry that is not there'); END"
            ),
        ],
        _ => vec![
            format!(
                "CREATE FUNCTION device_log_is_below_boundary() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN IF {BELOW_BOUNDARY} THEN RETURN OLD; END IF; \
                 RAISE EXCEPTION 'device_log is append-only' USING ERRCODE = 'restrict_violation'; END $$"
            ),
            "DROP TRIGGER tr_device_log_no_change ON device_log".to_owned(),
            "CREATE TRIGGER tr_device_log_no_update BEFORE UPDATE ON device_log \
             FOR EACH ROW EXECUTE FUNCTION device_log_is_append_only()"
                .to_owned(),
            "CREATE TRIGGER tr_device_log_no_delete BEFORE DELETE ON device_log \
             FOR EACH ROW EXECUTE FUNCTION device_log_is_below_boundary()"
                .to_owned(),
            format!(
                "CREATE FUNCTION log_boundaries_is_true() RETURNS trigger LANGUAGE plpgsql AS \
                 $$ BEGIN IF {TRUE_BOUNDARY} THEN RETURN NEW; END IF; \
                 RAISE EXCEPTION 'log_boundaries names an entry that is not there' \
                 USING ERRCODE = 'restrict_violation'; END $$"
            ),
            "CREATE TRIGGER tr_log_boundaries_true BEFORE INSERT ON log_boundaries \
             FOR EACH ROW EXECUTE FUNCTION log_boundaries_is_true()"
                .to_owned(),
        ],
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(&statement).await?;
    }
    Ok(())
}

/// Makes the device log as append-only as it was without boundaries.
pub(crate) async fn allow_nothing_again(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let statements: &[&str] = match manager.get_database_backend() {
        DbBackend::Sqlite => &[
            "DROP TRIGGER tr_device_log_no_delete",
            "CREATE TRIGGER tr_device_log_no_delete BEFORE DELETE ON device_log \
             BEGIN SELECT RAISE(ABORT, 'device_log is append-only'); END",
        ],
        _ => &[
            "DROP TRIGGER tr_device_log_no_update ON device_log",
            "DROP TRIGGER tr_device_log_no_delete ON device_log",
            "CREATE TRIGGER tr_device_log_no_change BEFORE UPDATE OR DELETE ON device_log \
             FOR EACH ROW EXECUTE FUNCTION device_log_is_append_only()",
        ],
    };
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
