//! From rows that are right by themselves to terminals: what is there already decides.

use super::parse::{GoodRow, ReadFile, quoted};
use crate::clock::Surroundings;
use crate::entities::{merchants, stores, terminals};
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::codes;
use crate::services::failure::Failure;
use app::backend::imports::{RowError, RowFault};
use app::caller::PlatformAdmin;
use app::domain::{ImportBatchId, Lifecycle, LogKind, MerchantId, Outcome, TerminalId, name_key};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// Rows of one statement; 30 columns each stay under SQLite's 32,766 parameters.
const CHUNK: usize = 500;

/// What is to be done with a file.
pub(super) struct Plan {
    rows: Vec<PlannedRow>,
    /// What is wrong, by line.
    pub(super) errors: Vec<RowError>,
}

struct PlannedRow {
    row: GoodRow,
    merchant: Option<Uuid>,
    existing: Option<terminals::Model>,
}

/// What was done with a file.
#[derive(Default)]
pub(super) struct Applied {
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) skipped: i64,
}

impl Plan {
    /// How many rows are wrong; one row may have several errors.
    pub(super) fn failed_rows(&self) -> i64 {
        let lines: BTreeSet<u64> = self.errors.iter().map(|error| error.line).collect();
        i64::try_from(lines.len()).unwrap_or(i64::MAX)
    }
}

/// Compares a file with itself and with what is there, whose rows stay locked.
pub(super) async fn plan(txn: &DatabaseTransaction, file: ReadFile) -> Result<Plan, Failure> {
    let merchants = merchants_of(txn, &file.rows).await?;
    let mut existing = existing_of(txn, &file.rows).await?;
    let mut errors = file.errors;
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for row in file.rows {
        let mut wrong = |column: &Option<String>, fault, found: &str| {
            errors.push(RowError {
                line: row.line,
                column: column.clone(),
                fault,
                found: Some(quoted(found)),
            });
        };
        let key = (row.manufacturer.clone(), row.sn.clone());
        if !seen.insert(key) {
            wrong(&Some(file.sn_heading.clone()), RowFault::Duplicate, &row.sn_printed);
            continue;
        }
        let merchant = match &row.merchant_no {
            None => None,
            Some(number) => match merchants.get(number) {
                Some(merchant) => Some(*merchant),
                None => {
                    wrong(&file.merchant_heading, RowFault::MerchantUnknown, number);
                    continue;
                }
            },
        };
        let terminal = existing.remove(&(row.manufacturer.as_str().to_owned(), row.sn.as_str().to_owned()));
        let owner = terminal.as_ref().and_then(|terminal| terminal.merchant_id);
        if owner.is_some() && merchant.is_some() && owner != merchant {
            let number = row.merchant_no.clone().unwrap_or_default();
            wrong(&file.merchant_heading, RowFault::OtherMerchant, &number);
            continue;
        }
        rows.push(PlannedRow {
            row,
            merchant,
            existing: terminal,
        });
    }
    errors.sort_by_key(|error| error.line);
    Ok(Plan { rows, errors })
}

/// Creates and updates terminals, with a log entry each.
pub(super) async fn apply(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    by: PlatformAdmin<'_>,
    batch: ImportBatchId,
    plan: Plan,
) -> Result<Applied, Failure> {
    let stores = stores_of(txn, surroundings, &plan.rows).await?;
    let mut applied = Applied::default();
    let mut new = Vec::new();
    let mut entries = Vec::new();
    let entry = |kind, terminal, merchant: Option<Uuid>, sn: &str| NewEntry {
        merchant: merchant.map(MerchantId),
        terminal: Some(TerminalId(terminal)),
        sn_sent: Some(sn.to_owned()),
        detail: serde_json::json!({ "import": batch.0 }),
        ..NewEntry::of(surroundings, by.request(), Actor::caller(&by), kind, Outcome::Info)
    };
    for PlannedRow {
        row,
        merchant,
        existing,
    } in plan.rows
    {
        let store = row
            .store
            .as_ref()
            .zip(merchant)
            .and_then(|(name, merchant)| stores.get(&(merchant, name.as_str().to_owned())).copied());
        match existing {
            None => {
                let terminal = created(surroundings, batch, &row, merchant, store);
                entries.push(entry(LogKind::TerminalImported, terminal.id, merchant, &row.sn_printed));
                new.push(terminal);
                applied.created += 1;
            }
            Some(before) => {
                let after = updated(surroundings, &before, &row, merchant, store);
                if after == before {
                    applied.skipped += 1;
                    continue;
                }
                let assigned = before.merchant_id != after.merchant_id;
                if assigned {
                    // A code that was out bound it to whomever it was meant for then.
                    let actor = Actor::caller(&by);
                    entries.extend(codes::withdraw(txn, surroundings, &before, &actor, by.request()).await?);
                }
                let kind = if assigned {
                    LogKind::TerminalAssigned
                } else {
                    LogKind::TerminalImported
                };
                entries.push(entry(kind, after.id, after.merchant_id, &row.sn_printed));
                terminals::ActiveModel::from(after).reset_all().update(txn).await?;
                applied.updated += 1;
            }
        }
    }
    // In one order, so that two imports of the same terminals wait for each other and do not lock each other out.
    new.sort_by(|one: &terminals::Model, other| (&one.sn, &one.manufacturer).cmp(&(&other.sn, &other.manufacturer)));
    let mut new = new.into_iter();
    loop {
        let chunk: Vec<_> = new
            .by_ref()
            .take(CHUNK)
            .map(|terminal| terminals::ActiveModel::from(terminal).reset_all())
            .collect();
        if chunk.is_empty() {
            break;
        }
        terminals::Entity::insert_many(chunk)
            .exec_without_returning(txn)
            .await?;
    }
    chain::append(txn, surroundings, entries).await?;
    Ok(applied)
}

fn created(
    surroundings: &Surroundings,
    batch: ImportBatchId,
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
        import_batch_id: Some(batch.0),
        created_at: now,
        registered_at: None,
        last_seen_at: None,
        updated_at: now,
    }
}

/// A terminal with what the row says of it; an empty cell says nothing. A terminal that was nobody's is given to the
/// row's merchant.
fn updated(
    surroundings: &Surroundings,
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
    if after != *before {
        after.updated_at = surroundings.now().0;
    }
    after
}

async fn merchants_of(txn: &DatabaseTransaction, rows: &[GoodRow]) -> Result<HashMap<String, Uuid>, Failure> {
    let numbers: BTreeSet<&str> = rows.iter().filter_map(|row| row.merchant_no.as_deref()).collect();
    let mut found = HashMap::new();
    for chunk in numbers.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let merchants = merchants::Entity::find()
            .filter(merchants::Column::MerchantNo.is_in(chunk.iter().copied()))
            .all(txn)
            .await?;
        found.extend(
            merchants
                .into_iter()
                .map(|merchant| (merchant.merchant_no, merchant.id)),
        );
    }
    Ok(found)
}

/// The live terminals that rows speak of, locked, by manufacturer and serial number.
async fn existing_of(
    txn: &DatabaseTransaction,
    rows: &[GoodRow],
) -> Result<HashMap<(String, String), terminals::Model>, Failure> {
    let numbers: BTreeSet<&str> = rows.iter().map(|row| row.sn.as_str()).collect();
    let mut found = HashMap::new();
    for chunk in numbers.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let terminals = terminals::Entity::find()
            .filter(terminals::Column::Sn.is_in(chunk.iter().copied()))
            .filter(terminals::Column::Lifecycle.ne(Lifecycle::Retired.code()))
            .order_by_asc(terminals::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .all(txn)
            .await?;
        found.extend(
            terminals
                .into_iter()
                .map(|terminal| ((terminal.manufacturer.clone(), terminal.sn.clone()), terminal)),
        );
    }
    Ok(found)
}

/// The stores that rows name, those that are missing made.
async fn stores_of(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    rows: &[PlannedRow],
) -> Result<HashMap<(Uuid, String), Uuid>, Failure> {
    let named: BTreeSet<(Uuid, String)> = rows
        .iter()
        .filter_map(|planned| {
            planned
                .merchant
                .zip(planned.row.store.as_ref().map(|name| name.as_str().to_owned()))
        })
        .collect();
    let owners: BTreeSet<Uuid> = named.iter().map(|(merchant, _)| *merchant).collect();
    let mut found = HashMap::new();
    for chunk in owners.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        let stores = stores::Entity::find()
            .filter(stores::Column::MerchantId.is_in(chunk.iter().copied()))
            .all(txn)
            .await?;
        found.extend(
            stores
                .into_iter()
                .map(|store| ((store.merchant_id, store.name), store.id)),
        );
    }
    let now = surroundings.now().0;
    let missing: Vec<_> = named.into_iter().filter(|key| !found.contains_key(key)).collect();
    for chunk in missing.chunks(CHUNK) {
        let rows: Vec<_> = chunk
            .iter()
            .map(|(merchant, name)| {
                let id = surroundings.new_id();
                found.insert((*merchant, name.clone()), id);
                stores::ActiveModel {
                    id: Set(id),
                    merchant_id: Set(*merchant),
                    name: Set(name.clone()),
                    name_key: Set(name_key(name)),
                    address: Set(None),
                    closed_at: Set(None),
                    created_at: Set(now),
                    updated_at: Set(now),
                }
            })
            .collect();
        stores::Entity::insert_many(rows).exec_without_returning(txn).await?;
    }
    Ok(found)
}
