//! The second step of signing in: time-based codes (RFC 6238) and recovery codes.

use super::audit::{self, AuditEntry};
use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{recovery_codes, second_factors, sessions, users};
use app::backend::second_factor::{Enrolment, FactorState, SecondFactor};
use app::caller::{Caller, PlatformAdmin, RequestInfo};
use app::domain::{AuditAction, FactorCode, Login, RecoveryCode, TargetKind, Timestamp, UserId};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, ModelTrait, PaginatorTrait,
    QueryFilter, QuerySelect,
};
use second_factors::Column;
use sha2::{Digest, Sha256};
use totp_rs::{Builder, Totp};
use uuid::Uuid;

/// Codes that may be tried in [`TRIES_MS`], right or wrong, from everywhere together.
const TRIES: i64 = 5;

/// Five minutes.
const TRIES_MS: i64 = 5 * 60 * 1000;

/// How long a secret that was shown waits to be confirmed: 30 minutes.
const BEGUN_MS: i64 = 30 * 60 * 1000;

/// Who an authenticator app says the codes are for.
const ISSUER: &str = "Tillkeeper";

/// What kind of code was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// One of an authenticator app.
    App,
    /// A recovery code, which is used up.
    Recovery,
}

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

    /// Checks the code of a user who signs in.
    ///
    /// **Permissions:** whoever has given that user's password.
    ///
    /// # Errors
    /// [`Invalid::CodeWrong`], [`Invalid::FactorTries`], [`Invalid::FactorIsOff`].
    pub async fn check(
        &self,
        request: &RequestInfo,
        user: UserId,
        code: Option<&FactorCode>,
    ) -> Result<Checked, AppError> {
        Ok(self.take(request, user, code).await?)
    }

    async fn take(&self, request: &RequestInfo, user: UserId, code: Option<&FactorCode>) -> Result<Checked, Failure> {
        let (txn, _, checked) = self.with_code(user, code).await?;
        if checked == Checked::Recovery {
            let login = users::Entity::find_by_id(user.0).one(&txn).await?;
            let login = login.map(|user| user.login).unwrap_or_default();
            let entry = AuditEntry::by_login(&login, request, AuditAction::SecondFactorUsedRecovery);
            audit::record(&txn, &self.surroundings, entry.on(TargetKind::User, &login)).await?;
        }
        txn.commit().await?;
        Ok(checked)
    }

    async fn state(&self, user: Uuid) -> Result<FactorState, Failure> {
        let reader = self.database.reader();
        let Some(factor) = second_factors::Entity::find_by_id(user).one(reader).await? else {
            return Ok(FactorState::Off);
        };
        if let Some(since) = factor.confirmed_at {
            let left = recovery_codes::Entity::find()
                .filter(recovery_codes::Column::UserId.eq(user))
                .filter(recovery_codes::Column::UsedAt.is_null())
                .count(reader)
                .await?;
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
        let user = own(by)?.0;
        let txn = self.database.begin().await?;
        let factor = locked(&txn, user).await?.filter(|factor| !self.is_stale(factor));
        let factor = factor.ok_or(Invalid::FactorIsOff)?;
        if factor.confirmed_at.is_some() {
            return Err(Invalid::FactorIsOn.into());
        }
        let factor = match self.count(&txn, factor).await? {
            Ok(factor) => factor,
            Err(refused) => return Err(refused.into()),
        };
        let step = match code {
            Some(FactorCode::App(digits)) => self.step_of(&factor, digits)?,
            _ => None,
        };
        let Some(step) = step else {
            // The try counts.
            txn.commit().await?;
            return Err(Invalid::CodeWrong.into());
        };
        let mut changed = second_factors::ActiveModel::from(factor);
        changed.confirmed_at = Set(Some(self.surroundings.now().0));
        changed.last_step = Set(Some(step));
        changed.tries = Set(0);
        changed.update(&txn).await?;
        let codes = self.new_codes(&txn, user).await?;
        let entry = AuditEntry::of(by, AuditAction::SecondFactorEnabled).on(TargetKind::User, by.login());
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(codes)
    }

    /// Checks a code. The transaction in which it was taken is the caller's to go on with and to commit.
    async fn with_code(
        &self,
        user: UserId,
        code: Option<&FactorCode>,
    ) -> Result<(DatabaseTransaction, second_factors::Model, Checked), Failure> {
        let txn = self.database.begin().await?;
        let factor = locked(&txn, user.0).await?;
        let factor = factor.filter(|factor| factor.confirmed_at.is_some());
        let factor = factor.ok_or(Invalid::FactorIsOff)?;
        let factor = match self.count(&txn, factor).await? {
            Ok(factor) => factor,
            Err(refused) => return Err(refused.into()),
        };
        let checked = match code {
            Some(FactorCode::App(digits)) => self.take_step(&txn, factor, digits).await?,
            Some(FactorCode::Recovery(code)) => self.take_recovery(&txn, factor, code).await?,
            None => None,
        };
        let Some((factor, checked)) = checked else {
            // The try counts.
            txn.commit().await?;
            return Err(Invalid::CodeWrong.into());
        };
        Ok((txn, factor, checked))
    }

    /// Counts a try before it is made, so that tries at the same time count as many.
    async fn count(
        &self,
        txn: &DatabaseTransaction,
        factor: second_factors::Model,
    ) -> Result<Result<second_factors::Model, Invalid>, Failure> {
        let now = self.surroundings.now().0;
        let (tries, since) = if factor.tries_since + TRIES_MS <= now {
            (0, now)
        } else {
            (factor.tries, factor.tries_since)
        };
        if tries >= TRIES {
            return Ok(Err(Invalid::FactorTries));
        }
        let mut changed = second_factors::ActiveModel::from(factor);
        changed.tries = Set(tries + 1);
        changed.tries_since = Set(since);
        Ok(Ok(changed.update(txn).await?))
    }

    /// The time step whose code `digits` is, when it is one of now or a step beside and none up to it was taken before.
    fn step_of(&self, factor: &second_factors::Model, digits: &str) -> Result<Option<i64>, Failure> {
        let seconds = u64::try_from(self.surroundings.now().0 / 1000).unwrap_or_default();
        let step = totp(&factor.secret, "")?.check(digits, seconds);
        let step = step.and_then(|step| i64::try_from(step).ok());
        Ok(step.filter(|step| factor.last_step.is_none_or(|last| *step > last)))
    }

    async fn take_step(
        &self,
        txn: &DatabaseTransaction,
        factor: second_factors::Model,
        digits: &str,
    ) -> Result<Option<(second_factors::Model, Checked)>, Failure> {
        let Some(step) = self.step_of(&factor, digits)? else {
            return Ok(None);
        };
        let mut changed = second_factors::ActiveModel::from(factor);
        changed.last_step = Set(Some(step));
        changed.tries = Set(0);
        Ok(Some((changed.update(txn).await?, Checked::App)))
    }

    async fn take_recovery(
        &self,
        txn: &DatabaseTransaction,
        factor: second_factors::Model,
        code: &RecoveryCode,
    ) -> Result<Option<(second_factors::Model, Checked)>, Failure> {
        let found = recovery_codes::Entity::find_by_id((factor.user_id, hash_of(factor.user_id, code)))
            .filter(recovery_codes::Column::UsedAt.is_null())
            .one(txn)
            .await?;
        let Some(code) = found else {
            return Ok(None);
        };
        let mut used = recovery_codes::ActiveModel::from(code);
        used.used_at = Set(Some(self.surroundings.now().0));
        used.update(txn).await?;
        let mut changed = second_factors::ActiveModel::from(factor);
        changed.tries = Set(0);
        Ok(Some((changed.update(txn).await?, Checked::Recovery)))
    }

    /// Makes the recovery codes; those of before are gone.
    async fn new_codes(&self, txn: &DatabaseTransaction, user: Uuid) -> Result<Vec<RecoveryCode>, Failure> {
        delete_codes(txn, user).await?;
        let codes: Vec<RecoveryCode> = (0..RecoveryCode::COUNT)
            .map(|_| RecoveryCode::from_entropy(self.surroundings.bytes()))
            .collect();
        let rows = codes.iter().map(|code| recovery_codes::ActiveModel {
            user_id: Set(user),
            code_hash: Set(hash_of(user, code)),
            used_at: Set(None),
        });
        recovery_codes::Entity::insert_many(rows)
            .exec_without_returning(txn)
            .await?;
        Ok(codes)
    }

    async fn renew_codes(&self, user: UserId, code: Option<&FactorCode>) -> Result<Vec<RecoveryCode>, Failure> {
        let (txn, _, _) = self.with_code(user, code).await?;
        let codes = self.new_codes(&txn, user.0).await?;
        txn.commit().await?;
        Ok(codes)
    }

    async fn turn_off(&self, by: &Caller, code: Option<&FactorCode>) -> Result<(), Failure> {
        let (txn, factor, _) = self.with_code(own(by)?, code).await?;
        let entry = AuditEntry::of(by, AuditAction::SecondFactorDisabled).on(TargetKind::User, by.login());
        audit::record(&txn, &self.surroundings, entry).await?;
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
        if let Some(factor) = locked(&txn, user.id).await? {
            remove(&txn, factor).await?;
        }
        let entry = AuditEntry::of(&by, AuditAction::SecondFactorDisabled).on(TargetKind::User, login);
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

/// What is kept of a recovery code. Its 80 bits cannot be searched, so that one round of a plain hash is enough.
fn hash_of(user: Uuid, code: &RecoveryCode) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"tillkeeper recovery code 1");
    hash.update(user.as_bytes());
    hash.update(code.symbols());
    hash.finalize().to_vec()
}

async fn locked(txn: &DatabaseTransaction, user: Uuid) -> Result<Option<second_factors::Model>, Failure> {
    Ok(second_factors::Entity::find_by_id(user)
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?)
}

async fn delete_codes(txn: &DatabaseTransaction, user: Uuid) -> Result<(), Failure> {
    recovery_codes::Entity::delete_many()
        .filter(recovery_codes::Column::UserId.eq(user))
        .exec(txn)
        .await?;
    Ok(())
}

async fn remove(txn: &DatabaseTransaction, factor: second_factors::Model) -> Result<(), Failure> {
    delete_codes(txn, factor.user_id).await?;
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
        Ok(self.renew_codes(own(caller)?, code).await?)
    }

    async fn delete(&self, caller: &Caller, code: Option<&FactorCode>) -> Result<(), AppError> {
        Ok(self.turn_off(caller, code).await?)
    }

    async fn reset(&self, by: PlatformAdmin<'_>, login: &Login) -> Result<(), AppError> {
        Ok(self.take_away(by, login).await?)
    }
}
