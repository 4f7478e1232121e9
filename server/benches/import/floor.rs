//! The database's own bulk load of the same rows: `COPY` in binary on PostgreSQL, `INSERT … SELECT` from an attached file
//! on SQLite, each in one transaction into the same tables with the same indexes.

use super::Result;
use super::support::TestDb;
use sea_orm::{ConnectionTrait, TransactionTrait};
use server::database::Engine;
use std::time::{Duration, Instant};

/// What the two large tables refer to, and then these.
const TABLES: [&str; 4] = ["import_batches", "log_heads", "terminals", "device_log"];

/// Loads the rows of one database into another, and tells how long the two large tables took.
pub(super) async fn bulk_load(from: &TestDb, into: &TestDb) -> Result<Duration> {
    match from.engine() {
        Engine::Sqlite => attach(from, into).await,
        Engine::Postgres => copy(from, into).await,
    }
}

async fn attach(from: &TestDb, into: &TestDb) -> Result<Duration> {
    let path = from.url().trim_start_matches("sqlite:");
    let writer = into.writer();
    writer
        .execute_unprepared(&format!("ATTACH DATABASE '{path}' AS source"))
        .await?;
    let begun = Instant::now();
    let txn = writer.begin().await?;
    for table in TABLES {
        txn.execute_unprepared(&format!("INSERT INTO main.{table} SELECT * FROM source.{table}"))
            .await?;
    }
    txn.commit().await?;
    Ok(begun.elapsed())
}

async fn copy(from: &TestDb, into: &TestDb) -> Result<Duration> {
    // The server writes and reads these files, and may be another user.
    let folder = tempfile::tempdir()?;
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
    let file = |table| folder.path().join(table).display().to_string();
    for table in TABLES {
        let copy = format!("COPY {table} TO '{}' (FORMAT binary)", file(table));
        from.writer().execute_unprepared(&copy).await?;
    }
    let begun = Instant::now();
    let txn = into.writer().begin().await?;
    for table in TABLES {
        let copy = format!("COPY {table} FROM '{}' (FORMAT binary)", file(table));
        txn.execute_unprepared(&copy).await?;
    }
    txn.commit().await?;
    Ok(begun.elapsed())
}
