//! Opening and checking a SQLite file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sea_orm::SqlxSqliteConnector;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{self, AssertSqlSafe, ConnectOptions, Row, SqlitePool};

use super::{Database, DatabaseError, Engine, PATIENCE, STATEMENTS};

/// The oldest SQLite whose WAL mode keeps every commit with more than one connection.
/// Source: SQLite's release notes of 3.51.3 (the WAL-reset bug).
const MINIMUM: (u32, u32, u32) = (3, 51, 3);
/// Bytes of the file that a connection reads where they lie. A reader may have as much as SQLite takes, so that rows from
/// everywhere in a large file are not copied page by page; the writer, which reads little, has less.
/// Source: SQLite's `SQLITE_MAX_MMAP_SIZE`.
const MAPPED: u32 = 256 * 1024 * 1024;
/// The same for readers.
pub(crate) const READERS_MAPPED: u32 = 0x7fff_0000;
/// How long between two attempts to open a file that another process is just creating.
const RETRY: Duration = Duration::from_millis(50);

/// Opens the file, making it and its folder when missing, and checks it.
pub(super) async fn connect(path: &Path) -> Result<Database, DatabaseError> {
    if let Some(folder) = path.parent().filter(|folder| *folder != Path::new("")) {
        make_folder(folder).await.map_err(|source| DatabaseError::Folder {
            path: folder.to_owned(),
            source,
        })?;
    }
    let failed = |source| DatabaseError::Open {
        what: format!("the SQLite file {}", path.display()),
        source,
    };
    let writer = open_writer(options(path)).await.map_err(failed)?;
    let readers = std::thread::available_parallelism().map_or(4, |cores| cores.get() * 2);
    let reader = pool(u32::try_from(readers.max(4)).unwrap_or(4))
        .connect_with(readers_options(path))
        .await
        .map_err(failed)?;
    check(&writer, "0").await.map_err(failed)??;
    check(&reader, "1").await.map_err(failed)??;
    Ok(Database {
        reader: SqlxSqliteConnector::from_sqlx_sqlite_pool(reader),
        writer: SqlxSqliteConnector::from_sqlx_sqlite_pool(writer),
        engine: Engine::Sqlite,
    })
}

/// The file that the part of a URL after `sqlite:` names.
pub(super) fn path_of(rest: &str) -> Result<PathBuf, DatabaseError> {
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let (path, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    if path == ":memory:" || parameters.contains("mode=memory") {
        return Err(DatabaseError::InMemory);
    }
    if !matches!(parameters, "" | "mode=rwc") {
        return Err(DatabaseError::UnknownParameter {
            found: parameters.to_owned(),
        });
    }
    if path.is_empty() {
        return Err(DatabaseError::NoPath);
    }
    Ok(PathBuf::from(path))
}

/// Makes the folder, readable for this user only where the system has such a thing.
async fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = tokio::fs::DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    builder.recursive(true).create(folder).await
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .statement_cache_capacity(STATEMENTS)
        // Without it `INSERT OR REPLACE` deletes past the append-only triggers.
        .pragma("recursive_triggers", "ON")
        .pragma("temp_store", "MEMORY")
        // KiB when negative.
        .pragma("cache_size", "-16000")
        .pragma("mmap_size", MAPPED.to_string())
        .disable_statement_logging()
}

fn readers_options(path: &Path) -> SqliteConnectOptions {
    options(path)
        .pragma("query_only", "ON")
        .pragma("mmap_size", READERS_MAPPED.to_string())
}

/// A pool that keeps its connections: opening one costs its caches, and a file does not time out.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Opens the one connection that writes. Turning a fresh file to WAL needs a lock that SQLite does not wait for, so two
/// servers that start together on no file take turns here.
async fn open_writer(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let mut waited = Duration::ZERO;
    loop {
        match pool(1).connect_with(options.clone()).await {
            Err(error) if is_busy(&error) && waited < PATIENCE => {
                tokio::time::sleep(RETRY).await;
                waited += RETRY;
            }
            outcome => return outcome,
        }
    }
}

/// Whether another connection holds a lock: `SQLITE_BUSY` in any of its extended forms.
/// Source: <https://www.sqlite.org/rescode.html#busy>
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: u32 = 5;
    error
        .as_database_error()
        .and_then(|error| error.code())
        .and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

async fn check(on: &SqlitePool, query_only: &str) -> Result<Result<(), DatabaseError>, sqlx::Error> {
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(on).await?;
    if let Err(refusal) = check_version(&version) {
        return Ok(Err(refusal));
    }
    let expected = [
        ("journal_mode", "wal"),
        ("foreign_keys", "1"),
        ("synchronous", "2"),
        ("recursive_triggers", "1"),
        ("query_only", query_only),
    ];
    for (pragma, needed) in expected {
        let row = sqlx::query(AssertSqlSafe(format!("PRAGMA {pragma}")))
            .fetch_one(on)
            .await?;
        let found: String = row.try_get_unchecked(0)?;
        if found != needed {
            return Ok(Err(DatabaseError::Unfit {
                what: pragma,
                found,
                needed: needed.to_owned(),
            }));
        }
    }
    Ok(Ok(()))
}

pub(super) fn check_version(found: &str) -> Result<(), DatabaseError> {
    let mut parts = found.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    if (next(), next(), next()) >= MINIMUM {
        return Ok(());
    }
    let (major, minor, patch) = MINIMUM;
    Err(DatabaseError::Unfit {
        what: "the version of SQLite",
        found: found.to_owned(),
        needed: format!("{major}.{minor}.{patch} or later, which loses no commit in WAL mode,"),
    })
}
