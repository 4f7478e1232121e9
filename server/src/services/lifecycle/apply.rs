//! What a move does to a terminal's row, its codes and its grants, and what the log has to say of it.

use crate::clock::Surroundings;
use crate::entities::terminals::{ActiveModel, Column, Entity, Model};
use crate::entities::{app_grants, apps, merchants, stores, terminal_tags};
use crate::services::audit::{self, AuditEntry};
use crate::services::chain::{Actor, NewEntry};
use crate::services::codes;
use crate::services::failure::{Failure, unreadable};
use app::backend::lifecycle::Change;
use app::caller::Manager;
use app::domain::{
    AuditAction, Lifecycle, LifecycleReason, LogKind, MerchantId, MerchantNo, Move, Name, Outcome, Reason, TargetKind,
    TerminalId, Told, WhyNot, allowed, name_key,
};
use app::error::{AppError, Invalid};
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The columns that a move may change.
const CHANGED: [Column; 19] = [
    Column::MerchantId,
    Column::StoreId,
    Column::Lifecycle,
    Column::LifecycleReason,
    Column::LifecycleNote,
    Column::Name,
    Column::NameKey,
    Column::TokenHash,
    Column::TokenIssuedAt,
    Column::RegisteredAt,
    Column::Online,
    Column::OnlineUntil,
    Column::LastSeenAt,
    Column::LastReport,
    Column::ReportedAt,
    Column::BusinessDay,
    Column::SignedInAt,
    Column::SignedOutAt,
    Column::OperatorNo,
];

/// Does moves within a transaction that holds the terminals' rows.
pub(in crate::services) struct Mover<'a> {
    pub(in crate::services) txn: &'a DatabaseTransaction,
    pub(in crate::services) surroundings: &'a Surroundings,
    pub(in crate::services) by: Manager<'a>,
}

impl Mover<'_> {
    /// Does one move to a terminal whose row is locked, and answers what the log has to say. What is refused is refused
    /// before anything is written, so that the transaction can go on with other terminals.
    ///
    /// **Permissions:** those of [`app::backend::lifecycle::Moves::change`]; the row comes from within the scope.
    pub(in crate::services) async fn apply(
        &self,
        row: Model,
        seen: Lifecycle,
        change: &Change,
        successor: Option<Model>,
    ) -> Result<Vec<NewEntry>, Failure> {
        let wanted = change.wanted();
        let state = row.lifecycle.parse().map_err(|_| unreadable("lifecycle"))?;
        if state != seen {
            return Err(Invalid::Changed.into());
        }
        allowed(self.by.role(), state, wanted).map_err(|why| match why {
            WhyNot::Role => Failure::from(AppError::Forbidden),
            WhyNot::State(_) => Invalid::NotInThisState.into(),
        })?;
        let mut after = row.clone();
        if let Some(state) = wanted.leads(state) {
            after.lifecycle = state.code().to_owned();
        }
        match change {
            Change::Assign { merchant, store } => self.give(&mut after, merchant, store.as_ref()).await?,
            Change::MoveMerchant { merchant, store } => {
                self.give(&mut after, merchant, store.as_ref()).await?;
                if after.merchant_id == row.merchant_id {
                    return Err(Invalid::AlreadyTheirs.into());
                }
                disconnect(&mut after);
                forget(&mut after);
            }
            Change::Unregister => disconnect(&mut after),
            Change::MoveStore(store) => {
                after.store_id = store.map(|store| store.0);
                self.check_store(&after).await?;
            }
            Change::Rename(name) => {
                after.name = name.as_str().to_owned();
                after.name_key = name_key(name.as_str());
            }
            Change::Suspend(cause) => stop(&mut after, cause.reason(), cause.note()),
            Change::Resume => {
                self.active(row.merchant_id).await?;
                (after.lifecycle_reason, after.lifecycle_note) = (None, None);
                after.registered_at = Some(row.registered_at.unwrap_or(self.surroundings.now().0));
            }
            Change::Retire(cause) => {
                silence(&mut after);
                stop(&mut after, cause.reason(), cause.note());
            }
            Change::Replace(_) => {
                let successor = successor.ok_or(Invalid::ReplacementUnknown)?;
                return self.replace(row, after, successor).await;
            }
        }
        if after == row {
            return Ok(Vec::new());
        }
        self.write(wanted, row, after, Map::new()).await
    }

    /// Gives a terminal to an active merchant and, where one is named, to one of its stores.
    async fn give(&self, after: &mut Model, merchant: &MerchantNo, store: Option<&Name>) -> Result<(), Failure> {
        let merchant = merchants::Entity::find()
            .filter(merchants::Column::MerchantNo.eq(merchant.as_str()))
            .lock(LockType::NoKeyUpdate)
            .one(self.txn)
            .await?
            .ok_or(Invalid::MerchantUnknown)?;
        is_active(&merchant)?;
        after.merchant_id = Some(merchant.id);
        after.store_id = match store {
            None => None,
            Some(name) => {
                let store = stores::Entity::find()
                    .filter(stores::Column::MerchantId.eq(merchant.id))
                    .filter(stores::Column::Name.eq(name.as_str()))
                    .filter(stores::Column::ClosedAt.is_null())
                    .lock(LockType::KeyShare)
                    .one(self.txn)
                    .await?;
                Some(store.ok_or(Invalid::StoreUnknown)?.id)
            }
        };
        Ok(())
    }

    async fn check_store(&self, after: &Model) -> Result<(), Failure> {
        let Some(store) = after.store_id else {
            return Ok(());
        };
        // Whoever closes the store at the same time comes before or after.
        let find = stores::Entity::find_by_id(store).filter(stores::Column::ClosedAt.is_null());
        let found = find.lock(LockType::KeyShare).one(self.txn).await?;
        let own = found.is_some_and(|store| Some(store.merchant_id) == after.merchant_id);
        own.then_some(()).ok_or(Invalid::StoreUnknown.into())
    }

    async fn active(&self, merchant: Option<Uuid>) -> Result<(), Failure> {
        let Some(merchant) = merchant else {
            return Ok(());
        };
        let found = merchants::Entity::find_by_id(merchant)
            .lock(LockType::NoKeyUpdate)
            .one(self.txn)
            .await?;
        is_active(&found.ok_or_else(|| unreadable("merchant"))?)
    }

    /// The successor takes merchant, store and name; the terminal itself is out of use for good.
    async fn replace(&self, row: Model, mut after: Model, successor: Model) -> Result<Vec<NewEntry>, Failure> {
        let free = match successor.lifecycle.parse() {
            Ok(Lifecycle::Unassigned) => true,
            Ok(Lifecycle::Awaiting) => successor.merchant_id == row.merchant_id,
            _ => false,
        };
        if !free {
            return Err(Invalid::ReplacementUnknown.into());
        }
        self.active(row.merchant_id).await?;
        silence(&mut after);
        stop(&mut after, LifecycleReason::Replaced, None);
        let mut next = successor.clone();
        next.lifecycle = Lifecycle::Awaiting.code().to_owned();
        (next.merchant_id, next.store_id) = (row.merchant_id, row.store_id);
        next.name.clone_from(&row.name);
        let said = |name: &str, sn: &str| Map::from_iter([(name.to_owned(), Value::from(sn))]);
        let by = said("replaced_by", &successor.sn);
        let of = said("replaces", &row.sn);
        let mut entries = self.write(Move::Replace, row, after, by).await?;
        entries.extend(self.write(Move::Assign, successor, next, of).await?);
        Ok(entries)
    }

    /// Writes what has changed, on the condition that the state is still the one that was decided on.
    async fn write(
        &self,
        wanted: Move,
        before: Model,
        mut after: Model,
        mut detail: Map<String, Value>,
    ) -> Result<Vec<NewEntry>, Failure> {
        let mut entries = Vec::new();
        let elsewhere = before.merchant_id.is_some() && before.merchant_id != after.merchant_id;
        let token_gone = before.token_hash.is_some() && after.token_hash.is_none();
        if token_gone || elsewhere || matches!(wanted, Move::Unregister | Move::Retire | Move::Replace) {
            let (actor, request) = (Actor::caller(&self.by), self.by.request());
            entries.extend(codes::withdraw(self.txn, self.surroundings, &before, &actor, request).await?);
        }
        if elsewhere {
            entries.extend(self.revoke_grants(&before).await?);
            // What one merchant calls its terminals is not the next one's business.
            terminal_tags::Entity::delete_many()
                .filter(terminal_tags::Column::TerminalId.eq(before.id))
                .exec(self.txn)
                .await?;
        }
        after.updated_at = self.surroundings.now().0;
        let mut set = ActiveModel::from(after.clone());
        for column in CHANGED.into_iter().chain([Column::UpdatedAt]) {
            set.reset(column);
        }
        let written = Entity::update_many()
            .set(set)
            .filter(Column::Id.eq(before.id))
            .filter(Column::Lifecycle.eq(before.lifecycle.as_str()))
            .exec(self.txn)
            .await?;
        if written.rows_affected != 1 {
            return Err(Failure::Broken("a locked terminal has changed its state".to_owned()));
        }
        let (was, is) = (self.facts(&before).await?, self.facts(&after).await?);
        let differ = |name: &&str| was.get(*name) != is.get(*name);
        let names: Vec<&str> = FACTS.iter().filter(|name| differ(name)).copied().collect();
        let pick = |facts: &Map<String, Value>, hidden: bool| -> Value {
            let tell = |name: &&str| !hidden || !TENANTS.contains(name);
            let value = |name: &&str| ((*name).to_owned(), facts.get(*name).cloned().unwrap_or_default());
            Value::Object(names.iter().filter(|name| tell(name)).map(value).collect())
        };
        let done = AuditEntry::of(&self.by, action_of(wanted))
            .concerning(after.merchant_id.map(MerchantId))
            .on(TargetKind::Terminal, &after.sn)
            .changed(Some(pick(&was, false)), Some(pick(&is, false)));
        audit::record(self.txn, self.surroundings, done).await?;
        let entry = |kind, model: &Model, detail| NewEntry {
            detail: Value::Object(detail),
            ..self.entry(kind, model)
        };
        if elsewhere {
            // Two merchants, two chains: neither is told who the other is.
            let mut left = detail.clone();
            left.insert("before".to_owned(), pick(&was, false));
            left.insert("after".to_owned(), json!({ "merchant": null }));
            entries.push(entry(kind_of(wanted), &before, left));
            detail.insert("before".to_owned(), pick(&was, true));
            detail.insert("after".to_owned(), pick(&is, false));
            entries.push(entry(LogKind::TerminalAssigned, &after, detail));
        } else {
            detail.insert("before".to_owned(), pick(&was, false));
            detail.insert("after".to_owned(), pick(&is, false));
            entries.push(entry(kind_of(wanted), &after, detail));
        }
        Ok(entries)
    }

    fn entry(&self, kind: LogKind, model: &Model) -> NewEntry {
        NewEntry {
            merchant: model.merchant_id.map(MerchantId),
            terminal: Some(TerminalId(model.id)),
            sn_sent: Some(model.sn_printed.clone()),
            ..NewEntry::of(
                self.surroundings,
                self.by.request(),
                Actor::caller(&self.by),
                kind,
                Outcome::Success,
            )
        }
    }

    /// A grant for one terminal is one merchant's: it ends where the terminal goes to another.
    async fn revoke_grants(&self, before: &Model) -> Result<Vec<NewEntry>, Failure> {
        let now = self.surroundings.now().0;
        let of_terminal = app_grants::Column::TerminalId.eq(before.id);
        let grants = app_grants::Entity::find()
            .filter(of_terminal.clone())
            .all(self.txn)
            .await?;
        let apps = apps::Entity::find()
            .filter(apps::Column::Id.is_in(grants.iter().map(|grant| grant.app_id)))
            .all(self.txn)
            .await?;
        let good = |grant: &app_grants::Model| {
            grant.revoked_at.is_none() && grant.expires_at.is_none_or(|expires| expires > now)
        };
        let entries = grants
            .iter()
            .filter(|grant| good(grant))
            .filter_map(|grant| apps.iter().find(|app| app.id == grant.app_id))
            .map(|app| NewEntry {
                detail: json!({ "package": app.package }),
                ..self.entry(LogKind::AppRevoked, before)
            })
            .collect();
        app_grants::Entity::delete_many()
            .filter(of_terminal)
            .exec(self.txn)
            .await?;
        Ok(entries)
    }

    /// What the log tells of a terminal, by name.
    async fn facts(&self, model: &Model) -> Result<Map<String, Value>, Failure> {
        let merchant = match model.merchant_id {
            None => None,
            Some(id) => merchants::Entity::find_by_id(id).one(self.txn).await?,
        };
        let store = match model.store_id {
            None => None,
            Some(id) => stores::Entity::find_by_id(id).one(self.txn).await?,
        };
        let facts: [Value; FACTS.len()] = [
            json!(model.lifecycle),
            json!(model.lifecycle_reason),
            json!(model.lifecycle_note),
            json!(merchant.map(|merchant| merchant.merchant_no)),
            json!(store.map(|store| store.name)),
            json!(model.name),
        ];
        Ok(FACTS.iter().map(|name| (*name).to_owned()).zip(facts).collect())
    }
}

/// What the log tells of a terminal before and after, in this order.
const FACTS: [&str; 6] = ["lifecycle", "reason", "note", "merchant", "store", "name"];

/// What of it is one merchant's business alone.
const TENANTS: [&str; 3] = ["merchant", "store", "name"];

fn is_active(merchant: &merchants::Model) -> Result<(), Failure> {
    if merchant.state == "active" {
        Ok(())
    } else {
        Err(AppError::Refused(Told::Itself(Reason::MerchantSuspended)).into())
    }
}

/// Its token stops working, and it is not registered.
fn disconnect(row: &mut Model) {
    silence(row);
    (row.token_hash, row.token_issued_at) = (None, None);
    row.registered_at = None;
}

/// Nobody waits for its heartbeats any more. Its token stays, so that it is told its state, and nothing else.
fn silence(row: &mut Model) {
    (row.online, row.online_until) = (false, None);
}

/// What it did for its merchant is not the next one's business.
fn forget(row: &mut Model) {
    (row.name, row.name_key) = (String::new(), None);
    (row.last_seen_at, row.last_report, row.reported_at) = (None, None, None);
    (row.business_day, row.operator_no) = (None, None);
    (row.signed_in_at, row.signed_out_at) = (None, None);
}

fn stop(row: &mut Model, reason: LifecycleReason, note: Option<&str>) {
    row.lifecycle_reason = Some(reason.code().to_owned());
    row.lifecycle_note = note.map(str::to_owned);
}

/// What the log calls a move.
fn kind_of(wanted: Move) -> LogKind {
    match wanted {
        Move::Assign => LogKind::TerminalAssigned,
        Move::Register => LogKind::RegistrationSucceeded,
        Move::Unregister => LogKind::TerminalUnregistered,
        Move::MoveMerchant | Move::MoveStore => LogKind::TerminalMoved,
        Move::Rename => LogKind::TerminalRenamed,
        Move::Suspend => LogKind::TerminalSuspended,
        Move::Resume => LogKind::TerminalResumed,
        Move::Retire => LogKind::TerminalRetired,
        Move::Replace => LogKind::TerminalReplaced,
    }
}

/// What the audit log calls a move.
fn action_of(wanted: Move) -> AuditAction {
    match wanted {
        Move::Assign => AuditAction::TerminalAssigned,
        Move::Register => AuditAction::TerminalRegistered,
        Move::Unregister => AuditAction::TerminalUnregistered,
        Move::MoveMerchant | Move::MoveStore => AuditAction::TerminalMoved,
        Move::Rename => AuditAction::TerminalRenamed,
        Move::Suspend => AuditAction::TerminalSuspended,
        Move::Resume => AuditAction::TerminalResumed,
        Move::Retire => AuditAction::TerminalRetired,
        Move::Replace => AuditAction::TerminalReplaced,
    }
}
