//! Answers kept for `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): who asks twice is answered once.
//!
//! An answer may hold what is stored nowhere readable, such as a terminal's token. It is kept encrypted, and the key is made of
//! the request: only whoever can send the same request again reads it.

use super::failure::{Failure, unreadable};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::idempotency_keys::{ActiveModel, Column, Entity, Model};
use app::domain::Timestamp;
use app::error::AppError;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, SqlErr};
use sha2::{Digest, Sha256};

/// How long an answer is kept: 24 hours.
const LIFETIME_MS: i64 = Timestamp::DAY_MS;

/// After this long without an answer, the server that worked on it is no more.
const WORK_MS: i64 = 60_000;

/// Bytes of the number that a cipher may use once (RFC 8439).
const NONCE_BYTES: usize = 12;

/// A request with a key.
#[derive(Clone)]
pub struct Asked {
    principal: Vec<u8>,
    key: String,
    request: Vec<u8>,
    secret: [u8; 32],
}

impl Asked {
    /// `principal` is who asks: a token or a serial number. `request` is what is asked, and together they are what only the
    /// asker knows.
    pub fn new(principal: &[u8], key: &str, request: &[&[u8]]) -> Self {
        let digest = |tag: &[u8], parts: &[&[u8]]| -> [u8; 32] {
            let mut hash = Sha256::new();
            for part in [&[tag], parts].concat() {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
            hash.finalize().into()
        };
        let all = [&[principal], request].concat();
        Self {
            principal: digest(b"tillkeeper idempotency principal 1", &[principal]).to_vec(),
            key: key.to_owned(),
            request: digest(b"tillkeeper idempotency request 1", request).to_vec(),
            secret: digest(b"tillkeeper idempotency answer 1", &all),
        }
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.secret.into())
    }
}

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// Media type.
    pub content_type: Option<String>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What became of a request with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is the first one: do it, then [`IdempotencyService::keep`] or [`IdempotencyService::forget`].
    First,
    /// It was answered before.
    Again(Kept),
    /// The key was used for another request.
    Reused,
    /// The first one is being worked on.
    Running,
}

/// Keeps answers.
pub struct IdempotencyService {
    database: Database,
    surroundings: Surroundings,
}

impl IdempotencyService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    /// Begins a request with a key. Of several at once, one is the first.
    ///
    /// **Permissions:** whoever can send the request.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn begin(&self, asked: &Asked) -> Result<Begun, AppError> {
        Ok(self.begin_one(asked).await?)
    }

    async fn begin_one(&self, asked: &Asked) -> Result<Begun, Failure> {
        // Twice: a row that has expired makes room for this one.
        for _ in 0..2 {
            if self.insert(asked).await? {
                return Ok(Begun::First);
            }
            let Some(row) = self.row(asked).await? else {
                continue;
            };
            let now = self.surroundings.now().0;
            let given_up = row.status.is_none() && row.created_at < now - WORK_MS;
            if row.expires_at <= now || given_up {
                Entity::delete_many()
                    .filter(Column::Principal.eq(row.principal))
                    .filter(Column::Key.eq(row.key))
                    .filter(Column::CreatedAt.eq(row.created_at))
                    .exec(self.database.writer())
                    .await?;
                continue;
            }
            return found(asked, row);
        }
        Ok(Begun::Running)
    }

    /// Keeps the answer to the first request.
    ///
    /// **Permissions:** whoever could begin it.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn keep(&self, asked: &Asked, answer: &Kept) -> Result<(), AppError> {
        let nonce = self.surroundings.bytes::<NONCE_BYTES>();
        let sealed = asked
            .cipher()
            .encrypt(&Nonce::from(nonce), answer.body.as_slice())
            .map_err(|_| Failure::Broken("an answer could not be encrypted".to_owned()))?;
        Entity::update_many()
            .col_expr(Column::Status, i64::from(answer.status).into())
            .col_expr(Column::ContentType, answer.content_type.clone().into())
            .col_expr(Column::Body, [nonce.as_slice(), &sealed].concat().into())
            .filter(Column::Principal.eq(asked.principal.clone()))
            .filter(Column::Key.eq(asked.key.as_str()))
            .filter(Column::RequestHash.eq(asked.request.clone()))
            .exec(self.database.writer())
            .await
            .map_err(Failure::from)?;
        Ok(())
    }

    /// Forgets a request that came to nothing, so that it can be tried again.
    ///
    /// **Permissions:** whoever could begin it.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn forget(&self, asked: &Asked) -> Result<(), AppError> {
        Entity::delete_by_id((asked.principal.clone(), asked.key.clone()))
            .exec(self.database.writer())
            .await
            .map_err(Failure::from)?;
        Ok(())
    }

    /// Deletes the answers whose time is over; answers how many.
    ///
    /// **Permissions:** Tillkeeper itself.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn delete_expired(&self) -> Result<u64, AppError> {
        let deleted = Entity::delete_many()
            .filter(Column::ExpiresAt.lte(self.surroundings.now().0))
            .exec(self.database.writer())
            .await
            .map_err(Failure::from)?;
        Ok(deleted.rows_affected)
    }

    /// Whether the row was not there yet.
    async fn insert(&self, asked: &Asked) -> Result<bool, Failure> {
        let now = self.surroundings.now();
        let row = ActiveModel {
            principal: Set(asked.principal.clone()),
            key: Set(asked.key.clone()),
            request_hash: Set(asked.request.clone()),
            status: Set(None),
            content_type: Set(None),
            body: Set(None),
            created_at: Set(now.0),
            expires_at: Set(now.plus_ms(LIFETIME_MS).0),
        };
        match Entity::insert(row).exec_without_returning(self.database.writer()).await {
            Ok(_) => Ok(true),
            Err(error) => match error.sql_err() {
                Some(SqlErr::UniqueConstraintViolation(_)) => Ok(false),
                _ => Err(error.into()),
            },
        }
    }

    async fn row(&self, asked: &Asked) -> Result<Option<Model>, Failure> {
        Ok(Entity::find_by_id((asked.principal.clone(), asked.key.clone()))
            .one(self.database.reader())
            .await?)
    }
}

fn found(asked: &Asked, row: Model) -> Result<Begun, Failure> {
    if row.request_hash != asked.request {
        return Ok(Begun::Reused);
    }
    let (Some(status), Some(sealed)) = (row.status, row.body) else {
        return Ok(Begun::Running);
    };
    let opened = sealed
        .split_first_chunk::<NONCE_BYTES>()
        .and_then(|(nonce, sealed)| asked.cipher().decrypt(&Nonce::from(*nonce), sealed).ok());
    Ok(Begun::Again(Kept {
        status: u16::try_from(status).map_err(|_| unreadable("status"))?,
        content_type: row.content_type,
        body: opened.ok_or_else(|| unreadable("answer"))?,
    }))
}
