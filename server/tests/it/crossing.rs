//! Somebody who holds rows, and comes to want others that whoever waits for the first may hold.

use crate::support::{Outcome, TestDb};
use crate::world::Result;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use std::time::Duration;

/// Holds what one statement locks; what it answers with does the same with what another locks as soon as somebody waits,
/// and lets go. PostgreSQL only; it is not the one whom a deadlock ends.
pub(crate) async fn holding(db: &TestDb, first: &str, second: &str) -> Result<impl Future<Output = Outcome>> {
    let own = db.writer().begin().await?;
    own.execute_unprepared("SET LOCAL deadlock_timeout = '30s'").await?;
    own.execute_unprepared(first).await?;
    let waits = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waits = Statement::from_string(DbBackend::Postgres, waits);
    let cross = async move {
        // Asked outside of the transaction, in which the answer would stay the same.
        while db.reader().query_one_raw(waits.clone()).await?.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        own.execute_unprepared(second).await?;
        own.commit().await
    };
    Ok(async { Ok(tokio::time::timeout(Duration::from_secs(60), cross).await??) })
}
