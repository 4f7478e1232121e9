//! The ways to the terminals of the places whose names a word is part of, which of them is the cheapest, and what each asks
//! the database.

use super::grams::Word;
use super::lookups::{self, Stretch};
use crate::database::Engine;
use sea_orm::Value;

/// How many there are of what a search looks at.
pub(super) struct Amounts {
    /// The greatest number of a terminal.
    pub(super) newest: i64,
    /// Merchants and stores, about.
    pub(super) places: u64,
    /// Those that the word is part of the name or number of, up to [`counted`].
    pub(super) named: u64,
}

/// So many of the places that a word is part of the name of are counted, as [`counted`] says.
pub(super) const COUNTED: &str = "3000 + coalesce(max(key), 0) / 32";

fn counted(places: u64) -> u64 {
    3_000 + places / 32
}

/// A way to the terminals of the places whose names a word is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
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
    pub(super) fn way(&self, engine: Engine, limit: usize) -> Way {
        let even = (limit as u64).saturating_mul(self.places);
        let (each, together) = match engine {
            Engine::Sqlite => ((even * 6).isqrt(), 0),
            Engine::Postgres => ((even / 12).isqrt(), (even * 4).isqrt()),
        };
        match self.named {
            0 => Way::None,
            named if named >= counted(self.places) => Way::Terminals,
            named if named <= each => Way::Each,
            named if named <= together => Way::Together,
            _ => Way::Terminals,
        }
    }
}

/// A statement for the newest terminals of the places whose names a word is part of. $1 and $2 are the word, $3 and $4 where
/// the stretch begins and ends; what comes behind those is for the other words that they have to be known by.
pub(super) struct Asking<'a> {
    pub(super) engine: Engine,
    pub(super) word: &'a Word,
    pub(super) others: &'a [&'a Word],
    pub(super) stretch: Stretch,
    pub(super) limit: usize,
}

/// Values that each statement begins with.
const BOUND: usize = 4;

/// Tables of the places of the other words, conditions for a row that has to be known by them, and what they are bound to.
struct Others<'a> {
    asking: &'a Asking<'a>,
    values: Vec<Value>,
}

impl Others<'_> {
    fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", BOUND + self.values.len())
    }

    fn tables(&mut self) -> String {
        let Asking { engine, others, .. } = *self.asking;
        let table = |(at, word): (usize, &&Word)| {
            let bound = lookups::words_of_places(engine, word).map(|value| self.bind(value));
            let places = lookups::places_bound(engine, word, &bound);
            format!("other{at} AS MATERIALIZED ({places}), ")
        };
        others.iter().enumerate().map(table).collect()
    }

    fn said_of(&mut self, row: &str) -> String {
        let Asking { engine, others, .. } = *self.asking;
        let said = |(at, word): (usize, &&Word)| {
            let places = format!("other{at}");
            let mut bind = |value| self.bind(value);
            let mentioned = lookups::mentioned(engine, word, (row, Some(&places)), &mut bind);
            format!(" AND {mentioned}")
        };
        others.iter().enumerate().map(said).collect()
    }
}

impl Asking<'_> {
    fn others(&self) -> Others<'_> {
        Others {
            asking: self,
            values: Vec::new(),
        }
    }

    /// On PostgreSQL, for one word: terminals are gone through until there are enough.
    pub(super) fn together(&self) -> String {
        let (after, before) = self.stretch.signs();
        format!(
            "WITH place AS MATERIALIZED ({}) SELECT key, terminal_id FROM terminal_search \
             WHERE merchant_id IS NOT NULL AND key {after} $3 AND key {before} $4 \
             AND (store_id IN (SELECT id FROM place WHERE merchant = 0) \
             OR merchant_id IN (SELECT id FROM place WHERE merchant = 1)) ORDER BY key {} LIMIT {}",
            lookups::places(self.engine, self.word),
            self.stretch.order(),
            self.limit
        )
    }

    /// The same, place by place.
    pub(super) fn each(&self) -> (String, Vec<Value>) {
        let mut others = self.others();
        let tables = others.tables();
        let sql = match self.engine {
            Engine::Sqlite => self.each_sqlite(&mut others),
            Engine::Postgres => self.each_postgres(&mut others),
        };
        (format!("WITH {tables}{sql}"), others.values)
    }

    /// How many places have enough terminals: each terminal may be the newest of a store and of a merchant.
    fn places(&self) -> usize {
        self.limit * 2
    }

    /// The number behind which nothing is wanted: where there are enough places, the last place's newest.
    fn lowest(&self) -> String {
        let extreme = if self.stretch.is_back() { "max" } else { "min" };
        format!(
            "lowest(key) AS MATERIALIZED (SELECT CASE count(key) WHEN {} THEN {extreme}(key) ELSE {} END FROM top)",
            self.places(),
            self.stretch.end()
        )
    }

    fn each_sqlite(&self, others: &mut Others<'_>) -> String {
        let (after, before) = self.stretch.signs();
        let order = self.stretch.order();
        let nothing = self.stretch.end();
        let (step, extreme) = if self.stretch.is_back() {
            (-1, "min")
        } else {
            (1, "max")
        };
        let limit = self.limit;
        let mut newest = |owner: &str| {
            let others = others.said_of("terminal_search");
            format!(
                "(SELECT key FROM terminal_search WHERE {owner} = place.id AND key {after} $3 AND key {before} $4{others} \
                 ORDER BY key {order} LIMIT 1)"
            )
        };
        let (of_merchants, of_stores) = (newest("merchant_id"), newest("store_id"));
        // As many of a place as are wanted, and none beyond the last place's newest when there are enough places: one bound,
        // for SQLite goes along an index up to one. How many of a place are known by other words is not said before they are
        // looked at.
        let mut of = |owner: &str, merchant: i32| {
            let enough = match self.others.is_empty() {
                true => format!(
                    ", coalesce((SELECT key FROM terminal_search WHERE {owner} = top.id AND key {after}= top.key \
                     ORDER BY key {order} LIMIT 1 OFFSET {}), {nothing})",
                    limit - 1
                ),
                false => String::new(),
            };
            format!(
                "SELECT it.key AS key, it.terminal_id AS terminal_id FROM top CROSS JOIN terminal_search it \
                 ON it.{owner} = top.id WHERE top.merchant = {merchant} AND it.key {after}= top.key \
                 AND it.key {before}= {extreme}($4 + {step}, (SELECT key FROM lowest){enough}){}",
                others.said_of("it")
            )
        };
        format!(
            "newest(merchant, id, key) AS (SELECT merchant, id, CASE merchant WHEN 1 THEN {of_merchants} ELSE {of_stores} \
             END FROM ({places}) AS place), \
             top(merchant, id, key) AS MATERIALIZED (SELECT merchant, id, key FROM newest \
             ORDER BY key {order} NULLS LAST LIMIT {enough}), \
             {lowest} {merchants} UNION {stores} ORDER BY 1 {order} LIMIT {limit}",
            enough = self.places(),
            places = lookups::places(Engine::Sqlite, self.word),
            lowest = self.lowest(),
            merchants = of("merchant_id", 1),
            stores = of("store_id", 0),
        )
    }

    fn each_postgres(&self, others: &mut Others<'_>) -> String {
        let (after, before) = self.stretch.signs();
        let order = self.stretch.order();
        let limit = self.limit;
        let mut newest = |owner: &str, merchant: i32| {
            format!(
                "SELECT place.merchant, place.id, hit.key FROM place CROSS JOIN LATERAL (SELECT key FROM terminal_search \
                 WHERE {owner} = place.id AND key {after} $3 AND key {before} $4{} ORDER BY key {order} LIMIT 1) hit \
                 WHERE place.merchant = {merchant}",
                others.said_of("terminal_search")
            )
        };
        let (of_merchants, of_stores) = (newest("merchant_id", 1), newest("store_id", 0));
        let mut of = |owner: &str, merchant: i32| {
            format!(
                "SELECT hit.key, hit.terminal_id FROM top CROSS JOIN LATERAL (SELECT key, terminal_id FROM terminal_search \
                 WHERE {owner} = top.id AND key {after}= top.key AND key {before} $4 \
                 AND key {before}= (SELECT key FROM lowest){} ORDER BY key {order} LIMIT {limit}) hit \
                 WHERE top.merchant = {merchant}",
                others.said_of("terminal_search")
            )
        };
        format!(
            "place AS MATERIALIZED ({places}), newest AS ({of_merchants} UNION ALL {of_stores}), \
             top AS MATERIALIZED (SELECT merchant, id, key FROM newest ORDER BY key {order} LIMIT {enough}), \
             {lowest} {merchants} UNION {stores} ORDER BY 1 {order} LIMIT {limit}",
            enough = self.places(),
            places = lookups::places(Engine::Postgres, self.word),
            lowest = self.lowest(),
            merchants = of("merchant_id", 1),
            stores = of("store_id", 0),
        )
    }
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
        assert_eq!(way(Engine::Sqlite, 3_624, 201), Way::Each);
        assert_eq!(
            way(Engine::Sqlite, 3_625, 201),
            Way::Terminals,
            "nobody knows how many more"
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
