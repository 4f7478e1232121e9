//! Several words of the platform's. Two of them lead: each is part of a terminal's own texts, or of the name of its merchant or
//! store. So there are four kinds of terminals to look for, of which each is a short way in an index: those that have both in
//! their own texts, those that have one of them there and the other in the name of a place, and those of places that are named
//! by both. Whether these are known by the other words as well is looked at one by one.

use super::TerminalService;
use super::grams::Word;
use super::lookups::Stretch;
use super::named::{self, Named};
use super::placed::merged;
use super::search::{Hit, Search};
use super::ways::{Asking, Way};
use crate::services::failure::Failure;
use futures_util::future::try_join_all;
use sea_orm::{Condition, ConnectionTrait, DbErr, Statement};

/// A word that leads, and what the index is asked for where it is part of a terminal's own texts.
pub(super) struct Lead {
    pub(super) word: Word,
    pub(super) lookup: String,
}

/// Two words that lead.
pub(super) struct Pair {
    leads: [(Lead, Counts); 2],
    /// What the index is asked for where both are part of a terminal's own texts.
    lookup: String,
}

/// How many are found by a word.
#[derive(Clone, Copy)]
struct Counts {
    /// Terminals that have it in their own texts, about.
    own: u64,
    /// Places that it names, counted up to a few.
    named: u64,
    /// The terminals of those, where they are few enough to be counted.
    owned: Option<u64>,
}

/// To look at a terminal of a place costs so many times what it costs to look up whether the places of one that the index
/// has are among some.
const LOOKED_AT: u64 = 7;

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
        all.sort_by_key(|(_, counts)| counts.own.saturating_add(counts.owned.unwrap_or(u64::MAX)));
        all.truncate(2);
        let both: Vec<Word> = all.iter().map(|(lead, _)| Word::of(lead.word.text.clone())).collect();
        let lookup = self.lookup(&both, None).await?;
        let leads = <[_; 2]>::try_from(all).map_err(|_| DbErr::Custom("two words lead".to_owned()))?;
        Ok(Pair { leads, lookup })
    }

    async fn counts(&self, lead: &Lead) -> Result<Counts, Failure> {
        let reader = self.database.reader();
        let mut values = Vec::new();
        let sql = named::counts(self.database.engine(), &lead.word, &lead.lookup, &mut |value| {
            values.push(value);
            format!("${}", values.len())
        });
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let row = reader
            .query_one_raw(statement)
            .await?
            .ok_or_else(|| DbErr::RecordNotFound("how many there are".to_owned()))?;
        let number = |at: usize| -> Result<u64, Failure> {
            let number: i64 = row.try_get_by_index(at)?;
            Ok(number.unsigned_abs())
        };
        let (having, sampled, terminals, named, owned) = (number(0)?, number(1)?, number(2)?, number(3)?, number(4)?);
        let are_counted = named <= named::FEW_PLACES && owned <= named::FEW_OF_PLACES;
        Ok(Counts {
            own: having.saturating_mul(terminals) / u64::max(sampled, 1),
            named,
            owned: are_counted.then_some(owned),
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
        let (own, first, second, amounts) = tokio::try_join!(
            self.own_hits(search, (&pair.lookup, &words, &[]), conditions, stretch, limit),
            self.mixed(search, (one, of_one), (other, of_other), conditions, stretch, limit),
            self.mixed(search, (other, of_other), (one, of_one), conditions, stretch, limit),
            self.amounts(Named::ByBoth(words)),
        )?;
        let hits = merged(merged(own, first, stretch, limit), second, stretch, limit);
        self.with_placed(
            (search, Named::ByBoth(words), amounts),
            conditions,
            stretch,
            limit,
            hits,
        )
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
        if of_owned.named == 0 {
            return Ok(Vec::new());
        }
        let few = of_owned
            .owned
            .filter(|owned| owned.saturating_mul(LOOKED_AT) < of_own.own);
        if few.is_none() {
            let asked = (own.lookup.as_str(), &[&own.word][..], &[&owned.word][..]);
            return self.own_hits(search, asked, conditions, stretch, limit).await;
        }
        // Few belong to those places: they are looked at instead of all that have the word.
        let others = search.words_beside([&owned.word].iter());
        let asking = Asking {
            engine: self.database.engine(),
            named: Named::By(&owned.word),
            others: &others,
            stretch,
            limit,
        };
        self.of_places(search, conditions, (Way::Each, asking, 0), limit).await
    }
}
