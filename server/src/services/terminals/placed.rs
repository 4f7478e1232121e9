//! Finding terminals by what their merchants and stores are called. A word may be part of thousands of names: the newest
//! terminal of each place is one step into an index, and only the places whose newest are newest are gone into. Where a
//! word is part of so many names that this costs more than looking at terminals one by one, those are looked at.

use super::TerminalService;
use super::grams::Word;
use super::lookups::{self, Stretch, Walked};
use super::search::{From, Hit, Search};
use crate::database::Engine;
use crate::services::failure::Failure;
use app::backend::page::Direction;
use app::caller::Scope;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{Condition, ConnectionTrait, DbErr, Statement, Value};
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
        if self.are_everywhere(scope, search, conditions).await? {
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

    /// Whether what a search finds is so frequent among the newest terminals, among the oldest and in the middle that
    /// nobody has to count it. A merchant's terminals do not lie side by side.
    async fn are_everywhere(&self, scope: Scope, search: &Search, conditions: &[Condition]) -> Result<bool, Failure> {
        if matches!(scope, Scope::Merchant(_)) {
            return Ok(false);
        }
        let probe = async |number, direction| {
            let from = Some(From { number, direction });
            let hits = self.hits(scope, search, conditions, from, PROBED).await?;
            let last = hits.get(PROBED - 1).map(|hit| hit.number);
            Ok::<_, Failure>(last.is_some_and(|last| last.abs_diff(number) <= PROBED as u64 * FREQUENT))
        };
        let newest = self.newest_number().await?;
        Ok(probe(newest, Direction::After).await?
            && probe(newest / 2, Direction::After).await?
            && probe(0, Direction::Before).await?)
    }

    /// The greatest number of a terminal.
    async fn newest_number(&self) -> Result<i64, Failure> {
        let newest = Query::select()
            .expr(Expr::cust("coalesce(max(key), 0)"))
            .from("terminal_search")
            .take();
        let found = self.database.reader().query_one(&newest).await?;
        Ok(found.map_or(Ok(0), |row| row.try_get_by_index(0))?)
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
        let (newest, values) = match amounts.way(engine, limit) {
            Way::None => return Ok(hits),
            Way::Each if others.is_empty() => (each(engine, word, stretch), Vec::new()),
            Way::Each | Way::Together => together(engine, word, &others, stretch),
            Way::Terminals => {
                let placed = (Walked::Placed, rest);
                let placed = self.walk(Scope::Platform, search, conditions, placed, limit).await?;
                return Ok(merged(hits, placed, stretch, limit));
            }
        };
        let newest = (word, &newest[..], values);
        let placed = self.of_places(search, conditions, newest, rest, limit).await?;
        Ok(merged(hits, placed, stretch, limit))
    }

    /// How many there are of what a search looks at.
    async fn amounts(&self, word: &Word) -> Result<Amounts, Failure> {
        let engine = self.database.engine();
        let reader = self.database.reader();
        let sql = format!(
            "SELECT coalesce((SELECT max(key) FROM terminal_search), 0), \
             coalesce((SELECT max(key) FROM place_search), 0), \
             (SELECT count(*) FROM ({} LIMIT (SELECT 3000 + coalesce(max(key), 0) / 32 FROM place_search)) named)",
            lookups::places(engine, word)
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
        (word, newest, others): (&Word, &str, Vec<Value>),
        mut stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let mut belonging = Vec::new();
        let mut taken = limit;
        loop {
            let (from, until) = stretch.ends();
            let most = i64::try_from(taken).unwrap_or(i64::MAX);
            let mut values = lookups::words_of_places(self.database.engine(), word).to_vec();
            values.extend([from.into(), until.into(), most.into()]);
            values.extend(others.iter().cloned());
            let candidates = self.hits_in(newest.to_owned(), values).await?;
            let all = candidates.len() < taken;
            let last = candidates.last().map(|hit| hit.number);
            belonging.extend(self.belonging(search, conditions, candidates).await?);
            match last {
                Some(last) if !all && belonging.len() < limit => stretch = stretch.beyond(last),
                _ => break,
            }
            taken = (taken * MORE).min(MOST_TAKEN.max(limit));
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
        if candidates.is_empty() {
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

/// How many there are of what a search looks at.
struct Amounts {
    /// The greatest number of a terminal.
    newest: i64,
    /// Merchants and stores, about.
    places: u64,
    /// Those that the word is part of the name or number of; of more than 3,000 and one of 32 no more are counted.
    named: u64,
}

/// A way to the terminals of the places whose names a word is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// There are none.
    None,
    /// The newest of each place are looked up.
    Each,
    /// Terminals are gone through, and their places looked up among those places.
    Together,
    /// Terminals are gone through, and the names of their places looked at.
    Terminals,
}

impl Amounts {
    /// The cheapest way to `limit` terminals. Until there are as many, `limit` times as many terminals are gone through as
    /// there are places for each that is named. On PostgreSQL, to look a terminal's places up costs a twelfth of what it costs
    /// to look into a place, and a quarter of what it costs to look at their names. SQLite looks into a place as quickly as it
    /// puts it where terminals could look it up.
    fn way(&self, engine: Engine, limit: usize) -> Way {
        let even = (limit as u64).saturating_mul(self.places);
        let (each, together) = match engine {
            Engine::Sqlite => ((even * 6).isqrt(), 0),
            Engine::Postgres => ((even / 12).isqrt(), (even * 4).isqrt()),
        };
        match self.named {
            0 => Way::None,
            named if named <= each => Way::Each,
            named if named <= together => Way::Together,
            _ => Way::Terminals,
        }
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

/// Values that each way to the terminals of places begins with.
const BOUND: usize = 5;

/// The newest terminals of the places whose names a word is part of, gone through until there are enough: $1 and $2 the word,
/// $3 and $4 where the stretch begins and ends, $5 how many. What comes behind those is for the other words that they have to
/// be known by.
fn together(engine: Engine, word: &Word, others: &[&Word], stretch: Stretch) -> (String, Vec<Value>) {
    let (after, before) = stretch.signs();
    let index = match engine {
        Engine::Sqlite => "INDEXED BY ix_terminal_search_placed",
        Engine::Postgres => "",
    };
    let mut values = Vec::new();
    let mut bind = |value| {
        values.push(value);
        format!("${}", BOUND + values.len())
    };
    let others: String = others
        .iter()
        .map(|other| format!(" AND {}", lookups::mentioned(engine, other, &mut bind)))
        .collect();
    let sql = format!(
        "WITH place AS MATERIALIZED ({}) SELECT key, terminal_id FROM terminal_search {index} \
         WHERE merchant_id IS NOT NULL AND key {after} $3 AND key {before} $4 \
         AND (store_id IN (SELECT id FROM place WHERE merchant = 0) \
         OR merchant_id IN (SELECT id FROM place WHERE merchant = 1)){others} ORDER BY key {} LIMIT $5",
        lookups::places(engine, word),
        stretch.order()
    );
    (sql, values)
}

/// The same, place by place.
fn each(engine: Engine, word: &Word, stretch: Stretch) -> String {
    match engine {
        Engine::Sqlite => each_sqlite(word, stretch),
        Engine::Postgres => each_postgres(word, stretch),
    }
}

/// The number behind which nothing is wanted: where there are as many places as terminals are wanted, the last place's newest.
fn lowest(stretch: Stretch) -> String {
    let extreme = if stretch.is_back() { "max" } else { "min" };
    format!(
        "lowest(key) AS MATERIALIZED (SELECT CASE count(*) WHEN $5 THEN {extreme}(key) ELSE {} END FROM top)",
        stretch.end()
    )
}

fn each_sqlite(word: &Word, stretch: Stretch) -> String {
    let (after, before) = stretch.signs();
    let order = stretch.order();
    let (nothing, step, extreme) = if stretch.is_back() {
        (stretch.end(), -1, "min")
    } else {
        (stretch.end(), 1, "max")
    };
    let newest = |owner: &str| {
        format!(
            "(SELECT key FROM terminal_search WHERE {owner} = place.id AND key {after} $3 AND key {before} $4 \
             ORDER BY key {order} LIMIT 1)"
        )
    };
    // As many of a place as are wanted, and none beyond the last place's newest when there are enough places: one bound,
    // for SQLite goes along an index up to one.
    let of = |owner: &str, merchant: i32| {
        format!(
            "SELECT it.key AS key, it.terminal_id AS terminal_id FROM top CROSS JOIN terminal_search it \
             ON it.{owner} = top.id WHERE top.merchant = {merchant} AND it.key {after}= top.key \
             AND it.key {before}= {extreme}($4 + {step}, (SELECT key FROM lowest), \
             coalesce((SELECT key FROM terminal_search WHERE {owner} = top.id \
             AND key {after}= top.key ORDER BY key {order} LIMIT 1 OFFSET $5 - 1), {nothing}))"
        )
    };
    format!(
        "WITH newest(merchant, id, key) AS (SELECT merchant, id, CASE merchant WHEN 1 THEN {merchants} ELSE {stores} END \
         FROM ({places}) AS place), \
         top(merchant, id, key) AS MATERIALIZED (SELECT merchant, id, key FROM newest WHERE key IS NOT NULL \
         ORDER BY key {order} LIMIT $5), \
         {lowest} {of_merchants} UNION {of_stores} ORDER BY 1 {order} LIMIT $5",
        places = lookups::places(Engine::Sqlite, word),
        merchants = newest("merchant_id"),
        stores = newest("store_id"),
        of_merchants = of("merchant_id", 1),
        of_stores = of("store_id", 0),
        lowest = lowest(stretch),
    )
}

fn each_postgres(word: &Word, stretch: Stretch) -> String {
    let (after, before) = stretch.signs();
    let order = stretch.order();
    let newest = |owner: &str, merchant: i32| {
        format!(
            "SELECT place.merchant, place.id, hit.key FROM place CROSS JOIN LATERAL (SELECT key FROM terminal_search \
             WHERE {owner} = place.id AND key {after} $3 AND key {before} $4 ORDER BY key {order} LIMIT 1) hit \
             WHERE place.merchant = {merchant}"
        )
    };
    let of = |owner: &str, merchant: i32| {
        format!(
            "SELECT hit.key, hit.terminal_id FROM top CROSS JOIN LATERAL (SELECT key, terminal_id FROM terminal_search \
             WHERE {owner} = top.id AND key {after}= top.key AND key {before} $4 \
             AND key {before}= (SELECT key FROM lowest) ORDER BY key {order} LIMIT $5) hit WHERE top.merchant = {merchant}"
        )
    };
    format!(
        "WITH place AS MATERIALIZED ({}), newest AS ({} UNION ALL {}), \
         top AS MATERIALIZED (SELECT merchant, id, key FROM newest ORDER BY key {order} LIMIT $5), \
         {} {} UNION {} ORDER BY 1 {order} LIMIT $5",
        lookups::places(Engine::Postgres, word),
        newest("merchant_id", 1),
        newest("store_id", 0),
        lowest(stretch),
        of("merchant_id", 1),
        of("store_id", 0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_follows_how_many_names_there_are() {
        let way = |engine, named, limit| {
            let amounts = Amounts {
                newest: 1_000_000,
                places: 20_000,
                named,
            };
            amounts.way(engine, limit)
        };
        let on_sqlite = |named| way(Engine::Sqlite, named, 51);
        assert_eq!(
            [0, 1, 2_473, 2_474].map(on_sqlite),
            [Way::None, Way::Each, Way::Each, Way::Terminals]
        );
        let on_postgres = |named| way(Engine::Postgres, named, 51);
        assert_eq!([0, 1, 291].map(on_postgres), [Way::None, Way::Each, Way::Each]);
        assert_eq!([292, 2_019].map(on_postgres), [Way::Together; 2]);
        assert_eq!(on_postgres(2_020), Way::Terminals);
        assert_eq!(
            way(Engine::Postgres, 292, 201),
            Way::Each,
            "where more are wanted, more would be gone through"
        );
    }
}
