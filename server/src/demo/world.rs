//! The ground that everything stands on: merchants and their stores.

use super::TERMINALS;
use super::calendar::Calendar;
use super::catalogue::{CITIES, FAMILY_NAMES, GIVEN_NAMES, MERCHANTS, NUMBER_PREFIX, PLACES, TRADES, WORDS};
use super::dice::Dice;
use super::serials::Serials;
use crate::entities::{merchants, stores};
use app::domain::{Timestamp, name_key};
use sea_orm::{ActiveModelTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel};
use uuid::Uuid;

/// Rows of one statement; a dozen columns each stay far under SQLite's 32,766 parameters.
const CHUNK: usize = 500;

/// Terminals of a merchant beyond the named ones, on average.
const PER_MERCHANT: u64 = 200;

/// Terminals of the first merchant where there are many.
const FIRST_MERCHANT: u64 = 1_200;

/// The merchants, and what the rest of the demo needs to be made.
pub(super) struct World {
    pub(super) calendar: Calendar,
    pub(super) dice: Dice,
    pub(super) serials: Serials,
    /// The named ones first, in the order of [`MERCHANTS`].
    pub(super) merchants: Vec<Merchant>,
    /// Further terminals that belong to nobody.
    pub(super) unassigned: u64,
}

/// A merchant with its stores.
#[derive(Clone, Debug)]
pub(super) struct Merchant {
    pub(super) row: merchants::Model,
    pub(super) stores: Vec<stores::Model>,
    /// Its terminals beyond those of the demo proper.
    pub(super) further: u64,
}

impl World {
    /// Merchants enough for `terminals`.
    pub(super) fn new(now: Timestamp, terminals: u64) -> Self {
        let calendar = Calendar::new(now);
        let dice = Dice::new();
        let further = terminals.saturating_sub(TERMINALS);
        let unassigned = further / 12;
        let mut left = further - unassigned;
        let mut take = |wanted: u64| {
            let taken = wanted.min(left);
            left -= taken;
            taken
        };
        let mut all: Vec<Merchant> = MERCHANTS
            .iter()
            .enumerate()
            .map(|(place, _)| {
                let wanted = if place == 0 {
                    FIRST_MERCHANT.min(further / 4)
                } else {
                    PER_MERCHANT.min(further / 50)
                };
                named(&calendar, &dice, place, take(wanted))
            })
            .collect();
        let mut serial = 9;
        loop {
            let wanted = dice.between(20, i64::try_from(PER_MERCHANT).unwrap_or(200) * 2 - 20);
            let further = take(u64::try_from(wanted).unwrap_or(PER_MERCHANT));
            if further == 0 {
                break;
            }
            all.push(made_up(&calendar, &dice, serial, further));
            serial += 1;
        }
        Self {
            calendar,
            dice,
            serials: Serials::new(terminals),
            merchants: all,
            unassigned,
        }
    }

    /// Writes the merchants and stores.
    pub(super) async fn insert(&self, txn: &DatabaseTransaction) -> Result<(), DbErr> {
        for chunk in self.merchants.chunks(CHUNK) {
            let rows = chunk
                .iter()
                .map(|merchant| merchant.row.clone().into_active_model().reset_all());
            merchants::Entity::insert_many(rows).exec_without_returning(txn).await?;
            let rows: Vec<_> = chunk
                .iter()
                .flat_map(|merchant| &merchant.stores)
                .map(|store| store.clone().into_active_model().reset_all())
                .collect();
            for rows in rows.chunks(CHUNK) {
                stores::Entity::insert_many(rows.iter().cloned())
                    .exec_without_returning(txn)
                    .await?;
            }
        }
        Ok(())
    }
}

fn named(calendar: &Calendar, dice: &Dice, place: usize, further: u64) -> Merchant {
    let seed = MERCHANTS[place];
    let since = calendar.ago(420 - 20 * i64::try_from(place).unwrap_or_default(), 9, 30);
    let mut row = merchant_row(dice, since, seed.number.to_owned(), seed.name.to_owned());
    row.terminal_quota = quota(seed.terminals, further);
    row.contact_name = Some(seed.owner.to_owned());
    row.contact_phone = Some(seed.phone.to_owned());
    row.contact_email = Some(format!("{}@example.com", seed.login));
    let stores = seed
        .stores
        .iter()
        .map(|(name, address)| store_row(dice, &row, (*name).to_owned(), Some((*address).to_owned())));
    let stores = stores.collect();
    Merchant { row, stores, further }
}

fn made_up(calendar: &Calendar, dice: &Dice, serial: u32, further: u64) -> Merchant {
    let (city, area, districts) = dice.one_of(&CITIES);
    let trade = dice.one_of(&TRADES);
    let name = format!("{city}{}{trade}", dice.one_of(&WORDS));
    // Later merchants came later, so that their keys rise.
    let since = calendar.ago(400, 9, 0).plus_ms(i64::from(serial) * 1_000);
    let mut row = merchant_row(dice, since, format!("{NUMBER_PREFIX}{area}{serial:07}"), name);
    row.terminal_quota = quota(0, further);
    row.contact_name = Some(format!("{}{}", dice.one_of(&FAMILY_NAMES), dice.one_of(&GIVEN_NAMES)));
    row.contact_phone = Some(format!("139 5550 {:04}", dice.below(10_000)));
    let count = usize::try_from(1 + dice.below(6)).unwrap_or(1);
    let mut stores: Vec<stores::Model> = Vec::with_capacity(count);
    while stores.len() < count {
        let name = format!("{}{}", dice.one_of(districts), dice.one_of(&PLACES));
        if stores.iter().all(|store| store.name != name) {
            let address = format!("{city}市{}号", 1 + dice.below(300));
            stores.push(store_row(dice, &row, name, Some(address)));
        }
    }
    Merchant { row, stores, further }
}

/// Room for all of a merchant's terminals and some more.
fn quota(named: usize, further: u64) -> i64 {
    let terminals = i64::try_from(named).unwrap_or_default() + i64::try_from(further).unwrap_or_default();
    (terminals + terminals / 4).div_euclid(10) * 10 + 20
}

fn merchant_row(dice: &Dice, since: Timestamp, merchant_no: String, name: String) -> merchants::Model {
    merchants::Model {
        id: dice.id(since),
        merchant_no,
        name_key: name_key(&name),
        name,
        state: "active".to_owned(),
        state_since: since.0,
        state_reason: None,
        time_zone: "Asia/Shanghai".to_owned(),
        terminal_quota: 0,
        contact_name: None,
        contact_phone: None,
        contact_email: None,
        created_at: since.0,
        updated_at: since.0,
    }
}

fn store_row(dice: &Dice, merchant: &merchants::Model, name: String, address: Option<String>) -> stores::Model {
    stores::Model {
        id: dice.id(Timestamp(merchant.created_at)),
        merchant_id: merchant.id,
        name_key: name_key(&name),
        name,
        address,
        closed_at: None,
        created_at: merchant.created_at,
        updated_at: merchant.created_at,
    }
}

impl Merchant {
    /// A store of this merchant.
    pub(super) fn store(&self, place: usize) -> &stores::Model {
        &self.stores[place % self.stores.len()]
    }

    pub(super) fn id(&self) -> Uuid {
        self.row.id
    }
}
