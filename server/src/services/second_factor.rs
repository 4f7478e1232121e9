//! The second step of signing in: time-based codes (RFC 6238) and recovery codes.

mod check;
mod recovery;

use super::audit::{self, AuditEntry};
use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{second_factors, sessions, users};
use app::backend::second_factor::{Enrolment, FactorState, SecondFactor};
use app::caller::{Caller, PlatformAdmin};
use app::domain::{AuditAction, FactorCode, Login, MerchantId, RecoveryCode, TargetKind, Timestamp, UserId};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, ModelTrait, QueryFilter,
    QuerySelect,
};
use second_factors::Column;
use serde_json::json;
use totp_rs::{Builder, Totp};
use uuid::Uuid;

/// How long a secret that was shown waits to be confirmed: 30 minutes.
const BEGUN_MS: i64 = 30 * 60 * 1000;

/// Who an authenticator app says the codes are for.
const ISSUER: &str = "Tillkeeper";

/// Answers [`SecondFactor`].
pub struct SecondFactorService {
    database: Database,
    surroundings: Surroundings,
}

impl SecondFactorService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    /// Whether a user has to show a code to sign in.
    ///
    /// **Permissions:** whoever has given that user's password, or is that user.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn is_on(&self, user: UserId) -> Result<bool, AppError> {
        let found = second_factors::Entity::find_by_id(user.0)
            .filter(Column::ConfirmedAt.is_not_null())
            .one(self.database.reader())
            .await
            .map_err(Failure::from)?;
        Ok(found.is_some())
    }

    async fn state(&self, user: Uuid) -> Result<FactorState, Failure> {
        let reader = self.database.reader();
        let Some(factor) = second_factors::Entity::find_by_id(user).one(reader).await? else {
            return Ok(FactorState::Off);
        };
        if let Some(since) = factor.confirmed_at {
            let left = recovery::left(reader, user).await?;
            return Ok(FactorState::On {
                since: Timestamp(since),
                recovery_codes: left,
            });
        }
        if self.is_stale(&factor) {
            return Ok(FactorState::Off);
        }
        let login = users::Entity::find_by_id(user).one(reader).await?;
        let login = login.map(|user| user.login).unwrap_or_default();
        let totp = totp(&factor.secret, &login)?;
        Ok(FactorState::Begun(Enrolment {
            secret: totp.secret().to_base32(),
            uri: totp.to_url().map_err(broken)?,
        }))
    }

    /// Whether a secret has waited too long to be confirmed.
    fn is_stale(&self, factor: &second_factors::Model) -> bool {
        factor.confirmed_at.is_none() && factor.created_at + BEGUN_MS <= self.surroundings.now().0
    }

    async fn start(&self, user: Uuid) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        if let Some(factor) = locked(&txn, user).await? {
            if factor.confirmed_at.is_some() {
                return Err(Invalid::FactorIsOn.into());
            }
            factor.delete(&txn).await?;
        }
        let secret: [u8; 20] = self.surroundings.bytes();
        second_factors::ActiveModel {
            user_id: Set(user),
            secret: Set(secret.to_vec()),
            created_at: Set(self.surroundings.now().0),
            confirmed_at: Set(None),
            last_step: Set(None),
            tries: Set(0),
            tries_since: Set(0),
        }
        .insert(&txn)
        .await?;
        txn.commit().await?;
        Ok(())
    }

    async fn finish(&self, by: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, Failure> {
        let action = AuditAction::SecondFactorEnabled;
        let user = own(by)?.0;
        let txn = self.database.begin().await?;
        let factor = locked(&txn, user).await?.filter(|factor| !self.is_stale(factor));
        let factor = factor.ok_or(Invalid::FactorIsOff)?;
        if factor.confirmed_at.is_some() {
            return Err(Invalid::FactorIsOn.into());
        }
        let (txn, factor) = self.counted(txn, factor, by, action).await?;
        let step = match code {
            Some(FactorCode::App(digits)) => self.step_of(&factor, digits)?,
            _ => None,
        };
        let Some(step) = step else {
            return self
                .refuse(txn, by, action, AppError::Invalid(Invalid::CodeWrong))
                .await;
        };
        let mut changed = second_factors::ActiveModel::from(factor);
        changed.confirmed_at = Set(Some(self.surroundings.now().0));
        changed.last_step = Set(Some(step));
        changed.tries = Set(0);
        changed.update(&txn).await?;
        let codes = recovery::replace(&txn, &self.surroundings, user).await?;
        audit::record(
            &txn,
            &self.surroundings,
            switched(AuditEntry::of(by, action), true).on(TargetKind::User, by.login()),
        )
        .await?;
        txn.commit().await?;
        Ok(codes)
    }

    async fn renew_codes(&self, by: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, Failure> {
        let action = AuditAction::SecondFactorCodesRenewed;
        let (txn, factor) = self.with_code(by, code, action).await?;
        let codes = recovery::replace(&txn, &self.surroundings, factor.user_id).await?;
        audit::record(
            &txn,
            &self.surroundings,
            AuditEntry::of(by, action).on(TargetKind::User, by.login()),
        )
        .await?;
        txn.commit().await?;
        Ok(codes)
    }

    async fn turn_off(&self, by: &Caller, code: Option<&FactorCode>) -> Result<(), Failure> {
        let action = AuditAction::SecondFactorDisabled;
        let (txn, factor) = self.with_code(by, code, action).await?;
        audit::record(
            &txn,
            &self.surroundings,
            switched(AuditEntry::of(by, action), false).on(TargetKind::User, by.login()),
        )
        .await?;
        remove(&txn, factor).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn take_away(&self, by: PlatformAdmin<'_>, login: &Login) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let user = users::Entity::find()
            .filter(users::Column::Login.eq(login.as_str()))
            .lock(LockType::NoKeyUpdate)
            .one(&txn)
            .await?;
        let user = user.ok_or(AppError::NotFound)?;
        if by.user_id() == Some(UserId(user.id)) {
            return Err(Invalid::OwnAccount.into());
        }
        let mut entry = AuditEntry::of(&by, AuditAction::SecondFactorDisabled)
            .concerning(user.merchant_id.map(MerchantId))
            .on(TargetKind::User, login);
        if let Some(factor) = locked(&txn, user.id).await? {
            remove(&txn, factor).await?;
            entry = switched(entry, false);
        }
        audit::record(&txn, &self.surroundings, entry).await?;
        sessions::Entity::delete_many()
            .filter(sessions::Column::UserId.eq(user.id))
            .exec(&txn)
            .await?;
        txn.commit().await?;
        Ok(())
    }
}

/// Whose second step it is. The command line has none.
fn own(caller: &Caller) -> Result<UserId, AppError> {
    caller.user_id().ok_or(AppError::Forbidden)
}

/// Six digits every 30 seconds by HMAC-SHA-1, which is what every authenticator app takes; a step early or late will do.
fn totp(secret: &[u8], login: &str) -> Result<Totp, Failure> {
    Builder::new()
        .with_secret(secret.to_vec())
        .with_skew(1)
        // A colon divides issuer and account in the address.
        .with_account_name(login.replace(':', "."))
        .with_issuer(Some(ISSUER))
        .build()
        .map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Broken(format!("second factor: {error}"))
}

/// The entry with the state before and after.
fn switched(entry: AuditEntry, on: bool) -> AuditEntry {
    let state = |on: bool| Some(json!({ "second_step": on }));
    entry.changed(state(!on), state(on))
}

async fn locked(txn: &DatabaseTransaction, user: Uuid) -> Result<Option<second_factors::Model>, Failure> {
    Ok(second_factors::Entity::find_by_id(user)
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?)
}

async fn remove(txn: &DatabaseTransaction, factor: second_factors::Model) -> Result<(), Failure> {
    recovery::delete(txn, factor.user_id).await?;
    factor.delete(txn).await?;
    Ok(())
}

#[async_trait]
impl SecondFactor for SecondFactorService {
    async fn get(&self, caller: &Caller) -> Result<FactorState, AppError> {
        Ok(self.state(own(caller)?.0).await?)
    }

    async fn begin(&self, caller: &Caller) -> Result<(), AppError> {
        Ok(self.start(own(caller)?.0).await?)
    }

    async fn confirm(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, AppError> {
        Ok(self.finish(caller, code).await?)
    }

    async fn renew(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, AppError> {
        Ok(self.renew_codes(caller, code).await?)
    }

    async fn delete(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<(), AppError> {
        Ok(self.turn_off(caller, code).await?)
    }

    async fn reset(&self, by: PlatformAdmin<'_>, login: &Login) -> Result<(), AppError> {
        Ok(self.take_away(by, login).await?)
    }
}
