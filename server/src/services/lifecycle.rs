//! Changing terminals: each move is one transaction with its log entries. What a move does to a row is in [`apply`].

pub(super) mod apply;

use super::chain;
use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{stores, terminals};
use app::backend::lifecycle::{Change, Moves};
use app::caller::{Caller, Manager, Scope};
use app::domain::{Lifecycle, SerialNumber, StoreId, TerminalId};
use app::error::{AppError, Invalid};
use apply::Mover;
use async_trait::async_trait;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// Answers [`Moves`].
pub struct MoveService {
    database: Database,
    surroundings: Surroundings,
}

impl MoveService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn change_one(
        &self,
        by: Manager<'_>,
        terminal: TerminalId,
        seen: Lifecycle,
        change: &Change,
    ) -> Result<(), Failure> {
        if !change.wanted().is_for(by.role()) {
            return Err(AppError::Forbidden.into());
        }
        let txn = self.database.begin().await?;
        let mut ids = vec![terminal.0];
        if let Change::Replace(sn) = change {
            ids.extend(successor(&txn, by.scope(), terminal, sn).await?);
        }
        let mut locked = lock(&txn, by.scope(), &ids).await?;
        let place = locked.iter().position(|row| row.id == terminal.0);
        let row = locked.swap_remove(place.ok_or(AppError::NotFound)?);
        let mover = Mover {
            txn: &txn,
            surroundings: &self.surroundings,
            by,
        };
        let entries = mover.apply(row, seen, change, locked.pop()).await?;
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn stores_of(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<(StoreId, String)>, Failure> {
        let merchant = within(terminals::Entity::find_by_id(terminal.0), caller.scope())
            .select_only()
            .column(terminals::Column::MerchantId)
            .into_tuple::<Option<Uuid>>()
            .one(self.database.reader())
            .await?;
        let Some(merchant) = merchant.flatten() else {
            return Ok(Vec::new());
        };
        let found = stores::Entity::find()
            .filter(stores::Column::MerchantId.eq(merchant))
            .filter(stores::Column::ClosedAt.is_null())
            .order_by_asc(stores::Column::Name)
            .select_only()
            .columns([stores::Column::Id, stores::Column::Name])
            .into_tuple::<(Uuid, String)>()
            .all(self.database.reader())
            .await?;
        Ok(found.into_iter().map(|(id, name)| (StoreId(id), name)).collect())
    }
}

/// A query for terminals within a scope.
fn within(find: Select<terminals::Entity>, scope: Scope) -> Select<terminals::Entity> {
    match scope {
        Scope::Platform => find,
        Scope::Merchant(merchant) => find.filter(terminals::Column::MerchantId.eq(merchant.0)),
    }
}

/// The terminals of a scope with these keys, locked in the order of their keys. Those that are not there are left out.
pub(super) async fn lock(
    txn: &DatabaseTransaction,
    scope: Scope,
    ids: &[Uuid],
) -> Result<Vec<terminals::Model>, Failure> {
    let find = terminals::Entity::find().filter(terminals::Column::Id.is_in(ids.iter().copied()));
    Ok(within(find, scope)
        .order_by_asc(terminals::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(txn)
        .await?)
}

/// The terminal that is to take another's place: not registered, and where several makers use the serial number, of the
/// same maker. Whether it is free is decided once it is locked.
async fn successor(
    txn: &DatabaseTransaction,
    scope: Scope,
    terminal: TerminalId,
    sn: &SerialNumber,
) -> Result<Option<Uuid>, Failure> {
    let find = terminals::Entity::find()
        .filter(terminals::Column::Sn.eq(sn.as_str()))
        .filter(terminals::Column::Id.ne(terminal.0))
        .filter(terminals::Column::Lifecycle.is_in([Lifecycle::Unassigned.code(), Lifecycle::Awaiting.code()]));
    let mut found = within(find, scope).all(txn).await?;
    if found.len() > 1 {
        let old = terminals::Entity::find_by_id(terminal.0).one(txn).await?;
        found.retain(|row| old.as_ref().is_some_and(|old| old.manufacturer == row.manufacturer));
    }
    Ok(Some(found.pop().ok_or(Invalid::ReplacementUnknown)?.id))
}

#[async_trait]
impl Moves for MoveService {
    async fn change(
        &self,
        by: Manager<'_>,
        terminal: TerminalId,
        seen: Lifecycle,
        change: &Change,
    ) -> Result<(), AppError> {
        Ok(self.change_one(by, terminal, seen, change).await?)
    }

    async fn stores(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<(StoreId, String)>, AppError> {
        Ok(self.stores_of(caller, terminal).await?)
    }
}
