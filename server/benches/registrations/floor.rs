//! The least that a registration takes: a transaction that finds the code, writes the terminal, the code and two log entries, and
//! moves the head of the chain. Nothing is checked, parsed or hashed, and nobody asks over HTTP.

use crate::Result;
use crate::fleet::Terminal;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{PgPool, Row, SqlitePool, query};
use server::clock::Surroundings;
use server::services::codes::hash_of;
use uuid::Uuid;

const CODE: &str = "SELECT id, state, expires_at FROM activation_codes WHERE code_hash = $1";
const CODE_LOCKED: &str = "SELECT id, state, expires_at FROM activation_codes WHERE code_hash = $1 FOR NO KEY UPDATE";
const HEAD: &str = "SELECT last_sequence FROM log_heads WHERE chain = $1";
const HEAD_LOCKED: &str = "SELECT last_sequence FROM log_heads WHERE chain = $1 FOR NO KEY UPDATE";
const TERMINAL: &str = "UPDATE terminals SET lifecycle = 'registered', registered_at = $1, token_hash = $2, \
     token_issued_at = $1, updated_at = $1 WHERE id = $3 AND lifecycle = 'awaiting'";
const USED: &str = "UPDATE activation_codes SET state = 'consumed', ended_at = $1 WHERE id = $2";
const ENTRIES: &str = "INSERT INTO device_log (id, chain, sequence, occurred_at, received_at, sn_sent, sn_normalized, \
     terminal_id, merchant_id, kind, outcome, actor_kind, actor_id, address, correlation_id, detail, bytes, hash) VALUES \
     ($1, $2, $3, $4, $4, $5, $5, $6, $2, 'code.consumed', 'info', 'terminal', $6, '127.0.0.1', 'x', '{}', $7, $8), \
     ($9, $2, $10, $4, $4, $5, $5, $6, $2, 'registration.succeeded', 'success', 'terminal', $6, '127.0.0.1', 'x', \
     '{}', $7, $8)";
const MOVED: &str = "UPDATE log_heads SET last_sequence = $1, last_hash = $2 WHERE chain = $3";

/// Bytes that an entry's hash is taken of.
const ENTRY_BYTES: usize = 400;

/// Connections as the product has them.
#[derive(Clone)]
pub(crate) struct Floor {
    surroundings: Surroundings,
    pool: Pool,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Floor {
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        let pool = match url.strip_prefix("sqlite:") {
            Some(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(std::time::Duration::from_secs(5))
                    .pragma("recursive_triggers", "ON")
                    .pragma("cache_size", "-16000")
                    .pragma("mmap_size", "268435456");
                Pool::Sqlite(
                    SqlitePoolOptions::new()
                        .max_connections(1)
                        .connect_with(options)
                        .await?,
                )
            }
            None => {
                let options: PgConnectOptions = url.parse()?;
                Pool::Postgres(PgPoolOptions::new().max_connections(10).connect_with(options).await?)
            }
        };
        Ok(Self {
            surroundings: Surroundings::system(),
            pool,
        })
    }

    /// One registration, on disk.
    pub(crate) async fn register(&self, terminal: &Terminal) -> Result<()> {
        let now = self.surroundings.now().0;
        let hash = hash_of(&terminal.code);
        let token: Vec<u8> = self.surroundings.bytes::<32>().to_vec();
        let (bytes, link) = (vec![7_u8; ENTRY_BYTES], vec![7_u8; 32]);
        let (first, second) = (self.surroundings.new_id(), self.surroundings.new_id());
        macro_rules! register {
            ($txn:expr, $code:expr, $head:expr) => {{
                let mut txn = $txn;
                let code: Uuid = query($code).bind(&hash).fetch_one(&mut *txn).await?.try_get(0)?;
                let last: i64 = query($head)
                    .bind(terminal.merchant)
                    .fetch_one(&mut *txn)
                    .await?
                    .try_get(0)?;
                let written = query(TERMINAL)
                    .bind(now)
                    .bind(&token)
                    .bind(terminal.id)
                    .execute(&mut *txn)
                    .await?;
                if written.rows_affected() != 1 {
                    return Err("a terminal did not wait".into());
                }
                query(USED).bind(now).bind(code).execute(&mut *txn).await?;
                query(ENTRIES)
                    .bind(first)
                    .bind(terminal.merchant)
                    .bind(last + 1)
                    .bind(now)
                    .bind(&terminal.sn)
                    .bind(terminal.id)
                    .bind(&bytes)
                    .bind(&link)
                    .bind(second)
                    .bind(last + 2)
                    .execute(&mut *txn)
                    .await?;
                query(MOVED)
                    .bind(last + 2)
                    .bind(&link)
                    .bind(terminal.merchant)
                    .execute(&mut *txn)
                    .await?;
                txn.commit().await?;
            }};
        }
        match &self.pool {
            Pool::Sqlite(pool) => register!(pool.begin_with("BEGIN IMMEDIATE").await?, CODE, HEAD),
            Pool::Postgres(pool) => register!(pool.begin().await?, CODE_LOCKED, HEAD_LOCKED),
        }
        Ok(())
    }
}
