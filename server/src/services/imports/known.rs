//! What rows of one file name again and again: merchants and their stores.

use super::plan::{Parsed, Planned};
use crate::entities::{merchants, stores};
use crate::services::failure::Failure;
use crate::services::merchants::hold as hold_merchants;
use app::domain::MerchantState;
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Values of one list in a statement.
const AT_ONCE: usize = 500;

/// Merchants and stores as they were read. Merchants are never deleted; whether they are suspended is looked at again before
/// they are given a terminal, by [`Known::hold_merchants`], and stores before one is put into them, by
/// [`Known::hold_stores`].
#[derive(Default)]
pub(super) struct Known {
    merchants: HashMap<String, Option<Uuid>>,
    suspended: HashSet<Uuid>,
    stores: HashMap<(Uuid, String), Uuid>,
    closed: HashSet<Uuid>,
    owners: HashSet<Uuid>,
}

impl Known {
    /// Reads the merchants that rows name.
    pub(super) async fn learn_merchants(
        &mut self,
        connection: &impl ConnectionTrait,
        rows: &[Parsed],
    ) -> Result<(), Failure> {
        let named = rows
            .iter()
            .filter_map(|row| row.says.as_ref().ok()?.merchant_no.as_deref());
        let new: BTreeSet<&str> = named.filter(|number| !self.merchants.contains_key(*number)).collect();
        for chunk in new.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            let found = merchants::Entity::find()
                .filter(merchants::Column::MerchantNo.is_in(chunk.iter().copied()))
                .all(connection)
                .await?;
            let nobody = chunk.iter().map(|number| ((*number).to_owned(), None));
            self.merchants.extend(nobody);
            for merchant in found {
                self.learn_state(&merchant);
                self.merchants.insert(merchant.merchant_no, Some(merchant.id));
            }
        }
        Ok(())
    }

    fn learn_state(&mut self, merchant: &merchants::Model) {
        if merchant.state == MerchantState::Active.code() {
            self.suspended.remove(&merchant.id);
        } else {
            self.suspended.insert(merchant.id);
        }
    }

    /// Looks again at merchants, and keeps them as they are until the transaction ends: whoever would suspend one waits.
    pub(super) async fn hold_merchants(
        &mut self,
        connection: &impl ConnectionTrait,
        ids: BTreeSet<Uuid>,
    ) -> Result<(), Failure> {
        for chunk in ids.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            for merchant in hold_merchants(connection, chunk.iter().copied()).await? {
                self.learn_state(&merchant);
            }
        }
        Ok(())
    }

    /// Whether a merchant is suspended, so that it is given no terminal.
    pub(super) fn is_suspended(&self, merchant: Uuid) -> bool {
        self.suspended.contains(&merchant)
    }

    /// The merchant of a number.
    pub(super) fn merchant(&self, number: &str) -> Option<Uuid> {
        self.merchants.get(number).copied().flatten()
    }

    /// The stores that rows name, by merchant and name.
    fn named(&self, rows: &[Parsed]) -> BTreeSet<(Uuid, String)> {
        let named = rows.iter().filter_map(|row| {
            let row = row.says.as_ref().ok()?;
            let merchant = self.merchant(row.merchant_no.as_deref()?)?;
            Some((merchant, row.store.as_ref()?.as_str().to_owned()))
        });
        named.collect()
    }

    /// Reads the stores of the merchants that rows name.
    pub(super) async fn learn_stores(
        &mut self,
        connection: &impl ConnectionTrait,
        rows: &[Parsed],
    ) -> Result<(), Failure> {
        let owners = self.named(rows).into_iter().map(|(owner, _)| owner);
        let new: BTreeSet<Uuid> = owners.filter(|owner| !self.owners.contains(owner)).collect();
        for chunk in new.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            let found = stores::Entity::find()
                .filter(stores::Column::MerchantId.is_in(chunk.iter().copied()))
                .all(connection)
                .await?;
            self.owners.extend(chunk);
            for store in found {
                self.learn(store);
            }
        }
        Ok(())
    }

    fn learn(&mut self, store: stores::Model) {
        if store.closed_at.is_some() {
            self.closed.insert(store.id);
        } else {
            self.closed.remove(&store.id);
        }
        self.stores.insert((store.merchant_id, store.name), store.id);
    }

    /// Looks again at the stores that rows name, and keeps them as they are until the transaction ends.
    pub(super) async fn hold_stores(
        &mut self,
        connection: &impl ConnectionTrait,
        rows: &[Parsed],
    ) -> Result<(), Failure> {
        let named = self.named(rows);
        let ids = named.iter().filter_map(|name| self.stores.get(name).copied());
        let held = hold(connection, ids.collect()).await?;
        // One that was renamed or removed meanwhile is not the one that is meant.
        for name in &named {
            self.stores.remove(name);
        }
        for store in held {
            self.learn(store);
        }
        Ok(())
    }

    /// The store that a row names: `None` when it names none, `Some(None)` when it is not there yet.
    pub(super) fn store(&self, planned: &Planned) -> Option<Option<Uuid>> {
        let name = planned.row.store.as_ref()?.as_str().to_owned();
        Some(self.stores.get(&(planned.merchant?, name)).copied())
    }

    /// Whether the store that a row names is closed.
    pub(super) fn is_closed(&self, planned: &Planned) -> bool {
        let store = self.store(planned).flatten();
        store.is_some_and(|store| self.closed.contains(&store))
    }

    pub(super) fn add_store(&mut self, merchant: Uuid, name: String, id: Uuid) {
        self.stores.insert((merchant, name), id);
    }
}

/// Stores as they are, which nobody closes or removes until the transaction ends: whoever would do so waits.
pub(super) async fn hold(
    connection: &impl ConnectionTrait,
    ids: BTreeSet<Uuid>,
) -> Result<Vec<stores::Model>, Failure> {
    let mut held = Vec::with_capacity(ids.len());
    for chunk in ids.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
        let found = stores::Entity::find()
            .filter(stores::Column::Id.is_in(chunk.iter().copied()))
            .order_by_asc(stores::Column::Id)
            .lock(LockType::KeyShare)
            .all(connection)
            .await?;
        held.extend(found);
    }
    Ok(held)
}
