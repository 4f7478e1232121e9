//! Terminals made and changed, with a log entry each, within one transaction.

use super::known::Known;
use super::plan::{Counts, Planned, created, updated};
use super::write;
use crate::clock::Surroundings;
use crate::entities::{import_changes, import_stores, stores, terminals};
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::codes;
use crate::services::failure::Failure;
use app::caller::RequestInfo;
use app::domain::{LogKind, MerchantId, Outcome, TerminalId, name_key};
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Rows of one statement.
const CHUNK: usize = 500;

/// For whom and for what rows go in.
pub(super) struct Work<'a> {
    pub(super) txn: &'a DatabaseTransaction,
    pub(super) surroundings: &'a Surroundings,
    pub(super) batch: Uuid,
    pub(super) actor: &'a Actor,
    pub(super) request: &'a RequestInfo,
}

/// What was done with rows.
#[derive(Default)]
pub(super) struct Applied {
    pub(super) counts: Counts,
    /// The lowest and the highest key of the terminals that were made.
    pub(super) keys: Option<(Uuid, Uuid)>,
}

/// The fields of a terminal that an import changes, as they were.
#[derive(Serialize, Deserialize)]
pub(super) struct Before {
    pub(super) model: String,
    pub(super) name: String,
    pub(super) merchant_id: Option<Uuid>,
    pub(super) store_id: Option<Uuid>,
    pub(super) lifecycle: String,
    pub(super) firmware: Option<String>,
    pub(super) note: Option<String>,
}

impl Work<'_> {
    pub(super) fn entry(&self, kind: LogKind, terminal: &terminals::Model, sn: &str) -> NewEntry {
        NewEntry {
            merchant: terminal.merchant_id.map(MerchantId),
            terminal: Some(TerminalId(terminal.id)),
            sn_sent: Some(sn.to_owned()),
            detail: serde_json::json!({ "import": self.batch }),
            ..NewEntry::of(self.surroundings, self.request, self.actor.clone(), kind, Outcome::Info)
        }
    }

    /// Makes and changes the terminals of rows.
    pub(super) async fn apply(&self, known: &mut Known, rows: Vec<Planned>) -> Result<Applied, Failure> {
        self.make_stores(known, &rows).await?;
        let mut applied = Applied::default();
        let (mut new, mut changes, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for planned in rows {
            let store = known.store(&planned).flatten();
            let Planned {
                row,
                merchant,
                existing,
                ..
            } = planned;
            let Some(before) = existing else {
                let terminal = created(self.surroundings, self.batch, &row, merchant, store);
                entries.push(self.entry(LogKind::TerminalImported, &terminal, &row.sn_printed));
                new.push(terminal);
                applied.counts.created += 1;
                continue;
            };
            let mut after = updated(&before, &row, merchant, store);
            if after == before {
                applied.counts.skipped += 1;
                continue;
            }
            // Later than before, whatever the clock says: undoing looks at it.
            after.updated_at = self.surroundings.now().0.max(before.updated_at + 1);
            let assigned = before.merchant_id != after.merchant_id;
            if assigned {
                // A code that was out bound it to whomever it was meant for then.
                let withdrawn = codes::withdraw(self.txn, self.surroundings, &before, self.actor, self.request);
                entries.extend(withdrawn.await?);
            }
            let kind = if assigned {
                LogKind::TerminalAssigned
            } else {
                LogKind::TerminalImported
            };
            entries.push(self.entry(kind, &after, &row.sn_printed));
            changes.push(self.change(&before, after.updated_at)?);
            write::update(self.txn, after).await?;
            applied.counts.updated += 1;
        }
        applied.keys = new.first().map(|one| one.id).zip(new.last().map(|one| one.id));
        write::create(self.txn, new).await?;
        for chunk in changes.chunks(CHUNK) {
            import_changes::Entity::insert_many(chunk.iter().cloned())
                .exec_without_returning(self.txn)
                .await?;
        }
        chain::append(self.txn, self.surroundings, entries).await?;
        Ok(applied)
    }

    fn change(&self, before: &terminals::Model, changed_at: i64) -> Result<import_changes::ActiveModel, Failure> {
        let kept = Before {
            model: before.model.clone(),
            name: before.name.clone(),
            merchant_id: before.merchant_id,
            store_id: before.store_id,
            lifecycle: before.lifecycle.clone(),
            firmware: before.firmware.clone(),
            note: before.note.clone(),
        };
        Ok(import_changes::ActiveModel {
            batch_id: Set(self.batch),
            terminal_id: Set(before.id),
            before: Set(serde_json::to_string(&kept).map_err(|error| Failure::Broken(error.to_string()))?),
            changed_at: Set(changed_at),
        })
    }

    /// Makes the stores that rows name and that are not there.
    async fn make_stores(&self, known: &mut Known, rows: &[Planned]) -> Result<(), Failure> {
        let missing: BTreeSet<(Uuid, String)> = rows
            .iter()
            .filter(|planned| known.store(planned) == Some(None))
            .filter_map(|planned| planned.merchant.zip(planned.row.store.as_ref()))
            .map(|(merchant, name)| (merchant, name.as_str().to_owned()))
            .collect();
        let now = self.surroundings.now().0;
        for chunk in missing.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
            let (mut rows, mut made) = (Vec::new(), Vec::new());
            for (merchant, name) in chunk {
                let id = self.surroundings.new_id();
                known.add_store(*merchant, name.clone(), id);
                rows.push(stores::ActiveModel {
                    id: Set(id),
                    merchant_id: Set(*merchant),
                    name: Set(name.clone()),
                    name_key: Set(name_key(name)),
                    address: Set(None),
                    closed_at: Set(None),
                    created_at: Set(now),
                    updated_at: Set(now),
                });
                made.push(import_stores::ActiveModel {
                    batch_id: Set(self.batch),
                    store_id: Set(id),
                });
            }
            stores::Entity::insert_many(rows)
                .exec_without_returning(self.txn)
                .await?;
            import_stores::Entity::insert_many(made)
                .exec_without_returning(self.txn)
                .await?;
        }
        Ok(())
    }
}
