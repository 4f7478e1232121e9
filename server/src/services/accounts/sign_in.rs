//! Signing in: within its limits, and in the same time whatever is wrong. What fails is written down at once, what succeeds
//! when it is complete: after the second step, where there is one.

use super::AccountService;
use crate::entities::users;
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::Failure;
use crate::services::throttle::{self, Key};
use app::caller::{Caller, RequestInfo};
use app::domain::{AuditAction, Login, Password, UserId};
use app::error::{AppError, Invalid};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

impl AccountService {
    /// Deletes the counts of attempts that say nothing any more; answers how many.
    ///
    /// **Permissions:** the server itself.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn forget_old_attempts(&self) -> Result<u64, AppError> {
        let deleted = throttle::delete_expired(self.database.writer(), self.surroundings.now()).await;
        Ok(deleted.map_err(Failure::from)?)
    }

    /// Writes down that a person is in, under the name of the session that begins, and forgets what went wrong before.
    ///
    /// **Permissions:** whoever has just given all that signing in takes.
    ///
    /// # Errors
    /// [`AppError::Internal`]; nobody is to be let in then.
    pub async fn signed_in(&self, caller: &Caller) -> Result<(), AppError> {
        Ok(self.enter(caller).await?)
    }

    async fn enter(&self, caller: &Caller) -> Result<(), Failure> {
        let user = caller.user_id().ok_or(AppError::SignInRequired)?;
        let txn = self.database.begin().await?;
        throttle::forget(&txn, &SignInKeys::of(caller.request(), caller.login()).login).await?;
        users::Entity::update_many()
            .col_expr(users::Column::LastSignedInAt, self.surroundings.now().0.into())
            .filter(users::Column::Id.eq(user.0))
            .exec(&txn)
            .await?;
        let entry = AuditEntry::of(caller, AuditAction::SessionSignedIn);
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Checks login and password within their limits, and writes down a refusal.
    pub(super) async fn attempt(&self, request: &RequestInfo, login: &str, password: &str) -> Result<UserId, Failure> {
        // As it is kept when somebody has it, so that all ways of writing it count and are found together.
        let login = Login::parse(login).map_or_else(|_| login.to_owned(), |login| login.to_string());
        let keys = SignInKeys::of(request, &login);
        self.reserve(request, &login, &keys).await?;
        match self.check(&login, password).await {
            Ok(user) => {
                let txn = self.database.begin().await?;
                keys.take_back(&txn).await?;
                txn.commit().await?;
                Ok(UserId(user.id))
            }
            Err(Failure::Told(error)) => {
                let entry = AuditEntry::by_login(&login, request, AuditAction::SessionRefused).refused(error.code());
                audit::record(self.database.writer(), &self.surroundings, entry).await?;
                Err(error.into())
            }
            Err(broken) => Err(broken),
        }
    }

    /// Counts the attempt as one that failed before anything is hashed, so that many at once cannot outrun the limits. A
    /// flood that is turned away is one entry of the audit log.
    pub(super) async fn reserve(&self, request: &RequestInfo, login: &str, keys: &SignInKeys) -> Result<(), Failure> {
        let now = self.surroundings.now();
        let txn = self.database.begin().await?;
        let mut until = None;
        let mut first = false;
        for key in keys.in_order() {
            for standing in throttle::count(&txn, std::slice::from_ref(key), now).await? {
                first |= standing.first_over;
                until = until.or(standing.locked_until.filter(|_| standing.over));
            }
            if until.is_some() {
                break;
            }
        }
        let error = until.map(AppError::Throttled);
        if let Some(error) = error.as_ref().filter(|_| first) {
            let entry = AuditEntry::by_login(login, request, AuditAction::SessionRefused).refused(error.code());
            audit::record(&txn, &self.surroundings, entry).await?;
        }
        txn.commit().await?;
        error.map_or(Ok(()), |error| Err(error.into()))
    }

    async fn check(&self, login: &str, password: &str) -> Result<users::Model, Failure> {
        let user = match Login::parse(login) {
            Ok(login) => {
                users::Entity::find()
                    .filter(users::Column::Login.eq(login.as_str()))
                    .one(self.database.reader())
                    .await?
            }
            Err(_) => None,
        };
        let kept = user.as_ref().and_then(|user| user.password_hash.clone());
        let password = Password::claimed(password);
        let verified = self.passwords.verify(password.clone(), kept).await?;
        let user = user.filter(|user| verified.matches && user.disabled_at.is_none());
        let user = user.ok_or(Invalid::LoginOrPasswordWrong)?;
        if verified.outdated {
            self.rehash(&user, password).await?;
        }
        Ok(user)
    }

    /// Keeps the same password with the cost that is asked for now, unless it was changed meanwhile.
    async fn rehash(&self, user: &users::Model, password: String) -> Result<(), Failure> {
        let hash = self.passwords.hash(password, &self.surroundings).await?;
        users::Entity::update_many()
            .col_expr(users::Column::PasswordHash, hash.into())
            .filter(users::Column::Id.eq(user.id))
            .filter(users::Column::PasswordHash.eq(user.password_hash.clone()))
            .exec(self.database.writer())
            .await?;
        Ok(())
    }
}

/// Under what a sign-in is counted.
pub(super) struct SignInKeys {
    address: Option<Key>,
    login: Key,
}

impl SignInKeys {
    pub(super) fn of(request: &RequestInfo, login: &str) -> Self {
        Self {
            address: throttle::SIGN_IN_ADDRESS.address_key(request.address.as_deref()),
            login: throttle::SIGN_IN_LOGIN.key(login),
        }
    }

    /// The address first: whoever is turned away there does not lock anybody's login.
    fn in_order(&self) -> impl Iterator<Item = &Key> {
        self.address.iter().chain(std::iter::once(&self.login))
    }

    /// This attempt was counted and did not fail. Those before it stay counted: only a complete sign-in forgives them.
    pub(super) async fn take_back(&self, txn: &DatabaseTransaction) -> Result<(), Failure> {
        for key in self.in_order() {
            throttle::take_back(txn, key).await?;
        }
        Ok(())
    }

    /// The same, and those before it are forgiven.
    pub(super) async fn succeeded(&self, txn: &DatabaseTransaction) -> Result<(), Failure> {
        self.take_back(txn).await?;
        throttle::forget(txn, &self.login).await?;
        Ok(())
    }
}
