//! A batch as it is shown: what came of its terminals, counted, and a page of them.

use super::{BatchService, DONE, code_of};
use crate::entities::{activation_codes, batch_items, batch_jobs, terminals};
use crate::services::codes;
use crate::services::failure::{Failure, unreadable};
use crate::services::scope::terminals_in;
use app::backend::batches::{BATCH_ROWS, Batch, BatchCounts, BatchItem, BatchStage, BatchView, Came, MAX_ITEMS, Work};
use app::backend::page::{Cursor, Direction, Page};
use app::backend::registration::IssuedCode;
use app::backend::terminals::{TerminalCounts, TerminalRow};
use app::caller::{Caller, Scope};
use app::domain::{BatchId, TerminalId, Timestamp};
use batch_items::Column;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::collections::HashMap;
use uuid::Uuid;

impl BatchService {
    pub(super) async fn find(
        &self,
        caller: &Caller,
        id: BatchId,
        view: &BatchView,
        key: Option<&str>,
    ) -> Result<Option<Batch>, Failure> {
        let Some(batch) = self.own(caller, id).await? else {
            return Ok(None);
        };
        let reader = self.database.reader();
        let job = batch_jobs::Entity::find_by_id(id.0).one(reader).await?;
        let work = match batch.work.as_deref() {
            None => None,
            Some(code) => Some(Work::parse(code).ok_or_else(|| unreadable("work"))?),
        };
        let stage = match &job {
            None => BatchStage::Done,
            Some(job) => job.stage.parse().map_err(|_| unreadable("stage"))?,
        };
        let key = key.filter(|_| matches!(work, Some(Work::Register | Work::IssueCodes)));
        let states = if stage == BatchStage::Chosen {
            self.states_of(caller.scope(), id).await?
        } else {
            TerminalCounts::default()
        };
        Ok(Some(Batch {
            id,
            created: Timestamp(batch.created_at),
            work,
            stage,
            problem: job.and_then(|job| job.problem).and_then(|code| code.parse().ok()),
            counts: counts_of(reader, id.0).await?,
            states,
            items: self.page_of(caller, id, view, key).await?,
        }))
    }

    async fn page_of(
        &self,
        caller: &Caller,
        id: BatchId,
        view: &BatchView,
        key: Option<&str>,
    ) -> Result<Page<BatchItem>, Failure> {
        let most = if key.is_some() { MAX_ITEMS } else { BATCH_ROWS };
        let page = self.rows_on(id, view, most).await?;
        let ids: Vec<_> = page
            .rows
            .iter()
            .filter_map(|item| item.terminal_id)
            .map(TerminalId)
            .collect();
        let rows = self.terminals.rows_of(caller, &ids).await?;
        let rows: HashMap<Uuid, TerminalRow> = rows.into_iter().map(|row| (row.id.0, row)).collect();
        let mut codes = match key {
            Some(key) => self.codes_of(id, key, &page.rows).await?,
            None => HashMap::new(),
        };
        Ok(page.map(|item| BatchItem {
            terminal: item.terminal_id.and_then(|id| rows.get(&id).cloned()),
            code: codes.remove(&item.place),
            typed: item.typed,
            came: match item.outcome {
                None => Came::Nothing,
                Some(done) if done == DONE => Came::Done,
                Some(why) => Came::Refused(why),
            },
        }))
    }

    async fn rows_on(&self, id: BatchId, view: &BatchView, most: usize) -> Result<Page<batch_items::Model>, Failure> {
        let at = |cursor: &Cursor| cursor.key.parse::<i64>().ok();
        let cursor = view.cursor.as_ref().filter(|cursor| at(cursor).is_some());
        let back = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
        let mut find = batch_items::Entity::find().filter(Column::BatchId.eq(id.0));
        if let Some(place) = cursor.and_then(at) {
            find = find.filter(if back {
                Column::Place.lt(place)
            } else {
                Column::Place.gt(place)
            });
        }
        if view.not_done {
            find = find.filter(Column::Outcome.is_null().or(Column::Outcome.ne(DONE)));
        }
        let order = if back { Order::Desc } else { Order::Asc };
        let found = find
            .order_by(Column::Place, order)
            .limit(most as u64 + 1)
            .all(self.database.reader())
            .await?;
        Ok(Page::sized(most, found, cursor, |item| {
            (item.place.to_string(), item.batch_id)
        }))
    }

    /// In which states the terminals of a batch are that are within a scope.
    async fn states_of(&self, scope: Scope, id: BatchId) -> Result<TerminalCounts, Failure> {
        let chosen = batch_items::Entity::find()
            .select_only()
            .column(Column::TerminalId)
            .filter(Column::BatchId.eq(id.0))
            .filter(Column::TerminalId.is_not_null())
            .into_query();
        let mut select = terminals_in(scope);
        let lifecycle = || Expr::col((terminals::Entity, terminals::Column::Lifecycle));
        select
            .clear_selects()
            .expr(lifecycle())
            .expr(Expr::col((terminals::Entity, terminals::Column::Id)).count())
            .and_where(Expr::col((terminals::Entity, terminals::Column::Id)).in_subquery(chosen))
            .add_group_by([lifecycle()]);
        let mut counts = TerminalCounts::default();
        for row in self.database.reader().query_all(&select).await? {
            let state: String = row.try_get_by_index(0)?;
            let state = state.parse().map_err(|_| unreadable("lifecycle"))?;
            let many: i64 = row.try_get_by_index(1)?;
            *counts.of_mut(state) = u64::try_from(many).unwrap_or_default();
        }
        Ok(counts)
    }

    /// The codes of a batch that still work, by place.
    async fn codes_of(
        &self,
        id: BatchId,
        key: &str,
        items: &[batch_items::Model],
    ) -> Result<HashMap<i64, IssuedCode>, Failure> {
        let done = items.iter().filter(|item| item.outcome.as_deref() == Some(DONE));
        let made: Vec<_> = done.map(|item| (item.place, code_of(key, id, item.place))).collect();
        let hashes = made.iter().map(|(_, code)| codes::hash_of(code));
        let kept = activation_codes::Entity::find()
            .filter(activation_codes::Column::CodeHash.is_in(hashes))
            .filter(activation_codes::Column::State.eq("issued"))
            .filter(activation_codes::Column::ExpiresAt.gt(self.surroundings.now().0))
            .all(self.database.reader())
            .await?;
        let expiry: HashMap<Vec<u8>, i64> = kept.into_iter().map(|code| (code.code_hash, code.expires_at)).collect();
        Ok(made
            .into_iter()
            .filter_map(|(place, code)| {
                let expires = Timestamp(*expiry.get(&codes::hash_of(&code))?);
                Some((place, IssuedCode { code, expires }))
            })
            .collect())
    }
}

/// What came of the terminals of a batch so far.
pub(super) async fn counts_of(connection: &impl ConnectionTrait, batch: Uuid) -> Result<BatchCounts, Failure> {
    let found = batch_items::Entity::find()
        .select_only()
        .column_as(Column::Place.count(), "all")
        .column_as(Column::Outcome.count(), "settled")
        .filter(Column::BatchId.eq(batch))
        .into_tuple::<(i64, i64)>()
        .one(connection)
        .await?;
    let (all, settled) = found.unwrap_or_default();
    let done = batch_items::Entity::find()
        .select_only()
        .column_as(Column::Place.count(), "done")
        .filter(Column::BatchId.eq(batch))
        .filter(Column::Outcome.eq(DONE))
        .into_tuple::<i64>()
        .one(connection)
        .await?
        .unwrap_or_default();
    let count = |n: i64| u64::try_from(n).unwrap_or_default();
    Ok(BatchCounts {
        done: count(done),
        refused: count(settled - done),
        waiting: count(all - settled),
    })
}
