//! The list with the verdict on each terminal, also narrowed to those with one first reason. The database leaves out what
//! cannot have it, the verdict decides on the rest, and a page looks at so many and no more.

use super::{VerdictService, facts, facts_of, judged};
use crate::services::failure::Failure;
use crate::services::terminals::{Placed, row_of, says_all};
use app::backend::page::{Cursor, Direction, Page};
use app::backend::terminals::{Amount, TerminalQuery};
use app::backend::verdicts::Judged;
use app::caller::Caller;
use app::domain::{Answer, Obstacle};
use sea_orm::QueryResult;

/// So many terminals are looked at for a page; where it is not full then, the next one goes on.
const LOOKED_AT: usize = 2_000;

/// So many are looked at at once.
const AT_ONCE: usize = 500;

/// So many are looked at to tell about how many there are.
const SAMPLED: usize = 500;

impl VerdictService {
    /// A page of at most `most` rows.
    ///
    /// **Permissions:** any caller, within its scope.
    pub(in crate::services) async fn judge_page(
        &self,
        caller: &Caller,
        query: &TerminalQuery,
        most: usize,
    ) -> Result<Page<Judged>, Failure> {
        match query.obstacle {
            None => Ok(self.judge_rows(caller, query, most).await?.map(|placed| placed.row)),
            Some(obstacle) => self.look_for(caller, query, obstacle, most).await,
        }
    }

    /// How many terminals a list has.
    pub(in crate::services) async fn count(&self, caller: &Caller, query: &TerminalQuery) -> Result<Amount, Failure> {
        let Some(obstacle) = query.obstacle.filter(|obstacle| !says_all(*obstacle)) else {
            return self.terminals.count_listed(caller.scope(), query).await;
        };
        let first = TerminalQuery {
            cursor: None,
            ..query.clone()
        };
        let sample = self.judge_rows(caller, &first, SAMPLED).await?;
        let have = sample.rows.iter().filter(|placed| has(&placed.row, obstacle)).count() as u64;
        if sample.next.is_none() {
            return Ok(Amount::Exactly(have));
        }
        let (Amount::Exactly(all) | Amount::About(all)) = self.terminals.count_listed(caller.scope(), query).await?;
        let about = all.saturating_mul(have) / sample.rows.len() as u64;
        Ok(Amount::About(std::cmp::max(about, have)))
    }

    async fn judge_rows(
        &self,
        caller: &Caller,
        query: &TerminalQuery,
        most: usize,
    ) -> Result<Page<Placed<Judged>>, Failure> {
        let (scope, now) = (caller.scope(), self.surroundings.now());
        let mut days = facts::Days::at(now);
        let read = |found: &QueryResult| facts::Known::of(found, row_of(found, scope)?, scope, &mut days);
        let page = self
            .terminals
            .list_with(caller, query, most, facts_of(scope), read, |known| &known.row)
            .await?;
        let Page { rows, previous, next } = page;
        let (places, mut known): (Vec<_>, Vec<_>) = rows.into_iter().map(|placed| (placed.place, placed.row)).unzip();
        facts::add_payment_apps(self.database.reader(), &mut known, now).await?;
        let rows = places.into_iter().zip(known).map(|(place, known)| Placed {
            row: judged(known, now),
            place,
        });
        Ok(Page {
            rows: rows.collect(),
            previous,
            next,
        })
    }

    /// A page of the terminals with one first reason.
    async fn look_for(
        &self,
        caller: &Caller,
        query: &TerminalQuery,
        obstacle: Obstacle,
        most: usize,
    ) -> Result<Page<Judged>, Failure> {
        let direction = query.cursor.as_ref().map(|cursor| cursor.direction);
        let back = direction == Some(Direction::Before);
        let mut asked = query.clone();
        let mut at_once = most + 1;
        let mut looked_at = 0;
        // In the order in which they are found: backwards on the way back.
        let mut found: Vec<Placed<Judged>> = Vec::new();
        let mut further = loop {
            let page = self.judge_rows(caller, &asked, at_once).await?;
            looked_at += page.rows.len();
            let Page { rows, previous, next } = page;
            let rows = rows.into_iter().filter(|placed| has(&placed.row, obstacle));
            let further = if back {
                found.extend(rows.rev());
                previous
            } else {
                found.extend(rows);
                next
            };
            if further.is_none() || found.len() > most || looked_at >= LOOKED_AT {
                break further;
            }
            asked.cursor = further;
            at_once = AT_ONCE;
        };
        let beside = |placed: Option<&Placed<Judged>>, direction| {
            let (key, id) = placed?.place.clone()?;
            Some(Cursor { direction, key, id })
        };
        let (ahead, behind) = if back {
            (Direction::Before, Direction::After)
        } else {
            (Direction::After, Direction::Before)
        };
        if found.len() > most {
            found.truncate(most);
            further = beside(found.last(), ahead).or(further);
        }
        let came_from = direction.and_then(|_| beside(found.first(), behind));
        let mut rows: Vec<Judged> = found.into_iter().map(|placed| placed.row).collect();
        if back {
            rows.reverse();
        }
        let (previous, next) = if back {
            (further, came_from)
        } else {
            (came_from, further)
        };
        Ok(Page { rows, previous, next })
    }
}

/// Whether the verdict says this first.
fn has(judged: &Judged, obstacle: Obstacle) -> bool {
    judged.verdict.answer() == Answer::No(obstacle)
}
