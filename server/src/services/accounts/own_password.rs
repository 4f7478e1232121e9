//! Changing one's own password.

use super::{AccountService, SignInKeys, put_password};
use crate::entities::users;
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::{Failure, unreadable};
use app::caller::Caller;
use app::domain::{AuditAction, Password, TargetKind};
use app::error::{AppError, Invalid};
use sea_orm::EntityTrait;

impl AccountService {
    /// Gives the caller another password and ends its other sessions. The session that asks should get another id
    /// after that.
    ///
    /// **Permissions:** any caller, for itself.
    ///
    /// # Errors
    /// [`AppError::Password`] for a password that may not be chosen; [`Invalid::PasswordWrong`] when `current` is not the
    /// password; [`AppError::Throttled`] when that was so too often, which counts with failed sign-ins.
    pub async fn change_own_password(&self, caller: &Caller, current: &str, chosen: &str) -> Result<(), AppError> {
        Ok(self.change_own(caller, current, chosen).await?)
    }

    async fn change_own(&self, caller: &Caller, current: &str, chosen: &str) -> Result<(), Failure> {
        let user = caller.user_id().ok_or(AppError::SignInRequired)?;
        let reader = self.database.reader();
        let found = users::Entity::find_by_id(user.0).one(reader).await?;
        let user = found.ok_or(AppError::SignInRequired)?;
        let merchant = self.merchant_of(&user).await?;
        let merchant = merchant.map(|merchant| merchant.name).unwrap_or_default();
        let chosen = Password::parse(chosen, &[user.login.as_str(), merchant.as_str()]).map_err(AppError::Password)?;

        let keys = SignInKeys::of(caller.request(), &user.login);
        self.reserve(caller.request(), &user.login, &keys).await?;
        let kept = user.password_hash.clone().ok_or_else(|| unreadable("password"))?;
        let verified = self.passwords.verify(Password::claimed(current), Some(kept)).await?;
        if !verified.matches {
            let wrong = Invalid::PasswordWrong;
            let entry = AuditEntry::of(caller, AuditAction::UserPasswordChanged)
                .on(TargetKind::User, &user.login)
                .refused(wrong.code());
            audit::record(self.database.writer(), &self.surroundings, entry).await?;
            return Err(wrong.into());
        }
        let hash = self
            .passwords
            .hash(chosen.expose().to_owned(), &self.surroundings)
            .await?;
        let txn = self.database.begin().await?;
        keys.succeeded(&txn).await?;
        put_password(
            &txn,
            &self.surroundings,
            caller,
            user,
            hash,
            caller.request().session.as_deref(),
        )
        .await?;
        txn.commit().await?;
        Ok(())
    }
}
