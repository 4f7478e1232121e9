//! Finding terminals by what their merchants and stores are called. A word may be part of thousands of names: the newest
//! terminal of each place is one step into an index, and only the places whose newest are newest are gone into. Where a
//! word is part of so many names that this costs more than looking at terminals one by one, those are looked at.

use super::TerminalService;
use super::grams::Word;
use super::lookups::{self, Stretch, Walked};
use super::search::{From, Hit, Search};
use super::ways::{self, Amounts, Asking, Way};
use crate::services::failure::Failure;
use app::backend::page::Direction;
use app::caller::Scope;
use sea_orm::sea_query::Expr;
use sea_orm::{Condition, ConnectionTrait, DbErr, Statement};
use std::collections::HashSet;
use uuid::Uuid;

/// Where as many hits as are wanted lie within so many numbers, all of those are looked at.
const DENSE: u64 = 400;

/// What is found is everywhere where so many lie within this many times as many numbers.
const PROBED: usize = 50;
const FREQUENT: u64 = 16;

/// How much a search takes in more each time that too few of what it took belonged, and at most.
const MORE: usize = 4;
const MOST_TAKEN: usize = 10_000;

impl TerminalService {
    /// What a search finds whose word is looked for apart.
    pub(super) async fn hits_of_word(
        &self,
        search: &Search,
        word: &Word,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let own = self.own_hits(search, word, conditions, stretch, limit);
        let (own, amounts) = tokio::try_join!(own, self.amounts(word))?;
        self.with_placed((search, word, amounts), conditions, stretch, limit, own)
            .await
    }

    /// All that a search finds, where that is not more than `most`.
    pub(super) async fn hits_if_few(
        &self,
        scope: Scope,
        search: &Search,
        conditions: &[Condition],
        most: usize,
    ) -> Result<Option<Vec<Hit>>, Failure> {
        let newest = self.hits(scope, search, conditions, None, PROBED).await?;
        if newest.len() < PROBED {
            return Ok(Some(newest));
        }
        // A merchant's terminals do not lie side by side.
        if matches!(scope, Scope::Platform) && self.are_everywhere(search, conditions, &newest).await? {
            return Ok(None);
        }
        let limit = most + 1;
        let hits = if let Some(word) = &search.apart {
            let stretch = Stretch::after(None);
            let own = self.own_hits(search, word, conditions, stretch, limit).await?;
            if own.len() > most {
                return Ok(None);
            }
            let amounts = self.amounts(word).await?;
            self.with_placed((search, word, amounts), conditions, stretch, limit, own)
                .await?
        } else {
            self.hits(scope, search, conditions, None, limit).await?
        };
        Ok(Some(hits).filter(|hits| hits.len() <= most))
    }

    /// Whether what a search of the platform's finds is so frequent among the newest terminals, in the middle and among the
    /// oldest that nobody has to count it.
    async fn are_everywhere(&self, search: &Search, conditions: &[Condition], newest: &[Hit]) -> Result<bool, Failure> {
        let lie_close = |hits: &[Hit], from: i64| {
            let last = hits.get(PROBED - 1);
            last.is_some_and(|last| last.number.abs_diff(from) <= PROBED as u64 * FREQUENT)
        };
        let Some(first) = newest.first().map(|hit| hit.number) else {
            return Ok(false);
        };
        if !lie_close(newest, first) {
            return Ok(false);
        }
        for (number, direction) in [(first / 2, Direction::After), (0, Direction::Before)] {
            let from = Some(From { number, direction });
            let hits = self.hits(Scope::Platform, search, conditions, from, PROBED).await?;
            if !lie_close(&hits, number) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds what a word finds by what merchants and stores are called to what it finds otherwise.
    async fn with_placed(
        &self,
        (search, word, amounts): (&Search, &Word, Amounts),
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
        hits: Vec<Hit>,
    ) -> Result<Vec<Hit>, Failure> {
        let engine = self.database.engine();
        let mut rest = stretch;
        if let Some(last) = hits.get(limit.saturating_sub(1)) {
            // What comes after it is not wanted.
            rest = stretch.until(last.number);
            let begin = Ord::min(stretch.ends().0, amounts.newest);
            if begin.abs_diff(last.number) <= DENSE {
                let all = (Walked::All, stretch);
                return self.walk(Scope::Platform, search, conditions, all, limit).await;
            }
        }
        let others = search.words_beside(word);
        let way = match amounts.way(engine, limit) {
            Way::None => return Ok(hits),
            Way::Terminals => {
                let placed = (Walked::Placed, rest);
                let placed = self.walk(Scope::Platform, search, conditions, placed, limit).await?;
                return Ok(merged(hits, placed, stretch, limit));
            }
            // Few may be known by the other words as well: among all terminals they would be looked for in vain.
            Way::Together if !others.is_empty() => Way::Each,
            way => way,
        };
        let asking = Asking {
            engine,
            word,
            others: &others,
            stretch: rest,
            limit,
        };
        let placed = self.of_places(search, conditions, (way, asking), limit).await?;
        Ok(merged(hits, placed, stretch, limit))
    }

    /// How many there are of what a search looks at.
    async fn amounts(&self, word: &Word) -> Result<Amounts, Failure> {
        let engine = self.database.engine();
        let reader = self.database.reader();
        let sql = format!(
            "SELECT coalesce((SELECT max(key) FROM terminal_search), 0), \
             coalesce((SELECT max(key) FROM place_search), 0), \
             (SELECT count(*) FROM ({} LIMIT (SELECT {} FROM place_search)) named)",
            lookups::places(engine, word),
            ways::COUNTED
        );
        let values = lookups::words_of_places(engine, word);
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let row = reader
            .query_one_raw(statement)
            .await?
            .ok_or_else(|| DbErr::RecordNotFound("how many there are".to_owned()))?;
        let (places, named): (i64, i64) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
        Ok(Amounts {
            newest: row.try_get_by_index(0)?,
            places: places.unsigned_abs(),
            named: named.unsigned_abs(),
        })
    }

    /// The next terminals of some places that a search finds.
    async fn of_places(
        &self,
        search: &Search,
        conditions: &[Condition],
        (way, mut asking): (Way, Asking<'_>),
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let mut belonging = Vec::new();
        loop {
            let (sql, others) = match way {
                Way::Together => (asking.together(), Vec::new()),
                _ => asking.each(),
            };
            let (from, until) = asking.stretch.ends();
            let mut values = lookups::words_of_places(asking.engine, asking.word).to_vec();
            values.extend([from.into(), until.into()]);
            values.extend(others);
            let candidates = self.hits_in(sql, values).await?;
            let all = candidates.len() < asking.limit;
            let last = candidates.last().map(|hit| hit.number);
            belonging.extend(self.belonging(search, conditions, candidates).await?);
            match last {
                Some(last) if !all && belonging.len() < limit => asking.stretch = asking.stretch.beyond(last),
                _ => break,
            }
            asking.limit = (asking.limit * MORE).min(MOST_TAKEN.max(limit));
        }
        belonging.truncate(limit);
        Ok(belonging)
    }

    /// Those of some terminals that a search finds.
    async fn belonging(
        &self,
        search: &Search,
        conditions: &[Condition],
        candidates: Vec<Hit>,
    ) -> Result<Vec<Hit>, Failure> {
        // That they are known by the words is known.
        let are_known = search.exact.is_none() && conditions.is_empty();
        if candidates.is_empty() || are_known {
            return Ok(candidates);
        }
        let mut select = self.row_of_search(Scope::Platform, search, conditions);
        select
            .expr(Expr::cust("terminals.id"))
            .and_where(self.is_one_of(&candidates));
        let found = self.database.reader().query_all(&select).await?;
        let found: HashSet<Uuid> = found
            .iter()
            .map(|row| Ok(row.try_get_by_index(0)?))
            .collect::<Result<_, Failure>>()?;
        Ok(candidates.into_iter().filter(|hit| found.contains(&hit.id)).collect())
    }
}

/// What is found in two ways, each once, in order.
fn merged(mut hits: Vec<Hit>, others: Vec<Hit>, stretch: Stretch, limit: usize) -> Vec<Hit> {
    hits.extend(others);
    hits.sort_unstable_by_key(|hit| hit.number);
    if !stretch.is_back() {
        hits.reverse();
    }
    hits.dedup_by_key(|hit| hit.number);
    hits.truncate(limit);
    hits
}
