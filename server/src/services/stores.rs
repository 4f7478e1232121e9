//! Stores of a merchant.

use super::audit::{self, AuditEntry};
use super::failure::Failure;
use super::merchants::changed;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{app_grants, merchants, stores, terminals};
use app::backend::stores::{ADDRESS_CHARS, Closing, StoreInput, StoreRow, Stores};
use app::caller::{Caller, Scope, StoreManager};
use app::domain::{AuditAction, Lifecycle, MerchantId, MerchantNo, Name, StoreId, TargetKind, Timestamp, name_key};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, LockType};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use stores::Column;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// Answers [`Stores`].
pub struct StoreService {
    database: Database,
    surroundings: Surroundings,
}

#[derive(FromQueryResult)]
struct Standing {
    store_id: Uuid,
    terminals: i64,
}

impl StoreService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn list_rows(&self, caller: &Caller, number: Option<&MerchantNo>) -> Result<Vec<StoreRow>, Failure> {
        let reader = self.database.reader();
        match merchant_of(reader, caller.scope(), number).await? {
            Some(merchant) => stores_of(reader, merchant).await,
            None => Ok(Vec::new()),
        }
    }

    async fn create_one(
        &self,
        by: StoreManager<'_>,
        number: Option<&MerchantNo>,
        input: &StoreInput,
    ) -> Result<StoreId, Failure> {
        let facts = Facts::of(input)?;
        let txn = self.database.begin().await?;
        let merchant = merchant_of(&txn, by.scope(), number).await?.ok_or(AppError::NotFound)?;
        let now = self.surroundings.now().0;
        let store = stores::ActiveModel {
            id: Set(self.surroundings.new_id()),
            merchant_id: Set(merchant.0),
            name: Set(facts.name.clone()),
            name_key: Set(name_key(&facts.name)),
            address: Set(facts.address.clone()),
            closed_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let store = store.insert(&txn).await.map_err(or_taken)?;
        self.write_down(&txn, &by, AuditAction::StoreCreated, &store, (None, Some(facts.json())))
            .await?;
        txn.commit().await?;
        Ok(StoreId(store.id))
    }

    async fn update_one(&self, by: StoreManager<'_>, store: StoreId, input: &StoreInput) -> Result<(), Failure> {
        let facts = Facts::of(input)?;
        let txn = self.database.begin().await?;
        let store = lock(&txn, &by, store).await?;
        let Some((before, after)) = changed(&Facts::stored(&store).json(), &facts.json()) else {
            return Ok(());
        };
        self.write_down(
            &txn,
            &by,
            AuditAction::StoreUpdated,
            &store,
            (Some(before), Some(after)),
        )
        .await?;
        let mut changed = stores::ActiveModel::from(store);
        changed.name_key = Set(name_key(&facts.name));
        changed.name = Set(facts.name);
        changed.address = Set(facts.address);
        changed.updated_at = Set(self.surroundings.now().0);
        changed.update(&txn).await.map_err(or_taken)?;
        txn.commit().await?;
        Ok(())
    }

    async fn close_one(&self, by: StoreManager<'_>, store: StoreId) -> Result<Closing, Failure> {
        let txn = self.database.begin().await?;
        let store = lock(&txn, &by, store).await?;
        let all = || terminals::Entity::find().filter(of(&store));
        let standing = all().filter(terminals::Column::Lifecycle.ne(Lifecycle::Retired.code()));
        if standing.count(&txn).await? > 0 {
            return Err(Invalid::StoreInUse.into());
        }
        let referred = all().count(&txn).await? > 0 || granted(&txn, &store).await?;
        if !referred {
            let facts = Some(Facts::stored(&store).json());
            self.write_down(&txn, &by, AuditAction::StoreRemoved, &store, (facts, None))
                .await?;
            stores::Entity::delete_by_id(store.id).exec(&txn).await?;
            txn.commit().await?;
            return Ok(Closing::Removed);
        }
        if store.closed_at.is_none() {
            self.set_closed(&txn, &by, store, Some(self.surroundings.now())).await?;
            txn.commit().await?;
        }
        Ok(Closing::Closed)
    }

    async fn reopen_one(&self, by: StoreManager<'_>, store: StoreId) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let store = lock(&txn, &by, store).await?;
        if store.closed_at.is_some() {
            self.set_closed(&txn, &by, store, None).await?;
            txn.commit().await?;
        }
        Ok(())
    }

    async fn set_closed(
        &self,
        txn: &DatabaseTransaction,
        by: &Caller,
        store: stores::Model,
        closed: Option<Timestamp>,
    ) -> Result<(), Failure> {
        let action = match closed {
            Some(_) => AuditAction::StoreClosed,
            None => AuditAction::StoreReopened,
        };
        let state = |closed: bool| Some(json!({ "closed": closed }));
        let change = (state(closed.is_none()), state(closed.is_some()));
        self.write_down(txn, by, action, &store, change).await?;
        let mut changed = stores::ActiveModel::from(store);
        changed.closed_at = Set(closed.map(|at| at.0));
        changed.updated_at = Set(self.surroundings.now().0);
        changed.update(txn).await?;
        Ok(())
    }

    async fn write_down(
        &self,
        txn: &DatabaseTransaction,
        by: &Caller,
        action: AuditAction,
        store: &stores::Model,
        (before, after): (Option<Value>, Option<Value>),
    ) -> Result<(), DbErr> {
        let entry = AuditEntry::of(by, action)
            .concerning(Some(MerchantId(store.merchant_id)))
            .on(TargetKind::Store, &store.name)
            .changed(before, after);
        audit::record(txn, &self.surroundings, entry).await
    }
}

/// The stores of a merchant that is within the caller's scope, by name and open ones first.
pub(super) async fn stores_of(
    connection: &impl ConnectionTrait,
    merchant: MerchantId,
) -> Result<Vec<StoreRow>, Failure> {
    let found = stores::Entity::find()
        .filter(Column::MerchantId.eq(merchant.0))
        .order_by_asc(Column::ClosedAt.is_not_null())
        .order_by_asc(Column::Name)
        .all(connection)
        .await?;
    let standing = terminals::Entity::find()
        .select_only()
        .column(terminals::Column::StoreId)
        .expr_as(Expr::col(terminals::Column::Id).count(), "terminals")
        .filter(terminals::Column::MerchantId.eq(merchant.0))
        .filter(terminals::Column::StoreId.is_not_null())
        .filter(terminals::Column::Lifecycle.ne(Lifecycle::Retired.code()))
        .group_by(terminals::Column::StoreId)
        .into_model::<Standing>()
        .all(connection)
        .await?;
    let standing: HashMap<Uuid, u64> = standing
        .into_iter()
        .map(|store| (store.store_id, u64::try_from(store.terminals).unwrap_or_default()))
        .collect();
    let row = |store: stores::Model| StoreRow {
        terminals: standing.get(&store.id).copied().unwrap_or_default(),
        id: StoreId(store.id),
        name: store.name,
        address: store.address,
        closed: store.closed_at.map(Timestamp),
    };
    Ok(found.into_iter().map(row).collect())
}

/// The merchant that is meant: the caller's own, which a number must be that of; for the platform the one with the number.
async fn merchant_of(
    connection: &impl ConnectionTrait,
    scope: Scope,
    number: Option<&MerchantNo>,
) -> Result<Option<MerchantId>, Failure> {
    let own = match scope {
        Scope::Merchant(own) => Some(own),
        Scope::Platform => None,
    };
    let Some(number) = number else { return Ok(own) };
    let found = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(number.as_str()))
        .select_only()
        .column(merchants::Column::Id)
        .into_tuple::<Uuid>()
        .one(connection)
        .await?;
    Ok(found
        .map(MerchantId)
        .filter(|found| own.is_none_or(|own| own == *found)))
}

/// A store within the caller's scope, locked against terminals that are moved into it: `FOR UPDATE`, which a reference to
/// the row waits for.
async fn lock(txn: &DatabaseTransaction, by: &Caller, store: StoreId) -> Result<stores::Model, Failure> {
    let mut find = stores::Entity::find_by_id(store.0);
    if let Scope::Merchant(merchant) = by.scope() {
        find = find.filter(Column::MerchantId.eq(merchant.0));
    }
    let found = find.lock(LockType::Update).one(txn).await?;
    Ok(found.ok_or(AppError::NotFound)?)
}

/// Whether an app was ever granted for a store.
async fn granted(txn: &DatabaseTransaction, store: &stores::Model) -> Result<bool, Failure> {
    let grants = app_grants::Entity::find()
        .filter(app_grants::Column::MerchantId.eq(store.merchant_id))
        .filter(app_grants::Column::StoreId.eq(store.id));
    Ok(grants.count(txn).await? > 0)
}

/// Where the terminals of a store are.
fn of(store: &stores::Model) -> Expr {
    terminals::Column::MerchantId
        .eq(store.merchant_id)
        .and(terminals::Column::StoreId.eq(store.id))
}

fn or_taken(error: DbErr) -> Failure {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => Invalid::StoreTaken.into(),
        _ => error.into(),
    }
}

/// What is said of a store.
struct Facts {
    name: String,
    address: Option<String>,
}

impl Facts {
    fn of(input: &StoreInput) -> Result<Self, Failure> {
        let name = Name::parse(&input.name).map_err(|_| Invalid::Name)?;
        let address: String = input.address.nfc().collect::<String>().trim().to_owned();
        let formula = address.starts_with(['=', '+', '-', '@']);
        if formula || address.chars().count() > ADDRESS_CHARS || address.chars().any(char::is_control) {
            return Err(Invalid::AddressMalformed.into());
        }
        Ok(Self {
            name: name.as_str().to_owned(),
            address: (!address.is_empty()).then_some(address),
        })
    }

    fn stored(store: &stores::Model) -> Self {
        Self {
            name: store.name.clone(),
            address: store.address.clone(),
        }
    }

    fn json(&self) -> Value {
        json!({ "name": self.name, "address": self.address })
    }
}

#[async_trait]
impl Stores for StoreService {
    async fn list(&self, caller: &Caller, merchant: Option<&MerchantNo>) -> Result<Vec<StoreRow>, AppError> {
        Ok(self.list_rows(caller, merchant).await?)
    }

    async fn create(
        &self,
        by: StoreManager<'_>,
        merchant: Option<&MerchantNo>,
        input: &StoreInput,
    ) -> Result<StoreId, AppError> {
        Ok(self.create_one(by, merchant, input).await?)
    }

    async fn update(&self, by: StoreManager<'_>, store: StoreId, input: &StoreInput) -> Result<(), AppError> {
        Ok(self.update_one(by, store, input).await?)
    }

    async fn close(&self, by: StoreManager<'_>, store: StoreId) -> Result<Closing, AppError> {
        Ok(self.close_one(by, store).await?)
    }

    async fn reopen(&self, by: StoreManager<'_>, store: StoreId) -> Result<(), AppError> {
        Ok(self.reopen_one(by, store).await?)
    }
}
