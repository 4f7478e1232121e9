//! Recovery codes: each takes the place of one code of the app, once. Only hashes of them are kept.

use crate::clock::Surroundings;
use crate::entities::recovery_codes::{ActiveModel, Column, Entity};
use app::domain::RecoveryCode;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What is kept of a recovery code. Its 80 bits cannot be searched, so that one round of a plain hash is enough.
fn hash_of(user: Uuid, code: &RecoveryCode) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"tillkeeper recovery code 1");
    hash.update(user.as_bytes());
    hash.update(code.symbols());
    hash.finalize().to_vec()
}

/// How many a user has left.
pub(super) async fn left(connection: &impl ConnectionTrait, user: Uuid) -> Result<u64, DbErr> {
    Entity::find()
        .filter(Column::UserId.eq(user))
        .filter(Column::UsedAt.is_null())
        .count(connection)
        .await
}

/// Uses a code up; `false` when it is none of the user's, or was used before.
pub(super) async fn take(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    user: Uuid,
    code: &RecoveryCode,
) -> Result<bool, DbErr> {
    let used = Entity::update_many()
        .col_expr(Column::UsedAt, surroundings.now().0.into())
        .filter(Column::UserId.eq(user))
        .filter(Column::CodeHash.eq(hash_of(user, code)))
        .filter(Column::UsedAt.is_null())
        .exec(txn)
        .await?;
    Ok(used.rows_affected == 1)
}

/// Makes the recovery codes of a user; those of before are gone.
pub(super) async fn replace(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    user: Uuid,
) -> Result<Vec<RecoveryCode>, DbErr> {
    delete(txn, user).await?;
    let codes: Vec<RecoveryCode> = (0..RecoveryCode::COUNT)
        .map(|_| RecoveryCode::from_entropy(surroundings.bytes()))
        .collect();
    let rows = codes.iter().map(|code| ActiveModel {
        user_id: Set(user),
        code_hash: Set(hash_of(user, code)),
        used_at: Set(None),
    });
    Entity::insert_many(rows).exec_without_returning(txn).await?;
    Ok(codes)
}

/// Deletes the recovery codes of a user.
pub(super) async fn delete(txn: &DatabaseTransaction, user: Uuid) -> Result<(), DbErr> {
    Entity::delete_many().filter(Column::UserId.eq(user)).exec(txn).await?;
    Ok(())
}
