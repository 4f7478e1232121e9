//! People and how they sign in.

mod own_password;
mod second_step;
mod sign_in;

use super::audit::{self, AuditEntry};
use super::failure::{Failure, unreadable};
use super::passwords::{Passwords, Work};
use super::sessions;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{merchants, users};
use app::backend::accounts::Accounts;
use app::caller::{Caller, PLATFORM_ZONE, PlatformAdmin, PlatformViewer, RequestInfo};
use app::domain::{
    AuditAction, Login, MerchantId, MerchantNo, Name, Password, PasswordFault, Role, TargetKind, UserId,
};
use app::error::AppError;
use async_trait::async_trait;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, FromQueryResult, JoinType,
    QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

use sign_in::SignInKeys;

pub use second_step::HalfSignedIn;

/// Fewest and most characters of a password.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = Password::CHARS;

/// Answers [`Accounts`].
pub struct AccountService {
    database: Database,
    surroundings: Surroundings,
    passwords: Passwords,
}

/// A user to create.
#[derive(Clone)]
pub struct NewUser {
    /// The name to sign in with.
    pub login: Login,
    /// The name to show.
    pub display_name: Name,
    /// What the user may do.
    pub role: Role,
    /// Whose user, for a role of a merchant.
    pub merchant_no: Option<MerchantNo>,
    /// The password, [`PASSWORD_CHARS`] characters.
    pub password: String,
}

/// A user as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// The name to sign in with.
    pub login: String,
    /// The name to show.
    pub display_name: String,
    /// What the user may do.
    pub role: Role,
    /// Number of the user's merchant.
    pub merchant_no: Option<String>,
    /// Whether the user may sign in.
    pub enabled: bool,
}

/// Why an account was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The password is too short or too long; holds its characters.
    #[error("a password has 12 to 128 characters, not {0}")]
    PasswordLength(usize),
    /// The password may not be chosen for another reason.
    #[error(transparent)]
    Password(PasswordFault),
    /// Somebody has the login.
    #[error("the login is taken")]
    LoginTaken,
    /// Nobody has the login.
    #[error("nobody has this login")]
    LoginUnknown,
    /// A role of a merchant without one, or a role of the platform with one.
    #[error("owners and clerks belong to a merchant, platform users to none")]
    MerchantMismatch,
    /// No merchant has the number.
    #[error("no merchant has this number")]
    MerchantUnknown,
    /// Something broke.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<Failure> for AccountError {
    fn from(failure: Failure) -> Self {
        Self::App(failure.into())
    }
}

impl AccountService {
    pub(super) fn new(database: Database, surroundings: Surroundings, passwords: Passwords) -> Self {
        Self {
            database,
            surroundings,
            passwords,
        }
    }

    /// How much hashing signing in has taken so far.
    pub fn hashing(&self) -> Arc<Work> {
        self.passwords.work_done()
    }

    /// Who a session's user is now; `None` when the user may no longer sign in.
    ///
    /// **Permissions:** whoever holds the session.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn caller(&self, user: UserId, request: RequestInfo) -> Result<Option<Caller>, AppError> {
        let merchant = users::Entity::belongs_to(merchants::Entity)
            .from(users::Column::MerchantId)
            .to(merchants::Column::Id);
        let found = users::Entity::find_by_id(user.0)
            .filter(users::Column::DisabledAt.is_null())
            .join(JoinType::LeftJoin, merchant.into())
            .column_as(merchants::Column::TimeZone, "time_zone")
            .into_model::<Present>()
            .one(self.database.reader())
            .await
            .map_err(Failure::from)?;
        found.map_or(Ok(None), |user| Ok(user.caller(request)?))
    }

    /// Writes down that a person has signed out.
    ///
    /// **Permissions:** the person.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn signed_out(&self, caller: &Caller) -> Result<(), AppError> {
        let entry = AuditEntry::of(caller, AuditAction::SessionEnded);
        audit::record(self.database.writer(), &self.surroundings, entry)
            .await
            .map_err(Failure::from)?;
        Ok(())
    }

    /// Creates an account.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn create(&self, by: PlatformAdmin<'_>, new: NewUser) -> Result<UserId, AccountError> {
        if new.role.is_platform() != new.merchant_no.is_none() {
            return Err(AccountError::MerchantMismatch);
        }
        let merchant = match &new.merchant_no {
            None => None,
            Some(number) => {
                let merchant = merchants::Entity::find()
                    .filter(merchants::Column::MerchantNo.eq(number.as_str()))
                    .one(self.database.reader())
                    .await
                    .map_err(Failure::from)?;
                Some(merchant.ok_or(AccountError::MerchantUnknown)?)
            }
        };
        let password_hash = self
            .hashed(&new.password, new.login.as_str(), merchant.as_ref())
            .await?;
        let merchant = merchant.map(|merchant| merchant.id);
        let now = self.surroundings.now().0;
        let user = users::ActiveModel {
            id: Set(self.surroundings.new_id()),
            login: Set(new.login.as_str().to_owned()),
            login_skeleton: Set(Some(new.login.skeleton())),
            display_name: Set(new.display_name.as_str().to_owned()),
            role: Set(new.role.code().to_owned()),
            merchant_id: Set(merchant),
            password_hash: Set(Some(password_hash)),
            locale: Set(None),
            disabled_at: Set(None),
            password_changed_at: Set(Some(now)),
            last_signed_in_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let txn = self.database.begin().await.map_err(Failure::from)?;
        let user = match user.insert(&txn).await {
            Ok(user) => user,
            Err(error) => {
                return Err(match error.sql_err() {
                    Some(SqlErr::UniqueConstraintViolation(_)) => AccountError::LoginTaken,
                    _ => Failure::from(error).into(),
                });
            }
        };
        let entry = AuditEntry::of(&by, AuditAction::UserCreated)
            .concerning(merchant.map(MerchantId))
            .on(TargetKind::User, &user.login)
            .changed(None, Some(json!({ "role": user.role, "name": user.display_name })));
        audit::record(&txn, &self.surroundings, entry)
            .await
            .map_err(Failure::from)?;
        txn.commit().await.map_err(Failure::from)?;
        Ok(UserId(user.id))
    }

    /// Gives an account another password and ends its sessions.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn set_password(
        &self,
        by: PlatformAdmin<'_>,
        login: &Login,
        password: String,
    ) -> Result<(), AccountError> {
        let found = users::Entity::find()
            .filter(users::Column::Login.eq(login.as_str()))
            .one(self.database.reader())
            .await
            .map_err(Failure::from)?;
        let user = found.ok_or(AccountError::LoginUnknown)?;
        let merchant = self.merchant_of(&user).await?;
        let hash = self.hashed(&password, &user.login, merchant.as_ref()).await?;
        let txn = self.database.begin().await.map_err(Failure::from)?;
        put_password(&txn, &self.surroundings, &by, user, hash, None).await?;
        txn.commit().await.map_err(Failure::from)?;
        Ok(())
    }

    /// All accounts, by login.
    ///
    /// **Permissions:** [`PlatformViewer`].
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn list(&self, _by: PlatformViewer<'_>) -> Result<Vec<UserRow>, AppError> {
        let reader = self.database.reader();
        let users = users::Entity::find()
            .order_by_asc(users::Column::Login)
            .all(reader)
            .await
            .map_err(Failure::from)?;
        let ids = users.iter().filter_map(|user| user.merchant_id);
        let merchants = merchants::Entity::find()
            .filter(merchants::Column::Id.is_in(ids))
            .all(reader)
            .await
            .map_err(Failure::from)?;
        users
            .into_iter()
            .map(|user| {
                let merchant = merchants.iter().find(|merchant| Some(merchant.id) == user.merchant_id);
                Ok(UserRow {
                    login: user.login,
                    display_name: user.display_name,
                    role: user.role.parse().map_err(|_| unreadable("role"))?,
                    merchant_no: merchant.map(|merchant| merchant.merchant_no.clone()),
                    enabled: user.disabled_at.is_none(),
                })
            })
            .collect::<Result<_, Failure>>()
            .map_err(AppError::from)
    }

    /// The merchant of a user, when the user has one.
    async fn merchant_of(&self, user: &users::Model) -> Result<Option<merchants::Model>, Failure> {
        let Some(merchant) = user.merchant_id else {
            return Ok(None);
        };
        Ok(merchants::Entity::find_by_id(merchant)
            .one(self.database.reader())
            .await?)
    }

    async fn hashed(
        &self,
        password: &str,
        login: &str,
        merchant: Option<&merchants::Model>,
    ) -> Result<String, AccountError> {
        let merchant = merchant.map(|merchant| merchant.name.as_str()).unwrap_or_default();
        let password = Password::parse(password, &[login, merchant]).map_err(|fault| match fault {
            PasswordFault::PasswordTooShort | PasswordFault::PasswordTooLong => {
                AccountError::PasswordLength(password.chars().count())
            }
            fault => AccountError::Password(fault),
        })?;
        Ok(self
            .passwords
            .hash(password.expose().to_owned(), &self.surroundings)
            .await
            .map_err(Failure::from)?)
    }
}

/// Gives a user another password. Whoever knew the one before is signed out everywhere, but for the session that is named.
async fn put_password(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    by: &Caller,
    user: users::Model,
    hash: String,
    except: Option<&str>,
) -> Result<(), Failure> {
    sessions::end_all(txn, UserId(user.id), except).await?;
    let entry = AuditEntry::of(by, AuditAction::UserPasswordChanged)
        .concerning(user.merchant_id.map(MerchantId))
        .on(TargetKind::User, &user.login);
    audit::record(txn, surroundings, entry).await?;
    let now = surroundings.now().0;
    let mut user = users::ActiveModel::from(user);
    user.password_hash = Set(Some(hash));
    user.password_changed_at = Set(Some(now));
    user.updated_at = Set(now);
    user.update(txn).await?;
    Ok(())
}

/// A user of whom a request comes, with the time zone of the user's merchant.
#[derive(FromQueryResult)]
struct Present {
    id: Uuid,
    login: String,
    role: String,
    merchant_id: Option<Uuid>,
    time_zone: Option<String>,
}

impl Present {
    fn caller(self, request: RequestInfo) -> Result<Option<Caller>, Failure> {
        let role: Role = self.role.parse().map_err(|_| unreadable("role"))?;
        let zone = match self.time_zone {
            None => PLATFORM_ZONE,
            Some(zone) => zone.parse().map_err(|_| unreadable("time zone"))?,
        };
        let merchant = self.merchant_id.map(MerchantId);
        let caller = Caller::user(UserId(self.id), self.login, role, merchant, request);
        Ok(caller.map(|caller| caller.in_zone(zone)))
    }
}

/// Whom a user's row makes of a request; `None` where the row makes nobody.
fn caller_of(user: users::Model, request: RequestInfo) -> Result<Option<Caller>, Failure> {
    let role: Role = user.role.parse().map_err(|_| unreadable("role"))?;
    let merchant = user.merchant_id.map(MerchantId);
    Ok(Caller::user(UserId(user.id), user.login, role, merchant, request))
}

#[async_trait]
impl Accounts for AccountService {
    async fn sign_in(&self, request: &RequestInfo, login: &str, password: &str) -> Result<UserId, AppError> {
        let checked = self.attempt(request, login, password).await;
        tracing::info!(
            request = request.id,
            address = request.address,
            signed_in = checked.is_ok(),
            "sign-in"
        );
        Ok(checked?)
    }
}
