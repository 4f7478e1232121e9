//! Terminals that are found by their own texts: their serial numbers and names.

use super::TerminalService;
use super::gin;
use super::grams::{Gin, Lookup, Word};
use super::lookups::{Said, Stretch};
use super::search::{Hit, Search, hits_of, narrowed, number_beside};
use super::texts::has;
use crate::database::Engine;
use crate::services::failure::Failure;
use app::caller::Scope;
use sea_orm::Condition;
use sea_orm::sea_query::SelectStatement;

/// Which terminals are looked for by their own texts.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    /// What the index is asked for.
    pub(super) lookup: &'a Lookup,
    /// The words that are part of their own texts.
    pub(super) words: &'a [&'a Word],
    /// The words that are part of the names of their places.
    pub(super) owned: &'a [&'a Word],
}

impl<'a> Own<'a> {
    /// The words of a search that they have to be known by as well.
    fn known<'b>(&self, search: &'b Search) -> Vec<&'b Word> {
        search.words_beside(self.words.iter().chain(self.owned))
    }

    fn said<'b>(&self, known: &'b [&'b Word]) -> Said<'b>
    where
        'a: 'b,
    {
        Said {
            own: self.words,
            owned: self.owned,
            known,
        }
    }

    fn row(&self, engine: Engine, search: &Search, conditions: &[Condition]) -> SelectStatement {
        let has_own = self.words.iter().map(|word| has(engine, word));
        narrowed(
            Scope::Platform,
            has_own.chain(search.others()).chain(conditions.iter().cloned()),
        )
    }
}

/// The first hits of a stretch, and the number at which it begins.
pub(super) struct Near {
    hits: Vec<Hit>,
    begun: i64,
}

/// See [`Near::close`].
const CLOSE_BITS: u32 = 15;

impl Near {
    /// The part of a stretch without an end in which `limit` hits lie close to each other, where those beyond are as frequent as
    /// these. The more terminals there are, for which the number stands at which the stretch begins, the more it costs to look for
    /// all names that a word is part of, and the further close is: as many times [`gin::NEAR`] as the root says.
    pub(super) fn close(&self, stretch: Stretch, limit: usize) -> Option<Stretch> {
        let times = Ord::max(self.begun >> CLOSE_BITS, 1).isqrt();
        if self.hits.len() as u64 * times.unsigned_abs() < limit as u64 {
            return None;
        }
        let reach = i64::from(gin::NEAR) * times;
        Some(match stretch.is_back() {
            true => stretch.until(self.begun.saturating_add(reach)),
            false => stretch
                .no_newer_than(self.begun)
                .until(self.begun.saturating_sub(reach)),
        })
    }
}

impl TerminalService {
    /// The next terminals that have some words in their own texts and others in the names of their places.
    pub(super) async fn own_hits(
        &self,
        search: &Search,
        own: Own<'_>,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let near = self.near(search, own, conditions, stretch, limit).await?;
        self.own_hits_beyond(search, own, near, conditions, stretch, limit)
            .await
    }

    /// The first of them, where that is worth a question of its own.
    pub(super) async fn near(
        &self,
        search: &Search,
        own: Own<'_>,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Option<Near>, Failure> {
        let Lookup::Gin(Gin { is_short: true, .. }) = own.lookup else {
            return Ok(None);
        };
        let engine = self.database.engine();
        let known = own.known(search);
        let (sql, values) = gin::near(own.row(engine, search, conditions), &own.said(&known), stretch, limit);
        let rows = self.answers(sql, values).await?;
        Ok(Some(Near {
            hits: hits_of(&rows)?,
            begun: number_beside(&rows)?.unwrap_or_default(),
        }))
    }

    /// Those and the next.
    pub(super) async fn own_hits_beyond(
        &self,
        search: &Search,
        own: Own<'_>,
        near: Option<Near>,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let (mut hits, rest) = match near {
            Some(near) => (near.hits, gin::beyond_near(stretch, near.begun)),
            None => (Vec::new(), stretch),
        };
        if hits.len() < limit {
            let engine = self.database.engine();
            let known = own.known(search);
            let (row, said) = (own.row(engine, search, conditions), own.said(&known));
            // Not how many are still wanted: the number stands in the statement, and PostgreSQL would plan one after the other.
            hits.extend(self.indexed(row, own.lookup, &said, rest, limit).await?);
            hits.truncate(limit);
        }
        Ok(hits)
    }
}
