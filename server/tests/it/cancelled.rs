//! Whoever goes away while the database is at work, as a browser does that loads another page, leaves nothing behind.

use crate::support::{Outcome, TestDb};
use sea_orm::{ConnectionTrait, Statement};
use server::database::{Database, Engine};
use std::time::{Duration, Instant};

crate::on_both_engines!(a_beginning_that_nobody_waits_for_leaves_nothing_open);

async fn a_beginning_that_nobody_waits_for_leaves_nothing_open(db: &TestDb) -> Outcome {
    let onlooker = Database::connect(db.url()).await?;
    // Gone at every moment of it: timers are too coarse for that.
    for step in 0..200 {
        let patience = Duration::from_micros(step * 5);
        let begun = Instant::now();
        tokio::select! {
            biased;
            transaction = db.begin() => drop(transaction?),
            () = async { while begun.elapsed() < patience { tokio::task::yield_now().await } } => {}
        }
        let mut tries = 0;
        while left_open(&onlooker).await? > 0 {
            tries += 1;
            assert!(
                tries < 100,
                "step {step}: a connection was handed on with its transaction open"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    onlooker.close().await?;
    db.begin().await?.commit().await?;
    Ok(())
}

/// Connections that wait within a transaction. SQLite has one that writes, and beginning on it tells.
async fn left_open(onlooker: &Database) -> Result<i64, sea_orm::DbErr> {
    if onlooker.engine() == Engine::Sqlite {
        return Ok(0);
    }
    let sql = "SELECT count(*) FROM pg_stat_activity \
               WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    let reader = onlooker.reader();
    let statement = Statement::from_string(reader.get_database_backend(), sql);
    let found = reader.query_one_raw(statement).await?;
    found.map_or(Ok(0), |row| row.try_get_by_index(0))
}
