//! The least that a registration takes: a transaction with the statements that it cannot do without, by hand. It looks whether
//! too many tried before, locks the terminal, the code and the merchant, counts the quota, writes terminal and code, and
//! appends two log entries. Nothing is parsed or hashed, no answer is made, and nobody asks over HTTP.

use crate::Result;
use crate::fleet::Terminal;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{PgPool, Row, SqlitePool, query};
use server::clock::Surroundings;
use server::services::codes::hash_of;
use uuid::Uuid;

/// The questions, which lock what they find where several write at the same time.
struct Questions {
    known: &'static str,
    code: &'static str,
    merchant: &'static str,
    head: &'static str,
}

macro_rules! questions {
    ($lock:literal) => {
        Questions {
            known: concat!(
                "SELECT id, lifecycle, merchant_id, model FROM terminals WHERE sn = $1 ORDER BY id",
                $lock
            ),
            code: concat!(
                "SELECT id, state, expires_at FROM activation_codes WHERE code_hash = $1",
                $lock
            ),
            merchant: concat!("SELECT state, terminal_quota FROM merchants WHERE id = $1", $lock),
            head: concat!("SELECT last_sequence, last_hash FROM log_heads WHERE chain = $1", $lock),
        }
    };
}

const SQLITE: Questions = questions!("");
const POSTGRES: Questions = questions!(" FOR NO KEY UPDATE");

const TRIED: &str = "SELECT locked_until FROM throttles WHERE ((kind = 'register.address' AND key_hash = $1) OR \
     (kind = 'register.sn' AND key_hash = $2)) AND locked_until > $3";
const USED_QUOTA: &str =
    "SELECT count(*) FROM terminals WHERE merchant_id = $1 AND lifecycle IN ('registered', 'suspended')";
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
            ($txn:expr, $questions:expr) => {{
                let (mut txn, questions) = ($txn, &$questions);
                let tried = query(TRIED)
                    .bind(&link)
                    .bind(&hash)
                    .bind(now)
                    .fetch_optional(&mut *txn)
                    .await?;
                let known = query(questions.known)
                    .bind(&terminal.sn)
                    .fetch_all(&mut *txn)
                    .await?;
                let code: Uuid = query(questions.code)
                    .bind(&hash)
                    .fetch_one(&mut *txn)
                    .await?
                    .try_get(0)?;
                let quota: i64 = query(questions.merchant)
                    .bind(terminal.merchant)
                    .fetch_one(&mut *txn)
                    .await?
                    .try_get(1)?;
                let used: i64 = query(USED_QUOTA)
                    .bind(terminal.merchant)
                    .fetch_one(&mut *txn)
                    .await?
                    .try_get(0)?;
                if tried.is_some() || known.len() != 1 || used >= quota {
                    return Err("a terminal may not register".into());
                }
                let last: i64 = query(questions.head)
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
            Pool::Sqlite(pool) => register!(pool.begin_with("BEGIN IMMEDIATE").await?, SQLITE),
            Pool::Postgres(pool) => register!(pool.begin().await?, POSTGRES),
        }
        Ok(())
    }
}
