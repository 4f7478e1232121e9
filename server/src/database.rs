//! The connection to the database: SQLite in one file, or a PostgreSQL server, by the scheme of the URL.
//!
//! SQLite takes one writer at a time, so writing has a pool of exactly one connection whose transactions begin
//! `IMMEDIATE` (waiting happens here, in order, and never as `SQLITE_BUSY` halfway through), and reading has a pool of
//! connections that cannot write. PostgreSQL has one pool for both. What the guarantees rest on is checked after
//! connecting, and a database that does not give it is refused in a sentence.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sea_orm::prelude::Uuid;
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{Expr, ExprTrait, PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder};
use sea_orm::sqlx;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, QueryResult, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

mod postgres;
mod sqlite;

pub(crate) use sqlite::READERS_MAPPED;

/// How long to wait for a connection, or for another process's lock on the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;

/// Which database is behind a [`Database`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// One file, one server.
    Sqlite,
    /// A PostgreSQL server, any number of Tillkeeper servers.
    Postgres,
}

impl Engine {
    /// Whether a column is one of some keys. PostgreSQL is asked in the same words however many they are, so that it plans once.
    pub fn is_one_of(self, column: Expr, keys: impl IntoIterator<Item = Uuid>) -> Expr {
        match self {
            Self::Sqlite => column.is_in(keys),
            Self::Postgres => column.eq(PgFunc::any(keys.into_iter().collect::<Vec<_>>())),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// Why a database cannot be used. No message repeats the URL, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL is neither SQLite's nor PostgreSQL's.
    #[error("the database URL has {found}; it takes sqlite:<path> or postgres://<user>@<host>/<database>")]
    UnknownScheme {
        /// The scheme, or that there is none.
        found: String,
    },
    /// A SQLite URL without a path.
    #[error("the database URL names no file; write sqlite:<path>, for example sqlite:data/tillkeeper.db")]
    NoPath,
    /// A SQLite database in memory.
    #[error("a SQLite database in memory keeps nothing and cannot be shared by connections; write sqlite:<path>")]
    InMemory,
    /// Something after the `?` of a SQLite URL.
    #[error(
        "the database URL has the parameter {found}; after sqlite:<path> only mode=rwc is taken, which is the default"
    )]
    UnknownParameter {
        /// The parameter as written.
        found: String,
    },
    /// The folder for a SQLite file cannot be made.
    #[error("the folder {} for the database cannot be made: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("{what} cannot be opened: {source}")]
    Open {
        /// Which one.
        what: String,
        /// What the driver says.
        source: sqlx::Error,
    },
    /// The database works but does not give what the guarantees rest on.
    #[error("{what} is {found}; {needed} is needed")]
    Unfit {
        /// The property.
        what: &'static str,
        /// Its value.
        found: String,
        /// The value it has to have, and why.
        needed: String,
    },
}

/// An open database. Clones share the connections.
#[derive(Clone)]
pub struct Database {
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    engine: Engine,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens `sqlite:<path>` (the file and its folder are created when missing; the path is taken as written, relative
    /// to the working folder) or `postgres://…`, and checks that it is fit. Does not migrate.
    ///
    /// # Errors
    /// [`DatabaseError`], one sentence for each thing that can be wrong.
    pub async fn connect(url: &str) -> Result<Self, DatabaseError> {
        match url.split_once(':') {
            Some(("sqlite", rest)) => sqlite::connect(&sqlite::path_of(rest)?).await,
            Some(("postgres" | "postgresql", _)) => postgres::connect(url).await,
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Err(DatabaseError::UnknownScheme {
                    found: format!("the scheme {scheme}"),
                })
            }
            _ => Err(DatabaseError::UnknownScheme {
                found: "no scheme".to_owned(),
            }),
        }
    }

    /// For questions: on SQLite it cannot write.
    #[must_use]
    pub fn reader(&self) -> &DatabaseConnection {
        &self.reader
    }

    /// For single statements that write, and for migrations. Several statements belong in [`Database::begin`]. On
    /// SQLite there is one such connection: asking it while holding its transaction only times out.
    #[must_use]
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Begins a transaction that may write. On SQLite it holds the write lock from its first moment, so what it reads
    /// cannot change under it.
    ///
    /// # Errors
    /// No connection or, on SQLite, another process that kept the lock for five seconds.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let mode = match self.engine {
            Engine::Sqlite => Some(SqliteTransactionMode::Immediate),
            Engine::Postgres => None,
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: mode,
            ..TransactionOptions::default()
        };
        begun(&self.writer, options).await
    }

    /// The first rows of a statement that has no limit. How many is said in it and not bound to it: PostgreSQL plans once for
    /// a number that it knows, and each time for one that it does not.
    ///
    /// # Errors
    /// Whatever the database reports.
    pub async fn first_rows(&self, select: &SelectStatement, limit: u64) -> Result<Vec<QueryResult>, DbErr> {
        let (sql, values) = match self.engine {
            Engine::Sqlite => select.build(SqliteQueryBuilder),
            Engine::Postgres => select.build(PostgresQueryBuilder),
        };
        let sql = format!("{sql} LIMIT {limit}");
        let statement = Statement::from_sql_and_values(self.reader.get_database_backend(), sql, values.0);
        self.reader.query_all_raw(statement).await
    }

    /// Which database this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Closes every connection after its current statement; clones are closed too. On SQLite the writer goes last and
    /// moves the write-ahead log into the file.
    ///
    /// # Errors
    /// Whatever the driver reports.
    pub async fn close(self) -> Result<(), DbErr> {
        self.reader.close().await?;
        self.writer.close().await
    }
}

/// Begins a transaction to its end, also when nobody waits for it any more, such as for a browser that has gone: sqlx's
/// PostgreSQL driver forgets one that is dropped while it begins, and hands its connection on with the transaction open.
/// Source: `PgTransactionManager::begin` of sqlx-postgres 0.9, which counts it only afterwards.
pub(crate) async fn begun(on: &DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
    let on = on.clone();
    tokio::spawn(async move { on.begin_with_options(options).await })
        .await
        .map_err(|ended| DbErr::Custom(format!("beginning a transaction ended: {ended}")))?
}

#[cfg(test)]
mod tests;
