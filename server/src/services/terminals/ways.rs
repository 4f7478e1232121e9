//! The ways to the terminals of the places whose names a word is part of, which of them is the cheapest, and what each asks
//! the database.

use super::grams::Word;
use super::lookups::Stretch;
use super::named::{self, Bind, Named, Sets};
use crate::database::Engine;
use sea_orm::Value;

/// How many there are of what a search looks at.
pub(super) struct Amounts {
    /// The greatest number of a terminal.
    pub(super) newest: i64,
    /// Merchants and stores, about.
    pub(super) places: u64,
    /// Those that the word is part of the name or number of, up to `counted`.
    pub(super) named: u64,
    /// So many are counted, as [`Asking::counted`] says.
    pub(super) counted: u64,
}

/// To look into a place costs so many times what it costs to look up whether a terminal's places are among some.
const PLACE: u64 = 10;

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
    /// there are places for each that is named. To look a terminal's places up costs a fraction of what it costs to look into a
    /// place ([`PLACE`]), and of what it costs to look at their names, unless very many have to be remembered for that.
    pub(super) fn way(&self, limit: usize) -> Way {
        let even = (limit as u64).saturating_mul(self.places);
        match self.named {
            0 => Way::None,
            named if named <= (even / PLACE).isqrt() => Way::Each,
            named if named < self.counted => Way::Together,
            _ => Way::Terminals,
        }
    }

    /// How many terminals are gone through: about as many as cost as much as to look into each place, so that whoever
    /// finds too few among them has lost half.
    pub(super) fn reach(&self) -> u64 {
        self.named.saturating_mul(PLACE)
    }
}

/// What is asked for the newest terminals of some places.
pub(super) struct Asking<'a> {
    pub(super) engine: Engine,
    pub(super) named: Named<'a>,
    /// Words that terminals have to be known by as well.
    pub(super) others: &'a [&'a Word],
    pub(super) stretch: Stretch,
    pub(super) limit: usize,
}

/// Where the stretch begins and ends.
const FROM: &str = "$1";
const UNTIL: &str = "$2";

fn number(count: u64) -> Value {
    i64::try_from(count).unwrap_or(i64::MAX).into()
}

impl Asking<'_> {
    /// How many there are of what a search looks at: `newest`, `places`, `named` and `counted` of [`Amounts`]. Beside them in the
    /// same statement, which has the places at hand, the first terminals' `key` and `terminal_id` where [`Way::Together`] leads to
    /// them, and nothing otherwise.
    pub(super) fn amounts(&self) -> (String, Vec<Value>) {
        let together = format!(
            "named * named > {limit} * places / {PLACE} AND named < counted",
            limit = self.limit
        );
        let reach = format!("(SELECT CASE WHEN {together} THEN named * {PLACE} ELSE 0 END FROM amount)");
        self.bound(|bind| {
            let (mut tables, hits) = self.gone_through(&reach, bind);
            tables.push(format!(
                "amount AS MATERIALIZED (SELECT coalesce((SELECT max(key) FROM terminal_search), 0) AS newest, \
                 coalesce((SELECT max(key) FROM place_search), 0) AS places, (SELECT count(*) FROM place) AS named, \
                 {} AS counted)",
                self.counted()
            ));
            format!(
                "WITH {} SELECT hit.key, hit.terminal_id, newest, places, named, counted FROM amount \
                 LEFT JOIN ({hits}) AS hit ON true",
                tables.join(", ")
            )
        })
    }

    /// So many places are counted: where there are as many, it costs less to look at the names of terminals' places than to remember
    /// them all. PostgreSQL reads a place for that, SQLite its number alone.
    fn counted(&self) -> String {
        let share = match self.engine {
            Engine::Sqlite => 32,
            Engine::Postgres => 100,
        };
        format!("(SELECT 3000 + coalesce(max(key), 0) / {share} FROM place_search)")
    }

    /// So many terminals are gone through until there are enough.
    pub(super) fn together(&self, reach: u64) -> (String, Vec<Value>) {
        self.bound(|bind| {
            let reach = bind(number(reach));
            let (tables, hits) = self.gone_through(&reach, bind);
            format!("WITH {} {hits}", tables.join(", "))
        })
    }

    /// The terminals of some places among the next `reach` of somebody, and the tables that they need. Of the places no more are
    /// taken than are counted.
    fn gone_through(&self, reach: &str, bind: &mut Bind<'_>) -> (Vec<String>, String) {
        let others = Sets::of(self.engine, self.others, "known");
        let mut tables = others.tables(bind);
        tables.push(format!(
            "place AS MATERIALIZED ({} LIMIT {})",
            self.numbers(bind),
            self.counted()
        ));
        let terminal = match self.engine {
            Engine::Sqlite => "CROSS JOIN terminal_search it ON it.key = walked.key",
            Engine::Postgres => "CROSS JOIN LATERAL (SELECT * FROM terminal_search WHERE key = walked.key OFFSET 0) it",
        };
        let hits = format!(
            "SELECT walked.key, it.terminal_id FROM ({} LIMIT {reach}) AS walked {terminal} WHERE {}{} \
             ORDER BY walked.key {} LIMIT {}",
            self.walked(),
            named::is_of(self.engine, "walked", "place"),
            others.known("it", bind),
            self.stretch.order(),
            self.limit
        );
        (tables, hits)
    }

    /// Asks for the last terminal that is gone through then: there is one where there may be more behind it.
    pub(super) fn end_of_reach(&self, reach: u64) -> (String, Vec<Value>) {
        self.bound(|bind| {
            let before = bind(number(reach.saturating_sub(1)));
            format!("SELECT key FROM ({} LIMIT 1 OFFSET {before}) AS walked", self.walked())
        })
    }

    fn walked(&self) -> String {
        let (after, before) = self.stretch.signs();
        let indexed = match self.engine {
            Engine::Sqlite => " INDEXED BY ix_terminal_search_placed",
            Engine::Postgres => "",
        };
        format!(
            "SELECT key, merchant_place, store_place FROM terminal_search{indexed} WHERE merchant_place IS NOT NULL \
             AND key {after} {FROM} AND key {before} {UNTIL} ORDER BY key {}",
            self.stretch.order()
        )
    }

    /// Each place is looked into.
    pub(super) fn each(&self) -> (String, Vec<Value>) {
        let others = Sets::of(self.engine, self.others, "known");
        self.bound(|bind| match self.engine {
            Engine::Sqlite => self.each_sqlite(&others, bind),
            Engine::Postgres => self.each_postgres(&others, bind),
        })
    }

    /// A statement with what is bound to it, the ends of the stretch before everything else.
    fn bound(&self, statement: impl FnOnce(&mut Bind<'_>) -> String) -> (String, Vec<Value>) {
        let (from, until) = self.stretch.ends();
        named::statement(vec![from.into(), until.into()], statement)
    }

    fn numbers(&self, bind: &mut Bind<'_>) -> String {
        named::numbers(self.engine, self.named, bind)
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

    fn each_sqlite(&self, others: &Sets<'_>, bind: &mut Bind<'_>) -> String {
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
            format!(
                "(SELECT key FROM terminal_search WHERE {owner} = place.id AND key {after} {FROM} AND key {before} {UNTIL}{} \
                 ORDER BY key {order} LIMIT 1)",
                others.known("terminal_search", bind)
            )
        };
        let (of_merchants, of_stores) = (newest("merchant_place"), newest("store_place"));
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
                 AND it.key {before}= {extreme}({UNTIL} + {step}, (SELECT key FROM lowest){enough}){}",
                others.known("it", bind)
            )
        };
        let (merchants, stores) = (of("merchant_place", 1), of("store_place", 0));
        format!(
            "WITH newest(merchant, id, key) AS (SELECT merchant, place.id, CASE merchant WHEN 1 THEN {of_merchants} \
             ELSE {of_stores} END FROM ({places}) AS place CROSS JOIN place_search ON place_search.key = place.id), \
             top(merchant, id, key) AS MATERIALIZED (SELECT merchant, id, key FROM newest \
             ORDER BY key {order} NULLS LAST LIMIT {enough}), \
             {lowest} {merchants} UNION {stores} ORDER BY 1 {order} LIMIT {limit}",
            enough = self.places(),
            places = self.numbers(bind),
            lowest = self.lowest(),
        )
    }

    fn each_postgres(&self, others: &Sets<'_>, bind: &mut Bind<'_>) -> String {
        let (after, before) = self.stretch.signs();
        let order = self.stretch.order();
        let limit = self.limit;
        let known = others.known("terminal_search", bind);
        let newest = |owner: &str, merchant: i32| {
            format!(
                "SELECT place.merchant, place.id, hit.key FROM place CROSS JOIN LATERAL (SELECT key FROM terminal_search \
                 WHERE {owner} = place.id AND key {after} {FROM} AND key {before} {UNTIL}{known} ORDER BY key {order} LIMIT 1) hit \
                 WHERE place.merchant = {merchant}"
            )
        };
        let of = |owner: &str, merchant: i32| {
            format!(
                "SELECT hit.key, hit.terminal_id FROM top CROSS JOIN LATERAL (SELECT key, terminal_id FROM terminal_search \
                 WHERE {owner} = top.id AND key {after}= top.key AND key {before} {UNTIL} \
                 AND key {before}= (SELECT key FROM lowest){known} ORDER BY key {order} LIMIT {limit}) hit \
                 WHERE top.merchant = {merchant}"
            )
        };
        let mut tables = others.tables(bind);
        tables.push(format!("place AS MATERIALIZED ({})", self.numbers(bind)));
        format!(
            "WITH {tables}, newest AS ({of_merchants} UNION ALL {of_stores}), \
             top AS MATERIALIZED (SELECT merchant, id, key FROM newest ORDER BY key {order} LIMIT {enough}), \
             {lowest} {merchants} UNION {stores} ORDER BY 1 {order} LIMIT {limit}",
            tables = tables.join(", "),
            of_merchants = newest("merchant_place", 1),
            of_stores = newest("store_place", 0),
            enough = self.places(),
            lowest = self.lowest(),
            merchants = of("merchant_place", 1),
            stores = of("store_place", 0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_follows_how_many_names_there_are() {
        let way = |named, limit| {
            let amounts = Amounts {
                newest: 1_000_000,
                places: 20_000,
                named,
                counted: 3_200,
            };
            amounts.way(limit)
        };
        assert_eq!(
            [0, 1, 319].map(|named| way(named, 51)),
            [Way::None, Way::Each, Way::Each]
        );
        assert_eq!([320, 3_199].map(|named| way(named, 51)), [Way::Together; 2]);
        assert_eq!(way(3_200, 51), Way::Terminals, "nobody knows how many more");
        assert_eq!(
            way(320, 201),
            Way::Each,
            "where more are wanted, more would be gone through"
        );
    }
}
