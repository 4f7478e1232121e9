//! Taking an import back. Log entries name the terminals it made, and the log only grows: such a terminal is retired and
//! nobody's, and its serial number is free. Terminals that it changed become what they were.

use super::apply::{Before, Work};
use super::job::Job;
use super::known;
use super::write;
use crate::entities::{
    activation_codes, app_grants, import_changes, import_jobs, import_stores, stores, terminal_tags, terminals,
};
use crate::services::chain::{self, NewEntry};
use crate::services::codes;
use crate::services::failure::{Failure, unreadable};
use crate::services::jobs::Interrupted;
use crate::services::{audit, audit::AuditEntry};
use app::backend::imports::Stage;
use app::domain::{AuditAction, Lifecycle, LogKind, TargetKind, name_key};
use app::error::Invalid;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// Terminals that one transaction takes back.
const CHUNK: u64 = 500;

/// Terminals whose `updated_at` was passed on by something else than their making, that have spoken, or have a code, a
/// tag or an app of their own.
fn touched() -> Condition {
    let of_terminal = |mut rows: SelectStatement, column: Expr| {
        rows.expr(Expr::val(1))
            .and_where(column.equals((terminals::Entity, terminals::Column::Id)))
            .take()
    };
    let codes = of_terminal(
        Query::select().from(activation_codes::Entity).take(),
        Expr::col((activation_codes::Entity, activation_codes::Column::TerminalId)),
    );
    let tags = of_terminal(
        Query::select().from(terminal_tags::Entity).take(),
        Expr::col((terminal_tags::Entity, terminal_tags::Column::TerminalId)),
    );
    let grants = of_terminal(
        Query::select().from(app_grants::Entity).take(),
        Expr::col((app_grants::Entity, app_grants::Column::TerminalId)),
    );
    let own = |column| Expr::col((terminals::Entity, column));
    Condition::any()
        .add(own(terminals::Column::UpdatedAt).ne(own(terminals::Column::CreatedAt)))
        .add(own(terminals::Column::LastSeenAt).is_not_null())
        .add(Expr::exists(codes))
        .add(Expr::exists(tags))
        .add(Expr::exists(grants))
}

impl Job<'_> {
    /// The terminals that the import made, as far as they are not taken back yet.
    fn made(&self) -> Option<Condition> {
        let (first, last) = self.job.first_terminal.zip(self.job.last_terminal)?;
        Some(
            Condition::all()
                .add(terminals::Column::Id.between(first, last))
                .add(terminals::Column::ImportBatchId.eq(self.batch.id)),
        )
    }

    /// Those that an undoing before this one, which broke off, took back.
    fn taken_back(&self) -> Condition {
        Condition::all()
            .add(terminals::Column::Lifecycle.eq(Lifecycle::Retired.code()))
            .add(terminals::Column::MerchantId.is_null())
            // Without it one that somebody retired and said nothing would be neither these nor others.
            .add(terminals::Column::LifecycleNote.is_not_null())
            .add(terminals::Column::LifecycleNote.eq(self.note()))
    }

    /// How many of its terminals somebody has changed since.
    async fn count_touched(&self, connection: &impl ConnectionTrait) -> Result<u64, Failure> {
        let made = match self.made() {
            Some(made) => {
                terminals::Entity::find()
                    .filter(made)
                    .filter(touched())
                    .filter(self.taken_back().not())
                    .count(connection)
                    .await?
            }
            None => 0,
        };
        let of_batch = |rows: &mut SelectStatement| {
            rows.from(import_changes::Entity)
                .and_where(Expr::col((import_changes::Entity, import_changes::Column::BatchId)).eq(self.batch.id))
                .take()
        };
        let column = |column| Expr::col((import_changes::Entity, column));
        let all = of_batch(Query::select().expr(column(import_changes::Column::TerminalId)));
        let unchanged = of_batch(Query::select().expr(Expr::val(1)))
            .and_where(column(import_changes::Column::TerminalId).equals((terminals::Entity, terminals::Column::Id)))
            .and_where(
                column(import_changes::Column::ChangedAt).equals((terminals::Entity, terminals::Column::UpdatedAt)),
            )
            .take();
        let changed = terminals::Entity::find()
            .filter(terminals::Column::Id.in_subquery(all))
            .filter(Expr::exists(unchanged).not())
            .count(connection)
            .await?;
        Ok(made + changed)
    }

    /// Takes everything back, or nothing when somebody has changed one of the terminals.
    pub(super) async fn take_back(&mut self) -> Result<(), Interrupted> {
        if self.read == 0 {
            let touched = self.count_touched(self.service.database.reader()).await?;
            self.job.rows_touched = i64::try_from(touched).unwrap_or(i64::MAX);
            if touched > 0 {
                return self.leave(None).await;
            }
        }
        while self.take_back_made().await? {
            self.told();
        }
        while self.take_back_changes().await? {
            self.told();
        }
        let txn = self.service.database.begin().await?;
        self.lease.keep(&txn, &self.service.surroundings).await?;
        self.forget_stores(&txn).await?;
        self.enter(&txn, Stage::Undone).await?;
        audit::record(&txn, &self.service.surroundings, self.undone()?).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Leaves all as it is, and says why: a problem, or that somebody has changed something.
    pub(super) async fn leave(&self, problem: Option<Invalid>) -> Result<(), Interrupted> {
        let stage = match self.batch.state.as_str() {
            "cancelled" => Stage::Cancelled,
            "failed" => Stage::Failed,
            _ => Stage::Done,
        };
        let txn = self.service.database.begin().await?;
        import_jobs::Entity::update_many()
            .col_expr(
                import_jobs::Column::UndoProblem,
                Expr::value(problem.map(Invalid::code)),
            )
            .filter(self.lease.held())
            .exec(&txn)
            .await?;
        self.enter(&txn, stage).await?;
        let why = problem.map_or("changed", Invalid::code);
        let entry = self.undone()?.refused(why);
        audit::record(&txn, &self.service.surroundings, entry).await?;
        txn.commit().await?;
        Ok(())
    }

    fn undone(&self) -> Result<AuditEntry, Failure> {
        let told = json!({ "file_name": self.batch.file_name, "rows": self.read });
        Ok(AuditEntry::of(&self.who.caller()?, AuditAction::ImportUndone)
            .on(TargetKind::Import, self.batch.id)
            .changed(None, Some(told)))
    }

    /// Retires a chunk of the terminals that it made; `false` when there are no more. One that somebody has changed
    /// since the beginning stays as it is.
    async fn take_back_made(&mut self) -> Result<bool, Interrupted> {
        let Some(made) = self.made() else {
            return Ok(false);
        };
        let txn = self.service.database.begin().await?;
        self.keep(&txn).await?;
        let rows = terminals::Entity::find()
            .filter(made)
            .filter(terminals::Column::Lifecycle.ne(Lifecycle::Retired.code()))
            .filter(touched().not())
            .order_by_asc(terminals::Column::Id)
            .limit(CHUNK)
            .lock(LockType::NoKeyUpdate)
            .all(&txn)
            .await?;
        if rows.is_empty() {
            return Ok(false);
        }
        let now = self.service.surroundings.now().0;
        let (actor, request) = (self.who.actor(), self.who.request());
        let work = self.as_work(&txn, &actor, &request);
        let entries = rows
            .iter()
            .map(|row| {
                told_undone(
                    work.entry(LogKind::TerminalRetired, row, &row.sn_printed),
                    self.batch.id,
                )
            })
            .collect();
        write::retire(&txn, rows.iter().map(|row| row.id), self.note(), now).await?;
        chain::append(&txn, &self.service.surroundings, entries).await?;
        self.count_back(&txn, rows.len()).await?;
        txn.commit().await?;
        Ok(true)
    }

    /// Gives a chunk of the terminals that it changed their former facts back; `false` when there are no more.
    async fn take_back_changes(&mut self) -> Result<bool, Interrupted> {
        let txn = self.service.database.begin().await?;
        self.keep(&txn).await?;
        let changes = import_changes::Entity::find()
            .filter(import_changes::Column::BatchId.eq(self.batch.id))
            .order_by_asc(import_changes::Column::TerminalId)
            .limit(CHUNK)
            .all(&txn)
            .await?;
        if changes.is_empty() {
            return Ok(false);
        }
        let ids: Vec<Uuid> = changes.iter().map(|change| change.terminal_id).collect();
        let rows = terminals::Entity::find()
            .filter(terminals::Column::Id.is_in(ids.iter().copied()))
            .order_by_asc(terminals::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .all(&txn)
            .await?;
        let mut before = changes
            .iter()
            .map(|change| {
                let before: Before =
                    serde_json::from_str(&change.before).map_err(|_| unreadable("terminal before an import"))?;
                Ok((change.terminal_id, (before, change.changed_at)))
            })
            .collect::<Result<HashMap<_, _>, Failure>>()?;
        let open = open_among(&txn, before.values().filter_map(|(before, _)| before.store_id)).await?;
        let (actor, request) = (self.who.actor(), self.who.request());
        let work = self.as_work(&txn, &actor, &request);
        let mut entries = Vec::new();
        let mut back = 0;
        for row in rows {
            let Some((before, _)) = before
                .remove(&row.id)
                .filter(|(_, changed_at)| *changed_at == row.updated_at)
            else {
                continue;
            };
            if before.merchant_id != row.merchant_id && has_grants(&txn, row.id).await? {
                continue;
            }
            let kind = if before.merchant_id == row.merchant_id {
                LogKind::TerminalImported
            } else {
                // Whoever it was given to hears that it is gone, and a code for it is no longer good.
                let withdrawn = codes::withdraw(&txn, &self.service.surroundings, &row, &actor, &request);
                entries.extend(withdrawn.await?);
                LogKind::TerminalMoved
            };
            entries.push(told_undone(work.entry(kind, &row, &row.sn_printed), self.batch.id));
            let after = terminals::Model {
                model: before.model,
                name_key: name_key(&before.name),
                name: before.name,
                merchant_id: before.merchant_id,
                // Nothing is put into a store that was closed meanwhile: it stays where it stands.
                store_id: match before.store_id {
                    Some(store) if !open.contains(&store) => row.store_id,
                    store => store,
                },
                lifecycle: before.lifecycle,
                firmware: before.firmware,
                note: before.note,
                updated_at: Ord::max(self.service.surroundings.now().0, row.updated_at + 1),
                ..row
            };
            write::update(&txn, after).await?;
            back += 1;
        }
        import_changes::Entity::delete_many()
            .filter(import_changes::Column::BatchId.eq(self.batch.id))
            .filter(import_changes::Column::TerminalId.is_in(ids))
            .exec(&txn)
            .await?;
        chain::append(&txn, &self.service.surroundings, entries).await?;
        self.count_back(&txn, back).await?;
        txn.commit().await?;
        Ok(true)
    }

    fn as_work<'w>(
        &'w self,
        txn: &'w sea_orm::DatabaseTransaction,
        actor: &'w chain::Actor,
        request: &'w app::caller::RequestInfo,
    ) -> Work<'w> {
        Work {
            txn,
            surroundings: &self.service.surroundings,
            batch: self.batch.id,
            actor,
            request,
        }
    }

    async fn count_back(&mut self, txn: &sea_orm::DatabaseTransaction, rows: usize) -> Result<(), Failure> {
        self.read += i64::try_from(rows).unwrap_or(i64::MAX);
        self.lease
            .further(&self.service.surroundings)
            .col_expr(import_jobs::Column::RowsRead, self.read.into())
            .exec(txn)
            .await?;
        Ok(())
    }

    /// Deletes the stores that it made and in which nothing stands.
    async fn forget_stores(&self, txn: &sea_orm::DatabaseTransaction) -> Result<(), Failure> {
        let made = import_stores::Entity::find()
            .filter(import_stores::Column::BatchId.eq(self.batch.id))
            .all(txn)
            .await?;
        for chunk in made.chunks(CHUNK as usize) {
            let standing = Query::select()
                .expr(Expr::val(1))
                .from(terminals::Entity)
                .and_where(
                    Expr::col((terminals::Entity, terminals::Column::MerchantId))
                        .equals((stores::Entity, stores::Column::MerchantId)),
                )
                .and_where(
                    Expr::col((terminals::Entity, terminals::Column::StoreId))
                        .equals((stores::Entity, stores::Column::Id)),
                )
                .take();
            let granted = Query::select()
                .expr(Expr::val(1))
                .from(app_grants::Entity)
                .and_where(
                    Expr::col((app_grants::Entity, app_grants::Column::StoreId))
                        .equals((stores::Entity, stores::Column::Id)),
                )
                .take();
            stores::Entity::delete_many()
                .filter(stores::Column::Id.is_in(chunk.iter().map(|made| made.store_id)))
                .filter(
                    Expr::col((stores::Entity, stores::Column::UpdatedAt))
                        .equals((stores::Entity, stores::Column::CreatedAt)),
                )
                .filter(Expr::exists(standing).not())
                .filter(Expr::exists(granted).not())
                .exec(txn)
                .await?;
        }
        Ok(())
    }

    /// Why the terminals are retired, for whoever meets them.
    fn note(&self) -> String {
        format!("撤销导入 / import undone: {}", self.batch.file_name)
    }
}

/// Those of the stores that are open, and stay so until the transaction ends.
async fn open_among(
    connection: &impl ConnectionTrait,
    stores: impl Iterator<Item = Uuid>,
) -> Result<HashSet<Uuid>, Failure> {
    let held = known::hold(connection, stores.collect()).await?;
    let open = held.into_iter().filter(|store| store.closed_at.is_none());
    Ok(open.map(|store| store.id).collect())
}

/// Whether a merchant has an app for this terminal, which keeps it that merchant's.
async fn has_grants(connection: &impl ConnectionTrait, terminal: Uuid) -> Result<bool, Failure> {
    let grants = app_grants::Entity::find().filter(app_grants::Column::TerminalId.eq(terminal));
    Ok(grants.one(connection).await?.is_some())
}

fn told_undone(entry: NewEntry, batch: Uuid) -> NewEntry {
    NewEntry {
        detail: json!({ "import": batch, "undone": true }),
        ..entry
    }
}
