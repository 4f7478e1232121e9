//! Everything that somebody with the database's own password can do to the log, and that it is found.

mod columns;
mod places;
mod rebuilt;

use crate::world::{Result, World, XIAOMAN};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, Statement};
use server::database::{Database, Engine};
use server::entities::device_log;

const TABLES: [&str; 3] = ["device_log", "log_heads", "log_boundaries"];

/// Takes away what keeps the log from being changed, and keeps a copy to go back to.
async fn unlock(world: &World<'_>) -> Result<()> {
    match world.db.engine() {
        Engine::Sqlite => {
            let triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN \
                            ('device_log', 'log_heads', 'log_boundaries')";
            let rows = world.db.reader().query_all_raw(statement(world, triggers)).await?;
            assert!(!rows.is_empty());
            for row in rows {
                let name: String = row.try_get("", "name")?;
                world.sql(&format!("DROP TRIGGER {name}")).await?;
            }
            world
                .sql("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
                .await?;
        }
        Engine::Postgres => {
            world
                .sql(
                    "ALTER TABLE device_log DISABLE TRIGGER USER; ALTER TABLE log_boundaries DISABLE TRIGGER USER; \
                     DO $$ DECLARE it record; BEGIN FOR it IN SELECT conrelid::regclass AS tab, conname \
                     FROM pg_constraint WHERE contype IN ('c', 'f') AND conrelid IN \
                     ('device_log'::regclass, 'log_heads'::regclass, 'log_boundaries'::regclass) LOOP \
                     EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.tab, it.conname); END LOOP; END $$",
                )
                .await?;
        }
    }
    copy(world).await
}

async fn copy(world: &World<'_>) -> Result<()> {
    for table in TABLES {
        world
            .sql(&format!(
                "DROP TABLE IF EXISTS kept_{table}; CREATE TABLE kept_{table} AS SELECT * FROM {table}"
            ))
            .await?;
    }
    Ok(())
}

async fn put_back(world: &World<'_>) -> Result<()> {
    for table in TABLES {
        world
            .sql(&format!(
                "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"
            ))
            .await?;
    }
    Ok(())
}

fn statement(world: &World<'_>, sql: &str) -> Statement {
    Statement::from_string(world.db.reader().get_database_backend(), sql)
}

/// A value of an engine's own writing.
fn literal(engine: Engine, bytes: &[u8], is_uuid: bool) -> String {
    match (engine, is_uuid) {
        (Engine::Sqlite, _) => format!("x'{}'", hex::encode(bytes)),
        (Engine::Postgres, true) => format!("'{}'::uuid", hex::encode(bytes)),
        (Engine::Postgres, false) => format!("'\\x{}'::bytea", hex::encode(bytes)),
    }
}

/// A merchant's chain with entries of several kinds, and the platform's.
async fn told(world: &World<'_>) -> Result<Vec<device_log::Model>> {
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nFREE0001,PAX,S90,,,\n"))
        .await?;
    let mut owner = world.signed_in("xiaoman").await?.at_address("192.0.2.7");
    for sn in ["NOBODYS1", "OWN10001", "OWN10001", "NOBODYS2"] {
        owner.post("/actions/register", &[("sn", sn)]).await?;
    }
    let entries = entries(world.db).await?;
    assert!(entries.iter().any(|entry| entry.chain.is_nil()));
    Ok(entries)
}

async fn entries(db: &Database) -> Result<Vec<device_log::Model>> {
    Ok(device_log::Entity::find()
        .order_by_asc(device_log::Column::Chain)
        .order_by_asc(device_log::Column::Sequence)
        .all(db.reader())
        .await?)
}
