//! One-time links: making one within a transaction, and telling what becomes of one.

use super::failure::{Failure, unreadable};
use crate::clock::Surroundings;
use crate::entities::invitations::{ActiveModel, Column, Entity, Model};
use crate::entities::users;
use app::backend::invitations::IssuedLink;
use app::caller::Caller;
use app::domain::{InvitationToken, MerchantId, Purpose, Role, Timestamp, UserId};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QuerySelect, Select,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// For whom a link is made.
pub(super) struct NewLink {
    pub(super) purpose: Purpose,
    /// Whose password it sets; `None` where accepting it makes the user.
    pub(super) user: Option<UserId>,
    pub(super) role: Role,
    pub(super) merchant: Option<MerchantId>,
    pub(super) name: String,
    /// Who makes it; `None` for the server itself.
    pub(super) created_by: Option<UserId>,
}

impl NewLink {
    /// A link with which an account's user sets a password.
    pub(super) fn of_user(purpose: Purpose, user: &users::Model, by: &Caller) -> Result<Self, Failure> {
        Ok(Self {
            purpose,
            user: Some(UserId(user.id)),
            role: user.role.parse().map_err(|_| unreadable("role"))?,
            merchant: user.merchant_id.map(MerchantId),
            name: user.display_name.clone(),
            created_by: by.user_id(),
        })
    }
}

/// What is kept of a token. Its 256 bits cannot be searched, so that one round of a plain hash is enough.
fn hash_of(token: &InvitationToken) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"tillkeeper invitation 1");
    hash.update(token.bytes());
    hash.finalize().to_vec()
}

/// Makes a link. One that is out for the same user has to be withdrawn before.
pub(super) async fn issue(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    new: NewLink,
) -> Result<IssuedLink, Failure> {
    let now = surroundings.now();
    let token = InvitationToken::from_entropy(surroundings.bytes());
    let expires = now.plus_ms(new.purpose.lifetime_ms());
    Entity::insert(ActiveModel {
        id: Set(surroundings.new_id()),
        token_hash: Set(hash_of(&token)),
        purpose: Set(new.purpose.code().to_owned()),
        user_id: Set(new.user.map(|user| user.0)),
        role: Set(new.role.code().to_owned()),
        merchant_id: Set(new.merchant.map(|merchant| merchant.0)),
        display_name: Set(new.name.clone()),
        created_by: Set(new.created_by.map(|user| user.0)),
        created_at: Set(now.0),
        expires_at: Set(expires.0),
        used_at: Set(None),
        revoked_at: Set(None),
    })
    .exec_without_returning(txn)
    .await?;
    Ok(IssuedLink {
        token,
        purpose: new.purpose,
        name: new.name,
        expires,
    })
}

/// Invitations that were neither used nor withdrawn.
pub(super) fn open() -> Select<Entity> {
    Entity::find()
        .filter(Column::UsedAt.is_null())
        .filter(Column::RevokedAt.is_null())
}

/// Withdraws the link that is out for a user.
pub(super) async fn withdraw_of_user(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    user: Uuid,
) -> Result<(), Failure> {
    for invitation in open().filter(Column::UserId.eq(user)).all(txn).await? {
        withdraw(txn, surroundings, invitation).await?;
    }
    Ok(())
}

/// Withdraws a link.
pub(super) async fn withdraw(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    invitation: Model,
) -> Result<(), Failure> {
    let mut invitation = ActiveModel::from(invitation);
    invitation.revoked_at = Set(Some(surroundings.now().0));
    invitation.update(txn).await?;
    Ok(())
}

/// The invitation of a link that works now.
pub(super) async fn find(
    connection: &impl ConnectionTrait,
    token: &InvitationToken,
    now: Timestamp,
) -> Result<Option<Model>, Failure> {
    Ok(open()
        .filter(Column::TokenHash.eq(hash_of(token)))
        .filter(Column::ExpiresAt.gt(now.0))
        .one(connection)
        .await?)
}

/// The same, locked until the transaction ends: whoever comes second finds it used.
pub(super) async fn find_locked(
    txn: &DatabaseTransaction,
    token: &InvitationToken,
    now: Timestamp,
) -> Result<Option<Model>, Failure> {
    Ok(open()
        .filter(Column::TokenHash.eq(hash_of(token)))
        .filter(Column::ExpiresAt.gt(now.0))
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?)
}

/// Marks a link as used by `user`.
pub(super) async fn consume(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    invitation: Model,
    user: Uuid,
) -> Result<(), Failure> {
    let mut invitation = ActiveModel::from(invitation);
    invitation.used_at = Set(Some(surroundings.now().0));
    invitation.user_id = Set(Some(user));
    invitation.update(txn).await?;
    Ok(())
}
