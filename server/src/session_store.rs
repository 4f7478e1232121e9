//! Sessions in the database, for tower-sessions.
//!
//! The key is a hash of the session's id, so that whoever reads the table cannot take a session over. Saving only updates:
//! a request that is still under way cannot bring back a session that was ended.

use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::sessions::{ActiveModel, Column, Entity};
use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};
use time::OffsetDateTime;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use uuid::Uuid;

/// Name under which a session holds its user's key.
pub const USER: &str = "user";

/// The table `sessions`.
#[derive(Clone)]
pub struct DatabaseSessions {
    database: Database,
    surroundings: Surroundings,
    lifetime: time::Duration,
}

impl fmt::Debug for DatabaseSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseSessions")
    }
}

impl DatabaseSessions {
    /// Sessions in `database` that end `lifetime` after they were last changed.
    pub fn new(database: Database, surroundings: Surroundings, lifetime: time::Duration) -> Self {
        Self {
            database,
            surroundings,
            lifetime,
        }
    }

    /// When a session that is changed now ends. The record's own expiry is told by a clock that nobody injected.
    fn expiry(&self) -> i64 {
        let lifetime = i64::try_from(self.lifetime.whole_milliseconds()).unwrap_or(i64::MAX);
        self.surroundings.now().plus_ms(lifetime).0
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
            created_at: Set(now),
            last_seen_at: Set(now),
            expires_at: Set(self.expiry()),
            address: Set(None),
            user_agent: Set(None),
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
            .col_expr(Column::ExpiresAt, self.expiry().into())
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
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date,
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        Entity::delete_by_id(hash_of(id))
            .exec(self.database.writer())
            .await
            .map_err(backend)?;
        Ok(())
    }
}
