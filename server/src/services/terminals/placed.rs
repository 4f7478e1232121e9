//! Finding terminals by what their merchants and stores are called. A word may be part of thousands of names. Of few places
//! the newest terminal of each is one step into an index, and only the places whose newest are newest are gone into. Of many
//! the terminals are gone through, with their places looked up in a set; of very many, with a look at their names.

use super::TerminalService;
use super::grams::Word;
use super::leads::Lead;
use super::lookups::Stretch;
use super::named::Named;
use super::search::{Asked, From, Hit, Search, hits_of};
use super::ways::{Amounts, Asking, Way};
use crate::database::Engine;
use crate::services::failure::Failure;
use app::backend::page::Direction;
use app::caller::Scope;
use sea_orm::sea_query::Expr;
use sea_orm::{Condition, ConnectionTrait, DbErr};
use std::collections::HashSet;
use uuid::Uuid;

/// What is found is everywhere where so many lie within this many times as many numbers.
const PROBED: usize = 50;
const FREQUENT: u64 = 16;

/// How much a search takes in more each time that too few of what it took belonged, and at most.
const MORE: usize = 4;
const MOST_TAKEN: usize = 10_000;

/// What is known of the places that words name, once they have been asked for.
pub(super) struct Places {
    amounts: Amounts,
    /// The first of their terminals, where these are gone through together.
    first: Vec<Hit>,
}

/// How the terminals of some places are looked for.
pub(super) struct Looking {
    way: Way,
    /// So many are gone through.
    reach: u64,
    /// The first are there already.
    first: Option<Vec<Hit>>,
}

impl Looking {
    /// Each place is looked into.
    pub(super) const EACH: Self = Self {
        way: Way::Each,
        reach: 0,
        first: None,
    };
}

impl TerminalService {
    /// What a search of one word finds.
    pub(super) async fn hits_of_word(
        &self,
        search: &Search,
        lead: &Lead,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let words = [&lead.word];
        let own = lead.own(&words);
        let near = self.near(search, own, conditions, stretch, limit).await?;
        let close = near.as_ref().and_then(|near| near.close(stretch, limit));
        let named = Named::By(&lead.word);
        let beyond = self.own_hits_beyond(search, own, near, conditions, stretch, limit);
        let placed = self.placed((search, named), stretch, limit);
        let (own, placed) = match close {
            None => tokio::try_join!(beyond, placed)?,
            Some(close) => {
                let own = beyond.await?;
                if let Some(last) = own.get(limit.saturating_sub(1))
                    && close.has(last.number)
                {
                    // To look at the names of so few costs less than to look for all names.
                    let until = close.until(last.number);
                    let placed = self.walk(search, &words, conditions, (until, u64::MAX), limit).await?;
                    return Ok(merged(own, placed, stretch, limit));
                }
                (own, placed.await?)
            }
        };
        self.with_placed((search, named, placed), conditions, stretch, limit, own)
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
        // A merchant's terminals do not lie side by side.
        if matches!(scope, Scope::Platform) && self.are_everywhere(search, conditions).await? {
            return Ok(None);
        }
        let hits = self
            .hits(scope, search, conditions, Stretch::after(None), most + 1)
            .await?;
        Ok(Some(hits).filter(|hits| hits.len() <= most))
    }

    /// Whether what a search of the platform's finds is so frequent among the newest terminals, in the middle and among the
    /// oldest that nobody has to count it. What terminals say of themselves is enough where that is so frequent already.
    async fn are_everywhere(&self, search: &Search, conditions: &[Condition]) -> Result<bool, Failure> {
        if let Asked::Word(lead) = &search.asked {
            let words = [&lead.word];
            let probe = |stretch| self.own_hits(search, lead.own(&words), conditions, stretch, PROBED);
            if lie_close(probe).await? {
                return Ok(true);
            }
        }
        lie_close(|stretch| self.hits(Scope::Platform, search, conditions, stretch, PROBED)).await
    }

    /// Adds the terminals of the places that are named to what a search finds otherwise.
    pub(super) async fn with_placed(
        &self,
        (search, named, placed): (&Search, Named<'_>, Places),
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
        hits: Vec<Hit>,
    ) -> Result<Vec<Hit>, Failure> {
        let Places { amounts, first } = placed;
        let mut rest = stretch.no_newer_than(amounts.newest);
        if let Some(last) = hits.get(limit.saturating_sub(1)) {
            // What comes after it is not wanted.
            rest = rest.until(last.number);
        }
        let way = amounts.way(limit);
        // Where few of those that are named may belong, all names are looked at; on SQLite always.
        let is_bounded = self.database.engine() == Engine::Postgres && conditions.is_empty();
        let looking = Looking {
            way,
            reach: match way {
                Way::Terminals if !is_bounded => u64::MAX,
                _ => amounts.reach(),
            },
            first: Some(first).filter(|_| way == Way::Together),
        };
        let others = search.words_beside(named.words().iter());
        let asking = self.asking(named, &others, rest, limit);
        let placed = self.of_places(search, conditions, (looking, asking), limit).await?;
        Ok(merged(hits, placed, stretch, limit))
    }

    /// How many there are of what a search looks at, and the first terminals of the places that are named, where these are not few.
    pub(super) async fn placed(
        &self,
        (search, named): (&Search, Named<'_>),
        stretch: Stretch,
        limit: usize,
    ) -> Result<Places, Failure> {
        let others = search.words_beside(named.words().iter());
        let (sql, values) = self.asking(named, &others, stretch, limit).amounts();
        let rows = self.answers(sql, values).await?;
        let row = rows
            .first()
            .ok_or_else(|| DbErr::RecordNotFound("how many there are".to_owned()))?;
        let number = |at: usize| row.try_get_by_index::<i64>(at).map(i64::unsigned_abs);
        let amounts = Amounts {
            newest: row.try_get_by_index(2)?,
            places: number(3)?,
            named: number(4)?,
            counted: number(5)?,
        };
        let first = hits_of(&rows)?;
        Ok(Places { amounts, first })
    }

    pub(super) fn asking<'a>(
        &self,
        named: Named<'a>,
        others: &'a [&'a Word],
        stretch: Stretch,
        limit: usize,
    ) -> Asking<'a> {
        Asking {
            engine: self.database.engine(),
            named,
            others,
            stretch,
            limit,
        }
    }

    /// The next terminals of some places that a search finds. Where too few of those that are gone through belong, each place is
    /// looked into from the last on that does.
    pub(super) async fn of_places(
        &self,
        search: &Search,
        conditions: &[Condition],
        (mut looking, mut asking): (Looking, Asking<'_>),
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let mut belonging = Vec::new();
        loop {
            let mut candidates = match looking.first.take() {
                Some(first) => first,
                None => self.candidates(search, conditions, &looking, &asking).await?,
            };
            let all = candidates.len() < asking.limit;
            let last = candidates.last().map(|hit| hit.number);
            candidates.retain(|hit| asking.stretch.has(hit.number));
            belonging.extend(match looking.way {
                Way::Terminals => candidates,
                _ => self.belonging(search, conditions, candidates).await?,
            });
            if belonging.len() >= limit || last.is_some_and(|last| !asking.stretch.has(last)) {
                break;
            }
            if all {
                if !self.are_more(&asking, &looking).await? {
                    break;
                }
                looking = Looking::EACH;
            }
            if let Some(last) = last {
                asking.stretch = asking.stretch.beyond(last);
            }
            asking.limit = (asking.limit * MORE).min(MOST_TAKEN.max(limit));
        }
        belonging.truncate(limit);
        Ok(belonging)
    }

    /// The next terminals of some places, to be looked at whether a search finds them; where names are looked at, those that it finds.
    async fn candidates(
        &self,
        search: &Search,
        conditions: &[Condition],
        looking: &Looking,
        asking: &Asking<'_>,
    ) -> Result<Vec<Hit>, Failure> {
        let (sql, values) = match looking.way {
            Way::None => return Ok(Vec::new()),
            Way::Each => asking.each(),
            Way::Together => asking.together(looking.reach),
            Way::Terminals => {
                let walked = (asking.stretch, looking.reach);
                let words = asking.named.words();
                return self.walk(search, words, conditions, walked, asking.limit).await;
            }
        };
        self.hits_in(sql, values).await
    }

    /// Whether there are more terminals of somebody than have been gone through.
    async fn are_more(&self, asking: &Asking<'_>, looking: &Looking) -> Result<bool, Failure> {
        let reach = match looking.way {
            Way::Together | Way::Terminals => looking.reach,
            Way::None | Way::Each => return Ok(false),
        };
        if asking.stretch.numbers() < reach {
            return Ok(false);
        }
        let (sql, values) = asking.end_of_reach(reach);
        Ok(!self.answers(sql, values).await?.is_empty())
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
            .and_where(self.is_one_of(candidates.iter().map(|hit| hit.id)));
        let found = self.database.reader().query_all(&select).await?;
        let found: HashSet<Uuid> = found
            .iter()
            .map(|row| Ok(row.try_get_by_index(0)?))
            .collect::<Result<_, Failure>>()?;
        Ok(candidates.into_iter().filter(|hit| found.contains(&hit.id)).collect())
    }
}

/// Whether hits lie close together wherever [`PROBED`] of them are asked for.
async fn lie_close<F>(probe: impl Fn(Stretch) -> F) -> Result<bool, Failure>
where
    F: Future<Output = Result<Vec<Hit>, Failure>>,
{
    let are_close = |hits: &[Hit], from: i64| {
        let last = hits.get(PROBED - 1);
        last.is_some_and(|last| last.number.abs_diff(from) <= PROBED as u64 * FREQUENT)
    };
    let newest = probe(Stretch::after(None)).await?;
    let Some(first) = newest.first().map(|hit| hit.number) else {
        return Ok(false);
    };
    if !are_close(&newest, first) {
        return Ok(false);
    }
    let at = |number, direction| probe(Stretch::after(Some(From { number, direction })));
    let (middle, oldest) = tokio::try_join!(at(first / 2, Direction::After), at(0, Direction::Before))?;
    Ok(are_close(&middle, first / 2) && are_close(&oldest, 0))
}

/// What is found in two ways, each once, in order.
pub(super) fn merged(mut hits: Vec<Hit>, others: Vec<Hit>, stretch: Stretch, limit: usize) -> Vec<Hit> {
    hits.extend(others);
    hits.sort_unstable_by_key(|hit| hit.number);
    if !stretch.is_back() {
        hits.reverse();
    }
    hits.dedup_by_key(|hit| hit.number);
    hits.truncate(limit);
    hits
}
