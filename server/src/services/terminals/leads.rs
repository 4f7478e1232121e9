//! Several words of the platform's. Two of them lead: each is part of a terminal's own texts, or of the name of its merchant or
//! store. So there are four kinds of terminals to look for, of which each is a short way in an index: those that have both in
//! their own texts, those that have one of them there and the other in the name of a place, and those of places that are named
//! by both. Whether these are known by the other words as well is looked at one by one.

use super::TerminalService;
use super::grams::{self, Lookup, Word};
use super::lookups::Stretch;
use super::named::{self, Named};
use super::own::Own;
use super::placed::{Looking, merged};
use super::search::{Hit, Search};
use crate::database::Engine;
use crate::services::failure::Failure;
use futures_util::future::try_join_all;
use sea_orm::{Condition, DbErr, QueryResult};

/// A word that leads, and what the index is asked for where it is part of a terminal's own texts.
pub(super) struct Lead {
    pub(super) word: Word,
    pub(super) lookup: Lookup,
}

impl Lead {
    /// The terminals that have it in their own texts; `words` is it alone.
    pub(super) fn own<'a>(&'a self, words: &'a [&'a Word; 1]) -> Own<'a> {
        Own {
            lookup: &self.lookup,
            words,
            owned: &[],
        }
    }
}

/// Two words that lead.
pub(super) struct Pair {
    leads: [(Lead, Counts); 2],
    /// What the index is asked for where both are part of a terminal's own texts.
    lookup: Lookup,
}

/// How many are found by a word.
#[derive(Clone, Copy)]
struct Counts {
    /// Terminals that have it in their own texts, about.
    own: u64,
    /// Places that it names, counted to one more than [`named::FEW_PLACES`].
    named: u64,
    /// The terminals of those.
    owned: Owned,
    /// All terminals.
    terminals: u64,
}

#[derive(Clone, Copy)]
enum Owned {
    /// Counted.
    Few(u64),
    /// As many as such places have, about.
    Many(u64),
}

impl Counts {
    fn all(&self) -> u64 {
        let (Owned::Few(owned) | Owned::Many(owned)) = self.owned;
        self.own.saturating_add(owned)
    }
}

/// How those are found that have one word in their own texts and belong to places that another names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mixed {
    /// There are none.
    None,
    /// Each place is looked into.
    Each,
    /// The index is asked for the word and for the places.
    Listed,
    /// The places of those that the index has are looked up in a set.
    Filtered,
}

/// To look at a terminal of a place costs so many times what it costs to look up whether the places of one that the index
/// has are among some.
const LOOKED_AT: u64 = 7;

/// So many places SQLite's index is asked for.
const LISTED: u64 = 50;

impl Mixed {
    /// The cheapest way, also where the newest terminals that have the word belong to others.
    fn of(engine: Engine, own: &Counts, owned: &Counts, limit: usize) -> Self {
        match (owned.owned, engine) {
            _ if owned.named == 0 => Self::None,
            (Owned::Few(few), _) if few.saturating_mul(LOOKED_AT) < own.own => Self::Each,
            (Owned::Many(_), Engine::Sqlite) if owned.named <= LISTED => Self::Listed,
            // Of each place as many are gone through until enough of them have the word.
            (Owned::Many(_), Engine::Postgres) if owned.named <= named::FEW_PLACES => {
                let each =
                    owned.named.saturating_mul(limit as u64).saturating_mul(own.terminals) / u64::max(own.own, 1);
                if each < own.own { Self::Each } else { Self::Filtered }
            }
            _ => Self::Filtered,
        }
    }
}

impl TerminalService {
    /// A word, made ready to be asked for.
    pub(super) async fn lead(&self, word: &Word) -> Result<Lead, Failure> {
        let word = Word::of(word.text.clone());
        let lookup = self.lookup(std::slice::from_ref(&word), None).await?;
        Ok(Lead { word, lookup })
    }

    /// Of several words the two that find the fewest.
    pub(super) async fn pair(&self, words: &[Word]) -> Result<Pair, Failure> {
        let mut all = try_join_all(words.iter().map(async |word| {
            let lead = self.lead(word).await?;
            let counts = self.counts(&lead).await?;
            Ok::<_, Failure>((lead, counts))
        }))
        .await?;
        all.sort_by_key(|(_, counts)| counts.all());
        all.truncate(2);
        let both: Vec<Word> = all.iter().map(|(lead, _)| Word::of(lead.word.text.clone())).collect();
        let lookup = self.lookup(&both, None).await?;
        let leads = <[_; 2]>::try_from(all).map_err(|_| DbErr::Custom("two words lead".to_owned()))?;
        Ok(Pair { leads, lookup })
    }

    async fn counts(&self, lead: &Lead) -> Result<Counts, Failure> {
        let engine = self.database.engine();
        let (sql, values) = named::statement(Vec::new(), |bind| named::counts(engine, lead, bind));
        let rows = self.answers(sql, values).await?;
        let row = rows
            .first()
            .ok_or_else(|| DbErr::RecordNotFound("how many there are".to_owned()))?;
        let number = |at: usize| -> Result<u64, Failure> {
            let number: i64 = row.try_get_by_index(at)?;
            Ok(number.unsigned_abs())
        };
        let (having, sampled, terminals) = (number(0)?, number(1)?, number(2)?);
        let (places, named, owned) = (number(3)?, number(4)?, number(5)?);
        let are_counted = named <= named::FEW_PLACES && owned <= named::FEW_OF_PLACES;
        Ok(Counts {
            own: having.saturating_mul(terminals) / u64::max(sampled, 1),
            named,
            owned: match are_counted {
                true => Owned::Few(owned),
                false => Owned::Many(u64::max(owned, named.saturating_mul(terminals) / u64::max(places, 1))),
            },
            terminals,
        })
    }

    /// What a search finds by two words that lead.
    pub(super) async fn hits_of_pair(
        &self,
        search: &Search,
        pair: &Pair,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let [(one, of_one), (other, of_other)] = &pair.leads;
        let words = [&one.word, &other.word];
        let named = Named::ByBoth {
            words: if of_one.named <= of_other.named {
                words
            } else {
                [&other.word, &one.word]
            },
            are_few: u64::min(of_one.named, of_other.named) <= named::FEW_PLACES,
        };
        let both = Own {
            lookup: &pair.lookup,
            words: &words,
            owned: &[],
        };
        let (own, first, second, placed) = tokio::try_join!(
            self.own_hits(search, both, conditions, stretch, limit),
            self.mixed(search, (one, of_one), (other, of_other), conditions, stretch, limit),
            self.mixed(search, (other, of_other), (one, of_one), conditions, stretch, limit),
            self.placed((search, named), stretch, limit),
        )?;
        let hits = merged(merged(own, first, stretch, limit), second, stretch, limit);
        self.with_placed((search, named, placed), conditions, stretch, limit, hits)
            .await
    }

    /// Those that have one word in their own texts and whose places are named by the other.
    async fn mixed(
        &self,
        search: &Search,
        (own, of_own): (&Lead, &Counts),
        (owned, of_owned): (&Lead, &Counts),
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let engine = self.database.engine();
        let listing;
        let lookup = match (Mixed::of(engine, of_own, of_owned, limit), &own.lookup) {
            (Mixed::None, _) => return Ok(Vec::new()),
            (Mixed::Listed, Lookup::Fts5(lookup)) => {
                listing = Lookup::Fts5(self.listing(lookup, owned).await?);
                &listing
            }
            (Mixed::Listed | Mixed::Filtered, lookup) => lookup,
            (Mixed::Each, _) => {
                let others = search.words_beside([&owned.word].iter());
                let asking = self.asking(Named::By(&owned.word), &others, stretch, limit);
                return self.of_places(search, conditions, (Looking::EACH, asking), limit).await;
            }
        };
        let own = Own {
            lookup,
            words: &[&own.word],
            owned: &[&owned.word],
        };
        self.own_hits(search, own, conditions, stretch, limit).await
    }

    /// What SQLite's index is asked for what `lookup` asks for and the places of a word.
    async fn listing(&self, lookup: &str, owned: &Lead) -> Result<String, Failure> {
        let engine = self.database.engine();
        let (sql, values) = named::statement(Vec::new(), |bind| {
            let numbers = named::numbers(engine, Named::By(&owned.word), bind);
            format!("{numbers} LIMIT {LISTED}")
        });
        let found = self.answers(sql, values).await?;
        let number = |row: &QueryResult| Ok(row.try_get_by_index(0)?);
        let numbers = found.iter().map(number).collect::<Result<Vec<i64>, Failure>>()?;
        Ok(grams::with_places(lookup, &numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_few_have_is_looked_at_and_what_many_have_is_not() {
        let counts = |own, named, owned| Counts {
            own,
            named,
            owned,
            terminals: 1_000_000,
        };
        let way =
            |engine, own, named, owned| Mixed::of(engine, &counts(own, 0, Owned::Few(0)), &counts(0, named, owned), 51);
        for engine in [Engine::Sqlite, Engine::Postgres] {
            assert_eq!(way(engine, 5_000, 0, Owned::Few(0)), Mixed::None);
            assert_eq!(way(engine, 5_000, 3, Owned::Few(600)), Mixed::Each);
            assert_eq!(way(engine, 5_000, 3, Owned::Few(900)), Mixed::Filtered);
            assert_eq!(way(engine, 500_000, 301, Owned::Many(15_000)), Mixed::Filtered);
        }
        // One merchant with very many, whose terminals may all be the oldest.
        assert_eq!(way(Engine::Sqlite, 500_000, 1, Owned::Many(4_001)), Mixed::Listed);
        assert_eq!(way(Engine::Postgres, 500_000, 1, Owned::Many(4_001)), Mixed::Each);
        assert_eq!(way(Engine::Postgres, 200, 1, Owned::Many(4_001)), Mixed::Filtered);
    }
}
