//! One-time links as people use them: an owner invites clerks, and whoever holds a link sets a password with it.

use super::audit::{self, AuditEntry};
use super::failure::{Failure, unreadable};
use super::links::{self, NewLink};
use super::passwords::Passwords;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{invitations, merchants, sessions, users};
use app::backend::invitations::{Accepted, Invitation, Invitations, IssuedLink, MOST_OPEN, Opened};
use app::backend::terminals::MerchantRef;
use app::caller::{PlatformAdmin, RequestInfo, StaffManager};
use app::domain::{
    AuditAction, InvitationId, InvitationToken, Login, MerchantId, Name, Password, Purpose, Role, TargetKind, Timestamp,
};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use invitations::Column;
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, SqlErr,
};
use serde_json::{Value, json};

/// Answers [`Invitations`].
pub struct InvitationService {
    database: Database,
    surroundings: Surroundings,
    passwords: Passwords,
}

impl InvitationService {
    pub(super) fn new(database: Database, surroundings: Surroundings, passwords: Passwords) -> Self {
        Self {
            database,
            surroundings,
            passwords,
        }
    }

    /// Makes the link with which the first platform administrator is created; `None` when there is a user. A link that was
    /// made before stops working.
    ///
    /// **Permissions:** [`PlatformAdmin`]: the server itself, when it starts.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn set_up(&self, by: PlatformAdmin<'_>) -> Result<Option<IssuedLink>, AppError> {
        Ok(self.first_link(by).await?)
    }

    async fn first_link(&self, by: PlatformAdmin<'_>) -> Result<Option<IssuedLink>, Failure> {
        if users::Entity::find().one(self.database.reader()).await?.is_some() {
            return Ok(None);
        }
        let txn = self.database.begin().await?;
        let before = links::open().filter(Column::Purpose.eq(Purpose::Setup.code()));
        for invitation in before.all(&txn).await? {
            links::withdraw(&txn, &self.surroundings, invitation).await?;
        }
        let link = NewLink {
            purpose: Purpose::Setup,
            user: None,
            role: Role::PlatformAdmin,
            merchant: None,
            name: Role::PlatformAdmin.code().to_owned(),
            created_by: by.user_id(),
        };
        let link = links::issue(&txn, &self.surroundings, link).await?;
        txn.commit().await?;
        Ok(Some(link))
    }

    async fn invite(&self, by: StaffManager<'_>, name: &str) -> Result<IssuedLink, Failure> {
        let name = Name::parse(name).map_err(|_| Invalid::NameMalformed)?;
        let txn = self.database.begin().await?;
        let open = links::open().filter(Column::MerchantId.eq(by.merchant().0));
        if open.count(&txn).await? >= MOST_OPEN {
            return Err(Invalid::TooManyInvitations.into());
        }
        let link = links::issue(&txn, &self.surroundings, clerk(by, name.as_str())).await?;
        let entry = AuditEntry::of(&by, AuditAction::InvitationCreated)
            .on(TargetKind::User, name.as_str())
            .changed(None, Some(invited(&link.name)));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(link)
    }

    async fn renew_one(&self, by: StaffManager<'_>, id: InvitationId) -> Result<IssuedLink, Failure> {
        let txn = self.database.begin().await?;
        let invitation = own(&txn, by, id).await?;
        let new = clerk(by, &invitation.display_name);
        links::withdraw(&txn, &self.surroundings, invitation).await?;
        let link = links::issue(&txn, &self.surroundings, new).await?;
        let entry = AuditEntry::of(&by, AuditAction::InvitationCreated)
            .on(TargetKind::User, &link.name)
            .changed(Some(invited(&link.name)), Some(invited(&link.name)));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(link)
    }

    async fn withdraw(&self, by: StaffManager<'_>, id: InvitationId) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let invitation = own(&txn, by, id).await?;
        let entry = AuditEntry::of(&by, AuditAction::InvitationWithdrawn)
            .on(TargetKind::User, &invitation.display_name)
            .changed(Some(invited(&invitation.display_name)), None);
        links::withdraw(&txn, &self.surroundings, invitation).await?;
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn list_open(&self, by: StaffManager<'_>) -> Result<Vec<Invitation>, Failure> {
        let found = links::open()
            .filter(Column::MerchantId.eq(by.merchant().0))
            .filter(Column::UserId.is_null())
            .order_by_desc(Column::Id)
            .limit(MOST_OPEN)
            .all(self.database.reader())
            .await?;
        let invitations = found.into_iter().map(|invitation| Invitation {
            id: InvitationId(invitation.id),
            name: invitation.display_name,
            created: Timestamp(invitation.created_at),
            expires: Timestamp(invitation.expires_at),
        });
        Ok(invitations.collect())
    }

    async fn open(&self, token: &InvitationToken) -> Result<Option<Opened>, Failure> {
        let reader = self.database.reader();
        let Some(invitation) = links::find(reader, token, self.surroundings.now()).await? else {
            return Ok(None);
        };
        let user = match invitation.user_id {
            Some(user) => users::Entity::find_by_id(user).one(reader).await?,
            None => None,
        };
        let merchant = match invitation.merchant_id {
            Some(merchant) => merchants::Entity::find_by_id(merchant).one(reader).await?,
            None => None,
        };
        let login = user.map(|user| Login::parse(&user.login).map_err(|_| unreadable("login")));
        Ok(Some(Opened {
            purpose: invitation.purpose.parse().map_err(|_| unreadable("purpose"))?,
            name: invitation.display_name,
            login: login.transpose()?,
            role: invitation.role.parse().map_err(|_| unreadable("role"))?,
            merchant: merchant.map(|merchant| MerchantRef {
                number: merchant.merchant_no,
                name: merchant.name,
            }),
            expires: Timestamp(invitation.expires_at),
        }))
    }

    async fn set_password(
        &self,
        request: &RequestInfo,
        token: &InvitationToken,
        accepted: &Accepted,
    ) -> Result<Login, Failure> {
        // Before the work of hashing: whoever has no link gets none of it.
        let found = links::find(self.database.reader(), token, self.surroundings.now()).await?;
        let invitation = found.ok_or(AppError::NotFound)?;
        let chosen = match invitation.user_id {
            Some(_) => None,
            None => Some(Login::parse(&accepted.login).map_err(|_| Invalid::LoginMalformed)?),
        };
        if accepted.password != accepted.password_again {
            return Err(Invalid::PasswordsDiffer.into());
        }
        let (login, merchant) = self.belonging(&invitation, chosen.as_ref()).await?;
        let password = Password::parse(&accepted.password, &[&login, &merchant]).map_err(AppError::from)?;
        let hash = self
            .passwords
            .hash(password.expose().to_owned(), &self.surroundings)
            .await?;
        let txn = self.database.begin().await?;
        let found = links::find_locked(&txn, token, self.surroundings.now()).await?;
        let invitation = found.ok_or(AppError::NotFound)?;
        let user = match (invitation.user_id, chosen) {
            (Some(user), _) => self.change(&txn, user, hash).await?,
            (None, Some(login)) => self.join(&txn, &invitation, &login, hash).await?,
            (None, None) => return Err(AppError::NotFound.into()),
        };
        links::consume(&txn, &self.surroundings, invitation, user.id).await?;
        let entry = AuditEntry::by_login(&user.login, request, AuditAction::InvitationUsed)
            .concerning(user.merchant_id.map(MerchantId))
            .on(TargetKind::User, &user.login)
            .changed(None, Some(json!({ "role": user.role, "name": user.display_name })));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Login::parse(&user.login).map_err(|_| unreadable("login"))
    }

    /// What belongs to whoever a link is for and is no password: the login and the merchant's name.
    async fn belonging(
        &self,
        invitation: &invitations::Model,
        chosen: Option<&Login>,
    ) -> Result<(String, String), Failure> {
        let reader = self.database.reader();
        let user = match invitation.user_id {
            Some(user) => users::Entity::find_by_id(user).one(reader).await?,
            None => None,
        };
        let login = user.map(|user| user.login).or_else(|| chosen.map(ToString::to_string));
        let merchant = match invitation.merchant_id {
            Some(merchant) => merchants::Entity::find_by_id(merchant).one(reader).await?,
            None => None,
        };
        let merchant = merchant.map(|merchant| merchant.name);
        Ok((login.unwrap_or_default(), merchant.unwrap_or_default()))
    }

    /// Gives an account a password; whoever knew the one before is signed out everywhere.
    async fn change(&self, txn: &DatabaseTransaction, user: uuid::Uuid, hash: String) -> Result<users::Model, Failure> {
        let found = users::Entity::find_by_id(user)
            .lock(LockType::NoKeyUpdate)
            .one(txn)
            .await?;
        let user = found
            .filter(|user| user.disabled_at.is_none())
            .ok_or(AppError::NotFound)?;
        sessions::Entity::delete_many()
            .filter(sessions::Column::UserId.eq(user.id))
            .exec(txn)
            .await?;
        let now = self.surroundings.now().0;
        let mut user = users::ActiveModel::from(user);
        user.password_hash = Set(Some(hash));
        user.password_changed_at = Set(Some(now));
        user.updated_at = Set(now);
        Ok(user.update(txn).await?)
    }

    /// Makes the account that an invitation is for.
    async fn join(
        &self,
        txn: &DatabaseTransaction,
        invitation: &invitations::Model,
        login: &Login,
        hash: String,
    ) -> Result<users::Model, Failure> {
        let first = invitation.purpose == Purpose::Setup.code();
        if first && users::Entity::find().one(txn).await?.is_some() {
            return Err(AppError::NotFound.into());
        }
        let now = self.surroundings.now().0;
        let name = if first {
            login.as_str()
        } else {
            &invitation.display_name
        };
        let user = users::ActiveModel {
            id: Set(self.surroundings.new_id()),
            login: Set(login.as_str().to_owned()),
            login_skeleton: Set(Some(login.skeleton())),
            display_name: Set(name.to_owned()),
            role: Set(invitation.role.clone()),
            merchant_id: Set(invitation.merchant_id),
            password_hash: Set(Some(hash)),
            locale: Set(None),
            disabled_at: Set(None),
            password_changed_at: Set(Some(now)),
            last_signed_in_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        user.insert(txn).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Invalid::LoginTaken.into(),
            _ => Failure::from(error),
        })
    }
}

/// What the audit log keeps of an invitation.
fn invited(name: &str) -> Value {
    json!({ "name": name, "role": Role::MerchantClerk.code() })
}

/// An invitation of a clerk to the owner's merchant.
fn clerk(by: StaffManager<'_>, name: &str) -> NewLink {
    NewLink {
        purpose: Purpose::Invite,
        user: None,
        role: Role::MerchantClerk,
        merchant: Some(by.merchant()),
        name: name.to_owned(),
        created_by: by.user_id(),
    }
}

/// An invitation of the owner's merchant that nobody has accepted yet, locked.
async fn own(txn: &DatabaseTransaction, by: StaffManager<'_>, id: InvitationId) -> Result<invitations::Model, Failure> {
    let MerchantId(merchant) = by.merchant();
    let found = links::open()
        .filter(Column::Id.eq(id.0))
        .filter(Column::MerchantId.eq(merchant))
        .filter(Column::UserId.is_null())
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?;
    found.ok_or_else(|| AppError::NotFound.into())
}

#[async_trait]
impl Invitations for InvitationService {
    async fn create(&self, by: StaffManager<'_>, name: &str) -> Result<IssuedLink, AppError> {
        Ok(self.invite(by, name).await?)
    }

    async fn list(&self, by: StaffManager<'_>) -> Result<Vec<Invitation>, AppError> {
        Ok(self.list_open(by).await?)
    }

    async fn renew(&self, by: StaffManager<'_>, id: InvitationId) -> Result<IssuedLink, AppError> {
        Ok(self.renew_one(by, id).await?)
    }

    async fn delete(&self, by: StaffManager<'_>, id: InvitationId) -> Result<(), AppError> {
        Ok(self.withdraw(by, id).await?)
    }

    async fn get(&self, token: &InvitationToken) -> Result<Option<Opened>, AppError> {
        Ok(self.open(token).await?)
    }

    async fn accept(
        &self,
        request: &RequestInfo,
        token: &InvitationToken,
        accepted: &Accepted,
    ) -> Result<Login, AppError> {
        Ok(self.set_password(request, token, accepted).await?)
    }
}
