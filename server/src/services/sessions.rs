//! A person's own sessions: what is open, and ending it.

use super::audit::{self, AuditEntry};
use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::sessions::{Column, Entity, Model};
use crate::session_store::name_of_hash;
use app::backend::sessions::{OpenSession, Sessions};
use app::caller::Caller;
use app::domain::{AuditAction, TargetKind, Timestamp, UserId};
use app::error::AppError;
use async_trait::async_trait;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use std::cmp::Reverse;

/// Answers [`Sessions`].
pub struct SessionService {
    database: Database,
    surroundings: Surroundings,
}

/// Ends the sessions of a user as part of a change of rights or of the password, but for the one that is named. Answers how
/// many.
///
/// # Errors
/// What the database says.
pub async fn end_all(connection: &impl ConnectionTrait, user: UserId, except: Option<&str>) -> Result<u64, DbErr> {
    let open = Entity::find().filter(Column::UserId.eq(user.0)).all(connection).await?;
    let ended = open
        .into_iter()
        .map(|session| session.id_hash)
        .filter(|hash| except != Some(name_of_hash(hash).as_str()));
    let deleted = Entity::delete_many()
        .filter(Column::IdHash.is_in(ended))
        .exec(connection)
        .await?;
    Ok(deleted.rows_affected)
}

impl SessionService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn open(&self, connection: &impl ConnectionTrait, caller: &Caller) -> Result<Vec<Model>, DbErr> {
        let Some(user) = caller.user_id() else {
            return Ok(Vec::new());
        };
        Entity::find()
            .filter(Column::UserId.eq(user.0))
            .filter(Column::ExpiresAt.gt(self.surroundings.now().0))
            .order_by_desc(Column::LastSeenAt)
            .all(connection)
            .await
    }

    async fn listed(&self, caller: &Caller) -> Result<Vec<OpenSession>, Failure> {
        let rows = self.open(self.database.reader(), caller).await?;
        let mut sessions: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let name = name_of_hash(&row.id_hash);
                OpenSession {
                    own: caller.request().session.as_ref() == Some(&name),
                    name,
                    user_agent: row.user_agent,
                    address: row.address,
                    since: Timestamp(row.created_at),
                    last_seen: Timestamp(row.last_seen_at),
                }
            })
            .collect();
        sessions.sort_by_key(|session| Reverse(session.own));
        Ok(sessions)
    }

    /// Ends those of the caller's sessions that `chosen` takes by name, with an entry of the audit log for each.
    async fn end_chosen(&self, caller: &Caller, chosen: impl Fn(&str) -> bool) -> Result<u64, Failure> {
        let txn = self.database.begin().await?;
        let mut ended = 0;
        for row in self.open(&txn, caller).await? {
            let name = name_of_hash(&row.id_hash);
            if !chosen(&name) {
                continue;
            }
            ended += Entity::delete_by_id(row.id_hash).exec(&txn).await?.rows_affected;
            let entry = AuditEntry::of(caller, AuditAction::SessionEnded).on(TargetKind::Session, name);
            audit::record(&txn, &self.surroundings, entry).await?;
        }
        txn.commit().await?;
        Ok(ended)
    }
}

#[async_trait]
impl Sessions for SessionService {
    async fn list(&self, caller: &Caller) -> Result<Vec<OpenSession>, AppError> {
        Ok(self.listed(caller).await?)
    }

    async fn end(&self, caller: &Caller, name: &str) -> Result<(), AppError> {
        match self.end_chosen(caller, |open| open == name).await? {
            0 => Err(AppError::NotFound),
            _ => Ok(()),
        }
    }

    async fn end_others(&self, caller: &Caller) -> Result<u64, AppError> {
        let own = caller.request().session.clone();
        Ok(self.end_chosen(caller, |open| own.as_deref() != Some(open)).await?)
    }
}
