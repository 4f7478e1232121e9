//! What a search asks PostgreSQL.
//!
//! Its GIN indexes are not read in order: what has a gram is fetched whole. So there are two of the terminals' grams. In one they
//! stand behind the number of the terminal's block, and of what many have it is asked block by block until there are enough.
//! The other has all terminals' and is asked for what few have, which block by block would take six hundred questions
//! of ten million terminals. A small third, of a sample, tells whether they are few.

use super::grams::{self, Gin, Word};
use super::lookups::{Said, Stretch};
use super::named;
use crate::database::Engine;
use sea_orm::Value;
use sea_orm::sea_query::{Expr, PostgresQueryBuilder, SelectStatement};

/// A block has two to the power of so many numbers. Source: the migration of 2026-11-29.
const BLOCK_BITS: u32 = 14;

/// One of so many terminals is in the sample. Source: the migration of 2026-11-30.
pub(super) const SAMPLED: i64 = 512;

/// So many numbers are looked at one by one before the index is asked for a short word, which may be everywhere.
pub(super) const NEAR: u32 = 1_024;

/// So many terminals of somebody are looked at by the names of their places in the first statement, and so many at most in one.
pub(super) const WALKED: [u32; 2] = [2_048, 32_768];

/// So many blocks are asked for a short word before it is asked whether few have it: more where there are more terminals.
const TRIED: &str = "(8 + ((SELECT key FROM begun) >> 20))";

/// Where no more of the sample have what is looked for than two and one for so many blocks that are left, those who have it cost
/// less to fetch at once than to ask the blocks.
const BLOCKS_PER_SAMPLED: u32 = 16;

/// What is asked of the terminals in a stretch, in the order in which that is gone through.
struct Question {
    /// The statement for the row that was hit.
    row: String,
    values: Vec<Value>,
    /// What stands behind `WITH`: where the stretch has `begun`, and sets of places.
    tables: Vec<String>,
    /// What is said of a terminal, as conditions behind others.
    within: String,
    order: &'static str,
    /// How a number that is not before another compares with it.
    sign: &'static str,
    /// One number further.
    step: i32,
    /// Whichever of two numbers comes first.
    earlier: &'static str,
    /// The last number.
    last: &'static str,
}

impl Question {
    fn of(row: SelectStatement, said: &Said<'_>, stretch: Stretch) -> Self {
        let (row, mut values) = this_row(row);
        let (first, last, step, sign, later, earlier) = match stretch.is_back() {
            true => (OLDEST, NEWEST, 1, ">=", "greatest", "least"),
            false => (NEWEST, OLDEST, -1, "<=", "least", "greatest"),
        };
        let mut bind = |value: Value| {
            values.push(value);
            format!("${}", values.len())
        };
        let mut within = String::new();
        let mut begin = first.to_owned();
        for (at, (sign, end)) in stretch.said().enumerate() {
            let end = bind(end.into());
            within.push_str(&format!(" AND key + 0 {sign} {end}"));
            if at == 0 && stretch.has_begun() {
                // Whoever writes a number of their own goes through no blocks that there are not.
                begin = format!("{later}(CAST({end} AS bigint), {begin})");
            }
        }
        for word in said.own {
            let (text, sn) = (bind(word.text.as_str().into()), bind(word.sn.as_str().into()));
            within.push_str(&format!(
                " AND (strpos(text, {text}) > 0 OR strpos(text, nullif({sn}, '')) > 0)"
            ));
        }
        let (of_places, mut tables) = said.of_places(Engine::Postgres, &mut bind);
        within.push_str(&of_places);
        tables.push(format!("begun(key) AS MATERIALIZED (SELECT {begin})"));
        Self {
            row,
            values,
            tables,
            within,
            order: stretch.order(),
            sign,
            step,
            earlier,
            last,
        }
    }

    fn bind(&mut self, text: &str) -> String {
        self.values.push(text.into());
        format!("${}", self.values.len())
    }

    /// The hits of which something more is true. OFFSET 0 keeps the planner from taking the parts of a statement apart: one
    /// after the other, in each by number, then the row.
    fn hits(&self, which: &str, by: &str) -> String {
        let (within, order) = (&self.within, self.order);
        format!("(SELECT key, terminal_id FROM terminal_search WHERE {which}{within} ORDER BY {by} {order} OFFSET 0)")
    }

    /// The hits in some blocks. The sum keeps the planner from going along the numbers, which it would when it does not know
    /// what is looked for.
    fn in_blocks(&self, lookup: &str, (first, last): (&str, &str), which: &str) -> String {
        let has = format!(
            "terminal_grams(key, merchant_place, store_place, text) @@ \
             CAST(replace({lookup}, '{}', to_hex(block) || ' ') AS tsquery)",
            grams::BLOCK
        );
        let (of_block, step) = (self.hits(&has, "key + 0"), self.step);
        format!(
            "(SELECT hit.key, hit.terminal_id FROM generate_series({first}, {last}, {step}) block \
             CROSS JOIN LATERAL {of_block} hit{which} OFFSET 0)"
        )
    }
}

const BEGUN: &str = "(SELECT key FROM begun)";
const NEWEST: &str = "(SELECT max(key) FROM terminal_search)";
const OLDEST: &str = "(SELECT min(key) FROM terminal_search)";

/// The hits among the first [`NEAR`] numbers of a stretch, as `key` and `terminal_id` beside where it has begun, which is said also
/// where there are none.
pub(super) fn near(row: SelectStatement, said: &Said<'_>, stretch: Stretch, limit: usize) -> (String, Vec<Value>) {
    let asked = Question::of(row, said, stretch);
    let (sign, step) = (asked.sign, asked.step);
    let near = asked.hits(
        &format!("key {sign} {BEGUN} AND NOT key {sign} {BEGUN} + {step} * {NEAR}"),
        "key",
    );
    let sql = format!(
        "WITH {} SELECT hit.key, hit.terminal_id, begun.key FROM begun LEFT JOIN (SELECT hit.key, hit.terminal_id \
         FROM {near} hit CROSS JOIN LATERAL ({} OFFSET 0) it LIMIT {limit}) AS hit ON true",
        asked.tables.join(", "),
        asked.row
    );
    (sql, asked.values)
}

/// What lies behind them.
pub(super) fn beyond_near(stretch: Stretch, begun: i64) -> Stretch {
    let near = i64::from(NEAR) - 1;
    match stretch.is_back() {
        true => stretch.beyond(begun.saturating_add(near)),
        false => stretch.beyond(begun.saturating_sub(near)),
    }
}

/// Those of a stretch that the index has `lookup` of, that are among `row`, and what is `said` of them.
pub(super) fn indexed(
    row: SelectStatement,
    lookup: &Gin,
    said: &Said<'_>,
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    let mut asked = Question::of(row, said, stretch);
    let blocks = asked.bind(&lookup.blocks);
    let block_of = |number: &str| format!("({number} >> {BLOCK_BITS})");
    let (begun, last) = (block_of(BEGUN), block_of(asked.last));
    let mut parts = Vec::new();
    match &lookup.everywhere {
        None => parts.push(asked.in_blocks(&blocks, (&begun, &last), "")),
        Some(everywhere) => {
            let everywhere = asked.bind(everywhere);
            let (sign, step, earlier) = (asked.sign, asked.step, asked.earlier);
            let mut rest = begun.clone();
            if lookup.is_short {
                rest = format!("({begun} + {step} * {TRIED})");
                // Not beyond the last, for whoever writes a number of their own.
                let tried = format!("{earlier}({rest} - ({step}), {last})");
                parts.push(asked.in_blocks(&blocks, (&begun, &tried), ""));
            }
            let left = format!("({last} - {rest}) * {step}");
            asked.tables.push(format!(
                "few(are) AS MATERIALIZED (SELECT CASE WHEN {left} < 0 THEN false ELSE \
                 (SELECT count(*) FROM terminal_search WHERE {}) <= 2 + {left} / {BLOCKS_PER_SAMPLED} END)",
                sampled(&everywhere)
            ));
            let few = "(SELECT are FROM few)";
            let has = is_everywhere(&everywhere);
            let in_rest = format!("{few} AND {has} AND key >> {BLOCK_BITS} {sign} {rest}");
            parts.push(asked.hits(&in_rest, "key + 0"));
            parts.push(asked.in_blocks(&blocks, (&rest, &last), &format!(" WHERE NOT {few}")));
        }
    }
    let sql = format!(
        "WITH {} SELECT hit.key, hit.terminal_id FROM ({}) hit CROSS JOIN LATERAL ({} OFFSET 0) it LIMIT {limit}",
        asked.tables.join(", "),
        parts.join(" UNION ALL "),
        asked.row
    );
    (sql, asked.values)
}

/// That the index of all terminals has what `lookup` asks for. That is hidden from the planner, which otherwise plans for each
/// word anew.
fn is_everywhere(lookup: &str) -> String {
    format!("everywhere_grams(merchant_place, store_place, text) @@ (SELECT CAST({lookup} AS tsquery))")
}

/// The same of those that are in its sample.
pub(super) fn sampled(lookup: &str) -> String {
    format!("key % {SAMPLED} = 0 AND {}", is_everywhere(lookup))
}

/// Those among the next `reach` of a stretch that belong to somebody, as `key` and `terminal_id`, that belong to a merchant or a store
/// whose name every one of some words is part of, and that are among `row`. Beside them, which is said also where there are none, the
/// last of so many, if there are as many.
pub(super) fn walked(
    row: SelectStatement,
    words: &[&Word],
    stretch: Stretch,
    reach: u32,
    limit: usize,
) -> (String, Vec<Value>) {
    let (row, mut values) = this_row(row);
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let mut within = String::new();
    for (sign, end) in stretch.said() {
        // Hidden from the planner, which otherwise plans for each stretch anew.
        within.push_str(&format!(
            " AND key {sign} (SELECT CAST({} AS bigint))",
            bind(end.into())
        ));
    }
    let (order, last) = (stretch.order(), if stretch.is_back() { "max" } else { "min" });
    // Found in their index alone, for what belongs to nobody may lie between them in large numbers. Terminals side by side mostly
    // belong to the same place, whose name is looked at once.
    let mut tables = vec![
        format!(
            "placed AS MATERIALIZED (SELECT key, merchant_place, store_place FROM terminal_search \
             WHERE merchant_place IS NOT NULL{within} ORDER BY key {order} LIMIT {reach})"
        ),
        "pair AS MATERIALIZED (SELECT DISTINCT merchant_place, store_place FROM placed)".to_owned(),
        "place(key) AS MATERIALIZED (SELECT merchant_place FROM pair UNION SELECT store_place FROM pair)".to_owned(),
    ];
    let mut named = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let text = bind(word.text.as_str().into());
        let table = format!("named{at}");
        tables.push(format!(
            "{table} AS MATERIALIZED (SELECT it.id, it.merchant FROM place CROSS JOIN LATERAL (SELECT key AS id, merchant \
             FROM place_search WHERE key = place.key AND strpos(text, {text}) > 0 OFFSET 0) it)"
        ));
        named.push(named::is_of(Engine::Postgres, "placed", &table));
    }
    let sql = format!(
        "WITH {} SELECT hit.key, hit.terminal_id, ended.key \
         FROM (SELECT CASE count(*) WHEN {reach} THEN {last}(key) END AS key FROM placed) ended LEFT JOIN \
         (SELECT hit.key, hit.terminal_id FROM (SELECT key FROM placed WHERE {} ORDER BY key {order} OFFSET 0) known \
         CROSS JOIN LATERAL (SELECT key, terminal_id FROM terminal_search WHERE key = known.key OFFSET 0) hit \
         CROSS JOIN LATERAL ({row} OFFSET 0) it LIMIT {limit}) AS hit ON true",
        tables.join(", "),
        named.join(" AND ")
    );
    (sql, values)
}

/// The statement for the row that was hit.
fn this_row(mut row: SelectStatement) -> (String, Vec<Value>) {
    row.expr(Expr::val(1))
        .and_where(Expr::cust("terminals.id = hit.terminal_id"));
    let (row, values) = row.build(PostgresQueryBuilder);
    (row, values.0)
}
