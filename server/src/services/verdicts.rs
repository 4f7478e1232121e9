//! Whether terminals can take a payment now: gathers the facts, and lets `app::domain` judge.

mod facts;
mod listed;

use super::failure::Failure;
use super::terminals::{Particulars, TerminalService, listed, row_of};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::terminals;
use app::backend::page::{PAGE_ROWS, Page};
use app::backend::terminals::{Amount, TerminalQuery};
use app::backend::verdicts::{COUNTING_MS, Health, Judged, MOST_JUDGED, Verdicts};
use app::caller::{Caller, Scope};
use app::domain::{Answer, Lifecycle, SerialNumber, TerminalId, Timestamp, Verdict};
use app::error::AppError;
use async_trait::async_trait;
use sea_orm::ConnectionTrait;
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;
use terminals::Column;

/// A terminal as a file shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// What a list shows; with the merchant, also where it is the caller's own.
    pub judged: Judged,
    /// The rest.
    pub particulars: Particulars,
}

/// Answers [`Verdicts`].
pub struct VerdictService {
    database: Database,
    surroundings: Surroundings,
    terminals: Arc<TerminalService>,
}

impl VerdictService {
    pub(super) fn new(database: Database, surroundings: Surroundings, terminals: Arc<TerminalService>) -> Self {
        Self {
            database,
            surroundings,
            terminals,
        }
    }

    /// The verdict on a terminal that has proven to be itself; `None` when its record is gone.
    ///
    /// **Permissions:** the terminal.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn of_itself(&self, terminal: TerminalId) -> Result<Option<Verdict>, AppError> {
        let found = self.judge(Scope::Platform, |select| {
            select.and_where(column(Column::Id).eq(terminal.0));
        });
        Ok(found.await?.into_iter().map(|judged| judged.verdict).next())
    }

    async fn judge(
        &self,
        scope: Scope,
        narrow: impl FnOnce(&mut SelectStatement) + Send,
    ) -> Result<Vec<Judged>, Failure> {
        let now = self.surroundings.now();
        let mut select = facts_of(scope);
        narrow(&mut select);
        select
            .order_by((terminals::Entity, Column::Sn), Order::Asc)
            .order_by((terminals::Entity, Column::Manufacturer), Order::Asc)
            .order_by((terminals::Entity, Column::Id), Order::Desc);
        let reader = self.database.reader();
        let found = reader.query_all(&select).await?;
        let mut days = facts::Days::at(now);
        let mut known = found
            .iter()
            .map(|found| facts::Known::of(found, row_of(found, scope)?, scope, &mut days))
            .collect::<Result<Vec<_>, Failure>>()?;
        facts::add_payment_apps(reader, &mut known, now).await?;
        Ok(known.into_iter().map(|known| judged(known, now)).collect())
    }

    /// A piece of the list of terminals, of at most `rows` rows: what an export reads.
    ///
    /// **Permissions:** any caller, within its scope.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn piece(&self, caller: &Caller, query: &TerminalQuery, rows: usize) -> Result<Page<Exported>, AppError> {
        Ok(self.exported(caller, query, rows).await?)
    }

    async fn exported(&self, caller: &Caller, query: &TerminalQuery, rows: usize) -> Result<Page<Exported>, Failure> {
        let page = self.judge_page(caller, query, rows).await?;
        let ids: Vec<TerminalId> = page.rows.iter().map(|judged| judged.row.id).collect();
        let mut particulars = self.terminals.particulars_of(caller, &ids).await?;
        let own = self.terminals.own_merchant(caller.scope()).await?;
        Ok(page.map(|mut judged| {
            judged.row.merchant = judged.row.merchant.or_else(|| own.clone());
            Exported {
                particulars: particulars.remove(&judged.row.id).unwrap_or_default(),
                judged,
            }
        }))
    }

    async fn judge_registered(&self, caller: &Caller) -> Result<Option<Health>, Failure> {
        let scope = caller.scope();
        let Scope::Merchant(_) = scope else {
            return Ok(None);
        };
        let mut judged = self
            .judge(scope, |select| {
                select
                    .and_where(column(Column::Lifecycle).eq(Lifecycle::Registered.code()))
                    .limit(MOST_JUDGED as u64 + 1);
            })
            .await?;
        let more = judged.len() > MOST_JUDGED;
        judged.truncate(MOST_JUDGED);
        let mut health = Health {
            looked_at: judged.len() as u64,
            more,
            ..Health::default()
        };
        for one in judged {
            match one.verdict.answer() {
                Answer::Ready => health.ready += 1,
                Answer::NotSure(_) => {}
                Answer::No(_) => health.obstructed.push(one),
            }
        }
        health
            .obstructed
            .sort_by_key(|one| Reverse(one.verdict.first_failure()));
        Ok(Some(health))
    }

    async fn judge_numbers(&self, caller: &Caller, numbers: &[SerialNumber]) -> Result<Vec<Judged>, Failure> {
        let asked: Vec<&str> = numbers.iter().take(MOST_JUDGED).map(SerialNumber::as_str).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut judged = self
            .judge(caller.scope(), |select| {
                select.and_where(column(Column::Sn).is_in(asked));
            })
            .await?;
        let live: HashSet<_> = judged
            .iter()
            .filter(|judged| judged.row.lifecycle != Lifecycle::Retired)
            .map(|judged| judged.row.sn.clone())
            .collect();
        // Newest first: of retired records, the first one of a serial number stays.
        let mut seen = HashSet::new();
        judged.retain(|judged| {
            judged.row.lifecycle != Lifecycle::Retired
                || (!live.contains(&judged.row.sn) && seen.insert(judged.row.sn.clone()))
        });
        Ok(judged)
    }
}

/// What lists show of the terminals of a scope, and behind it the columns that a verdict needs.
fn facts_of(scope: Scope) -> SelectStatement {
    let mut select = listed(scope);
    facts::add_columns(&mut select, scope);
    select
}

fn judged(known: facts::Known, now: Timestamp) -> Judged {
    Judged {
        verdict: Verdict::of(Some(&known.facts), now),
        row: known.row,
    }
}

fn column(column: Column) -> Expr {
    Expr::col((terminals::Entity, column))
}

#[async_trait]
impl Verdicts for VerdictService {
    async fn list(&self, caller: &Caller, numbers: &[SerialNumber]) -> Result<Vec<Judged>, AppError> {
        Ok(self.judge_numbers(caller, numbers).await?)
    }

    async fn page(&self, caller: &Caller, query: &TerminalQuery) -> Result<Page<Judged>, AppError> {
        Ok(self.judge_page(caller, query, PAGE_ROWS).await?)
    }

    async fn amounts(&self, caller: &Caller, queries: &[TerminalQuery]) -> Result<Vec<Option<Amount>>, AppError> {
        let until = self.surroundings.now().plus_ms(COUNTING_MS);
        let mut amounts = Vec::with_capacity(queries.len());
        for query in queries {
            amounts.push(match self.surroundings.now() < until {
                true => Some(self.count(caller, query).await?),
                false => None,
            });
        }
        Ok(amounts)
    }

    async fn health(&self, caller: &Caller) -> Result<Option<Health>, AppError> {
        Ok(self.judge_registered(caller).await?)
    }

    async fn get(&self, caller: &Caller, terminal: TerminalId) -> Result<Option<Judged>, AppError> {
        let found = self.judge(caller.scope(), |select| {
            select.and_where(column(Column::Id).eq(terminal.0));
        });
        Ok(found.await?.pop())
    }
}
