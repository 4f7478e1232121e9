//! SQLite files beside the one in use: looking into one, and writing one so that it is there whole or not at all.

use super::failure::Failure;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{self, ConnectOptions, Connection, SqliteConnection};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for another process's lock.
const PATIENCE: Duration = Duration::from_secs(1);

/// `path` with `suffix` behind its name, in the same folder.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Checks that the file is a whole SQLite database of Tillkeeper's.
pub(super) async fn check(path: &Path, shown: &Path) -> Result<(), Failure> {
    let no = |what: String| Failure::failed(format!("{} {what}.", shown.display()));
    let mut connection = open(path)
        .await
        .map_err(|error| no(format!("cannot be opened as a SQLite database: {error}")))?;
    let problems: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_all(&mut connection)
        .await
        .map_err(|error| no(format!("is no SQLite database: {error}")))?;
    if problems != ["ok"] {
        return Err(no(format!("is damaged: {}", problems.join(", "))));
    }
    let tables: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('seaql_migrations', 'terminals', 'device_log')",
    )
    .fetch_one(&mut connection)
    .await
    .map_err(|error| no(format!("cannot be read: {error}")))?;
    if tables != 3 {
        return Err(no("is a SQLite database, but not one of Tillkeeper".to_owned()));
    }
    connection
        .close()
        .await
        .map_err(|error| no(format!("cannot be closed: {error}")))
}

/// Checks that no other process has the database open. One that cannot be opened at all is in nobody's use.
pub(super) async fn check_unused(path: &Path) -> Result<(), Failure> {
    match lock(path).await {
        Err(error) if is_busy(&error) => Err(Failure::failed(format!(
            "{} is in use; stop the server first.",
            path.display()
        ))),
        _ => Ok(()),
    }
}

/// Takes the whole database for a moment: in WAL mode that is granted to the only connection there is.
async fn lock(path: &Path) -> Result<(), sqlx::Error> {
    let mut connection = open(path).await?;
    for statement in ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE", "COMMIT"] {
        sqlx::query(statement).execute(&mut connection).await?;
    }
    connection.close().await
}

/// Whether another connection holds a lock: `SQLITE_BUSY` in any of its extended forms.
/// Source: <https://www.sqlite.org/rescode.html#busy>
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

async fn open(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
        .connect()
        .await
}

/// Puts `part` in the place of `path`, so that after a power failure one of the two is there whole.
pub(super) fn put_in_place(part: &Path, path: &Path) -> io::Result<()> {
    File::open(part)?.sync_all()?;
    std::fs::rename(part, path)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
