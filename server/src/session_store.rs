//! Sessions in the database, for tower-sessions.
//!
//! The key is a hash of the session's id, so that whoever reads the table cannot take a session over. Saving only updates:
//! a request that is still under way cannot bring back a session that was ended.

use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::sessions::{ActiveModel, Column, Entity, Model};
use app::caller::Caller;
use app::domain::Timestamp;
use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Session, SessionStore};
use uuid::Uuid;

/// Name under which a session holds its user's key.
pub const USER: &str = "user";
/// Whether the user is one of the platform's.
const PLATFORM: &str = "platform";
/// When the user signed in, Unix milliseconds.
const BEGAN: &str = "began";
/// From which address the user signed in.
const ADDRESS: &str = "address";
/// What the browser called itself then.
const USER_AGENT: &str = "user_agent";

/// How long a session lasts from sign-in, used or not: the platform's and merchants'.
const ABSOLUTE_PLATFORM_MS: i64 = 12 * 60 * 60 * 1000;
const ABSOLUTE_MERCHANT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Use is written down this many times within the time that a session may be idle, and at most every minute.
const TOUCHES: i64 = 30;
const TOUCH_MS: i64 = 60 * 1000;

/// How long a session may be idle, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionIdle {
    /// One of the platform's users.
    pub platform_ms: i64,
    /// One of a merchant's users.
    pub merchant_ms: i64,
}

/// Makes a session that of a person who has signed in. It gets another id, so that one that was begun by somebody else's
/// request is nobody's (CWE-384). Answers its name, as in [`name_of`].
///
/// # Errors
/// What the session store says.
pub async fn begin(
    session: &Session,
    caller: &Caller,
    now: Timestamp,
) -> std::result::Result<String, tower_sessions::session::Error> {
    session.cycle_id().await?;
    session.insert(USER, caller.user_id().map(|user| user.0)).await?;
    session.insert(PLATFORM, caller.role().is_platform()).await?;
    session.insert(BEGAN, now.0).await?;
    session.insert(ADDRESS, &caller.request().address).await?;
    session.insert(USER_AGENT, &caller.request().user_agent).await?;
    session.save().await?;
    Ok(session.id().as_ref().map(name_of).unwrap_or_default())
}

/// The table `sessions`.
#[derive(Clone)]
pub struct DatabaseSessions {
    database: Database,
    surroundings: Surroundings,
    idle: SessionIdle,
}

impl fmt::Debug for DatabaseSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseSessions")
    }
}

impl DatabaseSessions {
    /// Sessions in `database` that end when they were idle for so long.
    pub fn new(database: Database, surroundings: Surroundings, idle: SessionIdle) -> Self {
        Self {
            database,
            surroundings,
            idle,
        }
    }

    fn idle_of(&self, record: &Record) -> i64 {
        if is_merchants(record) {
            self.idle.merchant_ms
        } else {
            self.idle.platform_ms
        }
    }

    /// When a session that is used now ends. The record's own expiry is told by a clock that nobody injected.
    fn expiry(&self, record: &Record) -> i64 {
        let now = self.surroundings.now();
        let absolute = if is_merchants(record) {
            ABSOLUTE_MERCHANT_MS
        } else {
            ABSOLUTE_PLATFORM_MS
        };
        let last = Timestamp(began(record).unwrap_or(now.0)).plus_ms(absolute);
        now.plus_ms(self.idle_of(record)).0.min(last.0)
    }

    /// Writes down that a session is used, when that is not written down already.
    async fn touch(&self, session: &Model, record: &Record) -> Result<()> {
        let now = self.surroundings.now().0;
        if now - session.last_seen_at < (self.idle_of(record) / TOUCHES).min(TOUCH_MS) {
            return Ok(());
        }
        Entity::update_many()
            .col_expr(Column::LastSeenAt, now.into())
            .col_expr(Column::ExpiresAt, self.expiry(record).into())
            .filter(Column::IdHash.eq(session.id_hash.clone()))
            .exec(self.database.writer())
            .await
            .map_err(backend)?;
        Ok(())
    }

    /// Deletes the sessions whose time is over; answers how many.
    ///
    /// # Errors
    /// What the database says.
    pub async fn delete_expired(&self) -> std::result::Result<u64, DbErr> {
        let deleted = Entity::delete_many()
            .filter(Column::ExpiresAt.lte(self.surroundings.now().0))
            .exec(self.database.writer())
            .await?;
        Ok(deleted.rows_affected)
    }
}

fn hash_of(id: &Id) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"tillkeeper session 1");
    hash.update(id.0.to_le_bytes());
    hash.finalize().to_vec()
}

/// A name for a session, for logs and lists, which does not open it: the first 64 bits of what is kept of its id.
pub fn name_of(id: &Id) -> String {
    name_of_hash(&hash_of(id))
}

/// The same from what is kept.
pub fn name_of_hash(hash: &[u8]) -> String {
    hash.iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn user_of(record: &Record) -> Option<Uuid> {
    record.data.get(USER)?.as_str()?.parse().ok()
}

fn text_of(record: &Record, name: &str) -> Option<String> {
    Some(record.data.get(name)?.as_str()?.to_owned())
}

fn began(record: &Record) -> Option<i64> {
    record.data.get(BEGAN)?.as_i64()
}

/// Whether it is the session of a merchant's user. One that nobody has signed in to is kept as short as the platform's.
fn is_merchants(record: &Record) -> bool {
    record.data.get(PLATFORM).and_then(|platform| platform.as_bool()) == Some(false)
}

fn data_of(record: &Record) -> Result<String> {
    serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))
}

fn backend(error: DbErr) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for DatabaseSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // 128 random bits do not meet; if they did, the key would refuse the row and nothing would be shared.
        let now = self.surroundings.now().0;
        let session = ActiveModel {
            id_hash: Set(hash_of(&record.id)),
            user_id: Set(user_of(record)),
            data: Set(data_of(record)?),
            created_at: Set(began(record).unwrap_or(now)),
            last_seen_at: Set(now),
            expires_at: Set(self.expiry(record)),
            address: Set(text_of(record, ADDRESS)),
            user_agent: Set(text_of(record, USER_AGENT)),
        };
        Entity::insert(session)
            .exec_without_returning(self.database.writer())
            .await
            .map_err(backend)?;
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        Entity::update_many()
            .col_expr(Column::UserId, user_of(record).into())
            .col_expr(Column::Data, data_of(record)?.into())
            .col_expr(Column::LastSeenAt, self.surroundings.now().0.into())
            .col_expr(Column::ExpiresAt, self.expiry(record).into())
            .filter(Column::IdHash.eq(hash_of(&record.id)))
            .exec(self.database.writer())
            .await
            .map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = Entity::find_by_id(hash_of(id))
            .filter(Column::ExpiresAt.gt(self.surroundings.now().0))
            .one(self.database.reader())
            .await
            .map_err(backend)?;
        let Some(session) = found else {
            return Ok(None);
        };
        let data = serde_json::from_str(&session.data).map_err(|error| Error::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(session.expires_at) * 1_000_000)
            .map_err(|error| Error::Decode(error.to_string()))?;
        let record = Record {
            id: *id,
            data,
            expiry_date,
        };
        self.touch(&session, &record).await?;
        Ok(Some(record))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        Entity::delete_by_id(hash_of(id))
            .exec(self.database.writer())
            .await
            .map_err(backend)?;
        Ok(())
    }
}
