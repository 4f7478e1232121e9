//! What is to be done with rows that are right by themselves: what is there already decides.

use super::known::Known;
use super::layout::Layout;
use super::rows::{GoodRow, heading, quoted};
use crate::clock::Surroundings;
use crate::entities::terminals;
use crate::services::failure::Failure;
use app::backend::imports::{Effect, Field, RowError, RowFault};
use app::domain::{Lifecycle, Name, name_key};
use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A row as it was read.
#[derive(Clone)]
pub(super) struct Parsed {
    pub(super) line: u64,
    /// As it stands in the file, to be given back.
    pub(super) cells: Vec<String>,
    /// What it says, or what is wrong with it.
    pub(super) says: Result<GoodRow, Vec<RowError>>,
}

/// A row that is wrong.
pub(super) struct Rejected {
    pub(super) cells: Vec<String>,
    pub(super) errors: Vec<RowError>,
}

/// A row with what is there of it.
pub(super) struct Planned {
    pub(super) line: u64,
    pub(super) row: GoodRow,
    pub(super) merchant: Option<Uuid>,
    pub(super) existing: Option<terminals::Model>,
}

/// Compares rows with what is there, which stays locked when that is said.
pub(super) async fn plan(
    connection: &impl ConnectionTrait,
    locked: bool,
    layout: &Layout,
    known: &mut Known,
    rows: Vec<Parsed>,
) -> Result<(Vec<Planned>, Vec<Rejected>), Failure> {
    known.learn_merchants(connection, &rows).await?;
    let mut existing = existing_of(connection, locked, &rows).await?;
    known.learn_stores(connection, &rows).await?;
    if locked {
        let given = rows
            .iter()
            .filter_map(|row| given_to(known, &existing, row.says.as_ref().ok()?));
        known.hold_merchants(connection, given.collect()).await?;
        known.hold_stores(connection, &rows).await?;
    }
    let (mut planned, mut rejected) = (Vec::with_capacity(rows.len()), Vec::new());
    for Parsed { line, cells, says } in rows {
        let row = match says {
            Ok(row) => row,
            Err(errors) => {
                rejected.push(Rejected { cells, errors });
                continue;
            }
        };
        let wrong = |row: &GoodRow, field, fault| {
            let found = match field {
                Field::Store => row.store.as_ref().map(Name::as_str),
                _ => row.merchant_no.as_deref(),
            };
            vec![RowError {
                line,
                column: Some(heading(layout, field)),
                fault,
                found: found.map(quoted),
            }]
        };
        let merchant = row.merchant_no.as_deref().and_then(|number| known.merchant(number));
        if row.merchant_no.is_some() && merchant.is_none() {
            let errors = wrong(&row, Field::MerchantNo, RowFault::MerchantUnknown);
            rejected.push(Rejected { cells, errors });
            continue;
        }
        // As assigning a terminal does; what such a merchant has already may still be described.
        if given_to(known, &existing, &row).is_some_and(|merchant| known.is_suspended(merchant)) {
            let errors = wrong(&row, Field::MerchantNo, RowFault::MerchantSuspended);
            rejected.push(Rejected { cells, errors });
            continue;
        }
        let terminal = existing.remove(&key_of(&row));
        let owner = terminal.as_ref().and_then(|terminal| terminal.merchant_id);
        if owner.is_some() && merchant.is_some() && owner != merchant {
            let errors = wrong(&row, Field::MerchantNo, RowFault::OtherMerchant);
            rejected.push(Rejected { cells, errors });
            continue;
        }
        let one = Planned {
            line,
            row,
            merchant,
            existing: terminal,
        };
        if known.is_closed(&one) {
            let errors = wrong(&one.row, Field::Store, RowFault::StoreClosed);
            rejected.push(Rejected { cells, errors });
            continue;
        }
        planned.push(one);
    }
    Ok((planned, rejected))
}

/// Live terminals by manufacturer and serial number.
type Existing = HashMap<(String, String), terminals::Model>;

fn key_of(row: &GoodRow) -> (String, String) {
    (row.manufacturer.as_str().to_owned(), row.sn.as_str().to_owned())
}

/// The merchant that a row gives a terminal to that is nobody's yet.
fn given_to(known: &Known, existing: &Existing, row: &GoodRow) -> Option<Uuid> {
    let owner = existing.get(&key_of(row)).and_then(|terminal| terminal.merchant_id);
    let named = known.merchant(row.merchant_no.as_deref()?);
    named.filter(|_| owner.is_none())
}

/// The live terminals that rows speak of, in one statement, so that they are locked in the order of their keys.
async fn existing_of(connection: &impl ConnectionTrait, locked: bool, rows: &[Parsed]) -> Result<Existing, Failure> {
    let numbers = rows.iter().filter_map(|row| Some(row.says.as_ref().ok()?.sn.as_str()));
    let mut query = terminals::Entity::find()
        .filter(terminals::Column::Sn.is_in(numbers.collect::<BTreeSet<_>>()))
        .filter(terminals::Column::Lifecycle.ne(Lifecycle::Retired.code()));
    if locked {
        query = query.order_by_asc(terminals::Column::Id).lock(LockType::NoKeyUpdate);
    }
    let found = query.all(connection).await?;
    let keyed = |terminal: terminals::Model| ((terminal.manufacturer.clone(), terminal.sn.clone()), terminal);
    Ok(found.into_iter().map(keyed).collect())
}

/// A terminal as a row makes it.
pub(super) fn created(
    surroundings: &Surroundings,
    batch: Uuid,
    row: &GoodRow,
    merchant: Option<Uuid>,
    store: Option<Uuid>,
) -> terminals::Model {
    let now = surroundings.now().0;
    let lifecycle = if merchant.is_some() {
        Lifecycle::Awaiting
    } else {
        Lifecycle::Unassigned
    };
    terminals::Model {
        id: surroundings.new_id(),
        manufacturer: row.manufacturer.as_str().to_owned(),
        model: row.model.clone(),
        sn: row.sn.as_str().to_owned(),
        sn_printed: row.sn_printed.clone(),
        name: row
            .name
            .as_ref()
            .map(|name| name.as_str().to_owned())
            .unwrap_or_default(),
        name_key: row.name.as_ref().and_then(|name| name_key(name.as_str())),
        merchant_id: merchant,
        store_id: store,
        lifecycle: lifecycle.code().to_owned(),
        lifecycle_reason: None,
        lifecycle_note: None,
        note: row.note.clone(),
        firmware: row.firmware.clone(),
        app_version: None,
        token_hash: None,
        token_issued_at: None,
        heartbeat_interval_ms: None,
        last_report: None,
        reported_at: None,
        online: false,
        online_until: None,
        business_day: None,
        signed_in_at: None,
        signed_out_at: None,
        operator_no: None,
        import_batch_id: Some(batch),
        created_at: now,
        registered_at: None,
        last_seen_at: None,
        updated_at: now,
    }
}

/// A terminal with what the row says of it; an empty cell says nothing. A terminal that was nobody's is given to the
/// row's merchant.
pub(super) fn updated(
    before: &terminals::Model,
    row: &GoodRow,
    merchant: Option<Uuid>,
    store: Option<Uuid>,
) -> terminals::Model {
    let mut after = before.clone();
    after.model.clone_from(&row.model);
    if let Some(name) = &row.name {
        name.as_str().clone_into(&mut after.name);
        after.name_key = name_key(name.as_str());
    }
    if after.merchant_id.is_none() && merchant.is_some() {
        after.merchant_id = merchant;
        Lifecycle::Awaiting.code().clone_into(&mut after.lifecycle);
    }
    after.store_id = store.or(before.store_id);
    after.firmware = row.firmware.clone().or(after.firmware);
    after.note = row.note.clone().or(after.note);
    after
}

/// What a row would do, with the terminal as an update would leave it.
pub(super) fn effect(known: &Known, planned: &Planned) -> (Effect, Option<terminals::Model>) {
    let Some(before) = &planned.existing else {
        return (Effect::Created, None);
    };
    let store = known.store(planned);
    let after = updated(before, &planned.row, planned.merchant, store.flatten());
    if store == Some(None) || after != *before {
        (Effect::Updated, Some(after))
    } else {
        (Effect::Skipped, None)
    }
}

/// How many terminals rows would make, change and leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) skipped: i64,
}

impl Counts {
    /// The one of an effect.
    pub(super) fn of(&mut self, effect: Effect) -> &mut i64 {
        match effect {
            Effect::Created => &mut self.created,
            Effect::Updated => &mut self.updated,
            Effect::Skipped => &mut self.skipped,
        }
    }
}
