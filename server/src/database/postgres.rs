//! Opening and checking a PostgreSQL database.

use std::str::FromStr;
use std::time::Duration;

use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{self, ConnectOptions, Connection, Executor, PgConnection, Row};

use super::{Database, DatabaseError, Engine, PATIENCE, STATEMENTS};

/// The oldest PostgreSQL that is supported, as `server_version_num`.
const MINIMUM: u32 = 130_000;
/// A connection that has been idle for longer is tried before it is used.
const IDLE: Duration = Duration::from_secs(10);

/// Connects to the server and checks it.
pub(super) async fn connect(url: &str) -> Result<Database, DatabaseError> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|source| DatabaseError::Open {
            what: "the PostgreSQL database that the URL names".to_owned(),
            source,
        })?
        .application_name("tillkeeper")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let failed = |source| DatabaseError::Open {
        what: format!(
            "the PostgreSQL database {} on {}:{}",
            options.get_database().unwrap_or("(of the user's name)"),
            options.get_host(),
            options.get_port()
        ),
        source,
    };
    // One connection by itself first: a pool would try a server that is not there until its patience ends, and then say
    // only that.
    let mut first = tokio::time::timeout(PATIENCE, options.connect())
        .await
        .unwrap_or_else(|_elapsed| Err(sqlx::Error::PoolTimedOut))
        .map_err(failed)?;
    check(&mut first).await.map_err(failed)??;
    first.close().await.map_err(failed)?;
    let cores = std::thread::available_parallelism().map_or(4, std::num::NonZero::get);
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from((cores * 4).max(10)).unwrap_or(10))
        .acquire_timeout(PATIENCE)
        .test_before_acquire(false)
        // What is asked for is a few rows out of many, by an index: as the planner comes, made for disks that turn, it would
        // rather read whole tables than fifty rows of them. The costs that it guesses for a search are high, and compiling
        // its statement or waiting for another process takes longer than answering it.
        .after_connect(|connection, _state| {
            Box::pin(async move {
                connection
                    .execute("SET jit = off; SET random_page_cost = 1.1; SET max_parallel_workers_per_gather = 0")
                    .await?;
                Ok(())
            })
        })
        .before_acquire(|connection, state| {
            Box::pin(async move {
                if state.idle_for > IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options.clone())
        .await
        .map_err(failed)?;
    let connection = SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Database {
        reader: connection.clone(),
        writer: connection,
        engine: Engine::Postgres,
    })
}

async fn check(on: &mut PgConnection) -> Result<Result<(), DatabaseError>, sqlx::Error> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num'), current_setting('server_version'), \
         current_setting('synchronous_commit'), current_setting('server_encoding')",
    )
    .fetch_one(on)
    .await?;
    let number: String = row.try_get(0)?;
    let (version, commit, encoding): (String, String, String) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
    let unfit = |what, found, needed: &str| {
        Ok(Err(DatabaseError::Unfit {
            what,
            found,
            needed: needed.to_owned(),
        }))
    };
    if number.parse::<u32>().map_or(true, |found| found < MINIMUM) {
        return unfit("the version of PostgreSQL", version, "13 or later");
    }
    if commit == "off" {
        let needed = "on, or another value that waits for the disk,";
        return unfit("synchronous_commit", commit, needed);
    }
    if encoding != "UTF8" {
        return unfit("the encoding of the database", encoding, "UTF8");
    }
    Ok(Ok(()))
}
