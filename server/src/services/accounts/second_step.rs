//! The second step of signing in: somebody has given a password and now shows a code.

use super::{AccountService, SignInKeys, caller_of};
use crate::entities::users;
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::Failure;
use crate::services::second_factor::SecondFactorService;
use app::caller::{Caller, RequestInfo};
use app::domain::{AuditAction, FactorCode, Timestamp, UserId};
use app::error::{AppError, Invalid};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long the code may take: five minutes.
const CODE_MS: i64 = 5 * 60 * 1000;

/// Who has given a password and has yet to show a code: what the session keeps in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct HalfSignedIn {
    user: Uuid,
    /// When, in Unix milliseconds.
    since: i64,
}

impl HalfSignedIn {
    /// Somebody who has given the password at that instant.
    pub fn at(user: UserId, since: Timestamp) -> Self {
        Self {
            user: user.0,
            since: since.0,
        }
    }
}

impl AccountService {
    /// Checks the code of somebody who has given the password, within the limits of signing in, and writes down a refusal.
    /// Answers whom the session is to be given to.
    ///
    /// **Permissions:** whoever has given that user's password within the last five minutes.
    ///
    /// # Errors
    /// [`Invalid::CodeWrong`]; [`Invalid::SignInExpired`] when too much time went by, or the account is disabled or its
    /// password another since; [`AppError::Throttled`] when too many sign-ins or codes went wrong.
    pub async fn show_code(
        &self,
        factors: &SecondFactorService,
        request: &RequestInfo,
        half: HalfSignedIn,
        code: Option<&FactorCode>,
    ) -> Result<UserId, AppError> {
        Ok(self.shown(factors, request, half, code).await?)
    }

    async fn shown(
        &self,
        factors: &SecondFactorService,
        request: &RequestInfo,
        half: HalfSignedIn,
        code: Option<&FactorCode>,
    ) -> Result<UserId, Failure> {
        let expired = Invalid::SignInExpired;
        let found = users::Entity::find_by_id(half.user).one(self.database.reader()).await?;
        let user = found.ok_or(expired)?;
        let id = UserId(user.id);
        let knows = self.still_knows(&user, half.since);
        let caller = caller_of(user, request.clone())?.ok_or(expired)?;
        if !knows {
            let entry = AuditEntry::of(&caller, AuditAction::SessionRefused).refused(expired.code());
            audit::record(self.database.writer(), &self.surroundings, entry).await?;
            return Err(expired.into());
        }
        self.count_code(&caller).await?;
        factors.check(&caller, code).await?;
        let txn = self.database.begin().await?;
        SignInKeys::of(request, caller.login()).take_back(&txn).await?;
        txn.commit().await?;
        Ok(id)
    }

    /// A code is counted like a password: as one that is wrong, before it is looked at.
    async fn count_code(&self, caller: &Caller) -> Result<(), Failure> {
        let keys = SignInKeys::of(caller.request(), caller.login());
        self.reserve(caller.request(), caller.login(), &keys).await
    }

    /// Whether the password that was given at `since` is one to sign in with still.
    fn still_knows(&self, user: &users::Model, since: i64) -> bool {
        since + CODE_MS > self.surroundings.now().0
            && user.disabled_at.is_none()
            && user.password_hash.is_some()
            && user.password_changed_at.is_none_or(|changed| changed <= since)
    }
}
