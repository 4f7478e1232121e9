//! Checking a code: counted before it is looked at, taken once, and written down when it is refused.

use super::{SecondFactorService, locked, own, recovery, totp};
use crate::entities::second_factors::{ActiveModel, Model};
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::Failure;
use app::caller::Caller;
use app::domain::{AuditAction, FactorCode, TargetKind, Timestamp};
use app::error::{AppError, Invalid};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseTransaction};

/// Codes that may be tried in [`TRIES_MS`], right or wrong, from everywhere together.
const TRIES: i64 = 5;

/// Five minutes.
const TRIES_MS: i64 = 5 * 60 * 1000;

/// Which kind of code was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    /// One of an authenticator app.
    App,
    /// A recovery code, which is used up.
    Recovery,
}

impl SecondFactorService {
    /// Checks the code of a user who signs in.
    ///
    /// **Permissions:** whoever has given that user's password.
    ///
    /// # Errors
    /// [`Invalid::CodeWrong`], [`Invalid::FactorIsOff`], [`AppError::Throttled`].
    pub(in crate::services) async fn check(&self, by: &Caller, code: Option<&FactorCode>) -> Result<(), Failure> {
        let (txn, _) = self.with_code(by, code, AuditAction::SessionRefused).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Checks a code for something that `action` names. The transaction in which it was taken is the caller's to go on with
    /// and to commit.
    pub(super) async fn with_code(
        &self,
        by: &Caller,
        code: Option<&FactorCode>,
        action: AuditAction,
    ) -> Result<(DatabaseTransaction, Model), Failure> {
        let txn = self.database.begin().await?;
        let factor = locked(&txn, own(by)?.0).await?;
        let factor = factor.filter(|factor| factor.confirmed_at.is_some());
        let factor = factor.ok_or(Invalid::FactorIsOff)?;
        let (txn, factor) = self.counted(txn, factor, by, action).await?;
        let (step, right) = match code {
            Some(FactorCode::App(digits)) => {
                let step = self.step_of(&factor, digits)?;
                (step, step.map(|_| Right::App))
            }
            Some(FactorCode::Recovery(code)) => {
                let taken = recovery::take(&txn, &self.surroundings, factor.user_id, code).await?;
                (None, taken.then_some(Right::Recovery))
            }
            None => (None, None),
        };
        let Some(right) = right else {
            return self
                .refuse(txn, by, action, AppError::Invalid(Invalid::CodeWrong))
                .await;
        };
        if right == Right::Recovery {
            let used = AuditEntry::of(by, AuditAction::SecondFactorUsedRecovery).on(TargetKind::User, by.login());
            audit::record(&txn, &self.surroundings, used).await?;
        }
        let mut changed = ActiveModel::from(factor);
        if let Some(step) = step {
            changed.last_step = Set(Some(step));
        }
        changed.tries = Set(0);
        let factor = changed.update(&txn).await?;
        Ok((txn, factor))
    }

    /// Counts a try before it is made, so that tries at the same time count as many. Of those that are turned away the first
    /// is written down.
    pub(super) async fn counted(
        &self,
        txn: DatabaseTransaction,
        factor: Model,
        by: &Caller,
        action: AuditAction,
    ) -> Result<(DatabaseTransaction, Model), Failure> {
        let now = self.surroundings.now();
        let (tries, since) = if factor.tries_since + TRIES_MS <= now.0 {
            (0, now)
        } else {
            (factor.tries, Timestamp(factor.tries_since))
        };
        let turned_away = AppError::Throttled(since.plus_ms(TRIES_MS));
        if tries > TRIES {
            return Err(turned_away.into());
        }
        let mut changed = ActiveModel::from(factor);
        changed.tries = Set(tries + 1);
        changed.tries_since = Set(since.0);
        let factor = changed.update(&txn).await?;
        if tries == TRIES {
            return self.refuse(txn, by, action, turned_away).await;
        }
        Ok((txn, factor))
    }

    /// Ends with a refusal: the try stays counted, and why it came to nothing is written down.
    pub(super) async fn refuse<T>(
        &self,
        txn: DatabaseTransaction,
        by: &Caller,
        action: AuditAction,
        why: AppError,
    ) -> Result<T, Failure> {
        let entry = AuditEntry::of(by, action)
            .on(TargetKind::User, by.login())
            .refused(why.code());
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Err(why.into())
    }

    /// The time step whose code `digits` is, when it is one of now or a step beside and none up to it was taken before.
    pub(super) fn step_of(&self, factor: &Model, digits: &str) -> Result<Option<i64>, Failure> {
        let seconds = u64::try_from(self.surroundings.now().0 / 1000).unwrap_or_default();
        let step = totp(&factor.secret, "")?.check(digits, seconds);
        let step = step.and_then(|step| i64::try_from(step).ok());
        Ok(step.filter(|step| factor.last_step.is_none_or(|last| *step > last)))
    }
}
