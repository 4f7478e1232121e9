//! The one place where imports write terminals: whatever is kept beside their rows is kept up to date here.

use crate::entities::terminals::{ActiveModel, Column, Entity, Model};
use crate::services::failure::Failure;
use app::domain::{Lifecycle, LifecycleReason};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

/// Rows of one statement; 30 columns each stay under SQLite's 32,766 parameters.
const CHUNK: usize = 500;

/// Makes terminals.
pub(super) async fn create(txn: &DatabaseTransaction, mut rows: Vec<Model>) -> Result<(), Failure> {
    // In one order, so that two imports of the same terminals wait for each other and do not lock each other out.
    rows.sort_by(|one, other| (&one.sn, &one.manufacturer).cmp(&(&other.sn, &other.manufacturer)));
    let mut rows = rows.into_iter();
    loop {
        let chunk: Vec<_> = rows
            .by_ref()
            .take(CHUNK)
            .map(|row| ActiveModel::from(row).reset_all())
            .collect();
        if chunk.is_empty() {
            return Ok(());
        }
        Entity::insert_many(chunk).exec_without_returning(txn).await?;
    }
}

/// Writes a terminal that was changed and whose row is locked.
pub(super) async fn update(txn: &DatabaseTransaction, after: Model) -> Result<(), Failure> {
    ActiveModel::from(after).reset_all().update(txn).await?;
    Ok(())
}

/// Retires terminals whose rows are locked, and takes them from whoever had them.
pub(super) async fn retire(
    txn: &DatabaseTransaction,
    ids: impl Iterator<Item = Uuid>,
    note: String,
    now: i64,
) -> Result<(), Failure> {
    let nobody = || Expr::value(None::<Uuid>);
    Entity::update_many()
        .col_expr(Column::Lifecycle, Lifecycle::Retired.code().into())
        .col_expr(Column::LifecycleReason, LifecycleReason::Other.code().into())
        .col_expr(Column::LifecycleNote, note.into())
        .col_expr(Column::StoreId, nobody())
        .col_expr(Column::MerchantId, nobody())
        .col_expr(Column::UpdatedAt, now.into())
        .filter(Column::Id.is_in(ids))
        .exec(txn)
        .await?;
    Ok(())
}
