//! What a search asks the database, in each engine's words.

use super::grams::{self, Frequencies, Word};
use super::search::From;
use crate::database::Engine;
use app::backend::page::Direction;
use sea_orm::Value;
use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, JoinType, Order, PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder,
};

/// A block of PostgreSQL's index has two to the power of so many numbers. Source: the migration of 2026-11-29.
const BLOCK_BITS: u32 = 14;

/// A stretch of the terminals' numbers, and the direction in which it is gone through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Where it begins; this number is not in it.
    from: Option<i64>,
    /// Where it ends; this number is not in it.
    until: Option<i64>,
    /// Whether numbers rise, which is the way back to the newest.
    back: bool,
}

impl Stretch {
    /// All that comes after a place, or everything.
    pub(super) fn after(from: Option<From>) -> Self {
        Self {
            from: from.map(|from| from.number),
            until: None,
            back: from.is_some_and(|from| from.direction == Direction::Before),
        }
    }

    pub(super) fn until(self, number: i64) -> Self {
        Self {
            until: Some(number),
            ..self
        }
    }

    pub(super) fn beyond(self, number: i64) -> Self {
        Self {
            from: Some(number),
            ..self
        }
    }

    pub(super) fn is_back(self) -> bool {
        self.back
    }

    pub(super) fn order(self) -> &'static str {
        if self.back { "ASC" } else { "DESC" }
    }

    fn sorted(self) -> Order {
        if self.back { Order::Asc } else { Order::Desc }
    }

    /// How a number in it compares with where it begins, and with where it ends.
    pub(super) fn signs(self) -> (&'static str, &'static str) {
        if self.back { (">", "<") } else { ("<", ">") }
    }

    /// Where it begins and ends; what is not said lies beyond all numbers, which are positive.
    pub(super) fn ends(self) -> (i64, i64) {
        let first = if self.back { 0 } else { i64::MAX };
        (self.from.unwrap_or(first), self.until.unwrap_or_else(|| self.end()))
    }

    /// What lies behind all numbers in its direction.
    pub(super) fn end(self) -> i64 {
        if self.back { i64::MAX } else { 0 }
    }

    /// The ends that are said, with the signs by which numbers within compare with them.
    fn said(self) -> impl Iterator<Item = (&'static str, i64)> {
        let (after, before) = self.signs();
        let ends = [(after, self.from), (before, self.until)];
        ends.into_iter().filter_map(|(sign, end)| Some((sign, end?)))
    }
}

/// Which terminals are gone through one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walked {
    All,
    /// Those of somebody.
    Placed,
}

/// On SQLite: those of a stretch that the index has `lookup` of, that are among `row` and that are known by `words`.
pub(super) fn sqlite(
    row: SelectStatement,
    lookup: &str,
    words: &[&Word],
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    let mut select = row;
    select.and_where(Expr::cust_with_values("terminal_grams MATCH ?", [lookup]));
    for word in words {
        let mut values = Vec::new();
        let mentioned = mentioned(Engine::Sqlite, word, ("terminal_search", None), &mut |value| {
            values.push(value);
            "?".to_owned()
        });
        select.and_where(Expr::cust_with_values(mentioned, values));
    }
    // The index comes first and leads; CROSS JOIN keeps it so.
    let lead = "terminal_grams CROSS JOIN terminal_search ON terminal_search.key = terminal_grams.rowid";
    in_order(select, lead, "terminal_grams.rowid", stretch, limit)
}

/// Those of a stretch that are among `row` and among the few that `led` has the keys of.
pub(super) fn among(
    engine: Engine,
    mut row: SelectStatement,
    led: SelectStatement,
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    // The sum keeps the engines from going along all numbers.
    let number = || Expr::cust("terminal_search.key + 0");
    row.expr(Expr::cust("terminal_search.key"))
        .expr(Expr::cust("terminals.id"))
        .join(
            JoinType::InnerJoin,
            Alias::new("terminal_search"),
            Expr::cust("terminal_search.terminal_id = terminals.id"),
        )
        .and_where(Expr::cust("terminals.id").in_subquery(led));
    for (sign, end) in stretch.said() {
        row.and_where(match sign {
            ">" => number().gt(end),
            _ => number().lt(end),
        });
    }
    row.order_by_expr(number(), stretch.sorted()).limit(limit as u64);
    let (sql, values) = match engine {
        Engine::Sqlite => row.build(SqliteQueryBuilder),
        Engine::Postgres => row.build(PostgresQueryBuilder),
    };
    (sql, values.0)
}

/// On SQLite: those of a stretch that are among `row`, each looked at.
pub(super) fn sqlite_walk(
    row: SelectStatement,
    walked: Walked,
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    let mut select = row;
    let lead = match walked {
        Walked::All => "terminal_search",
        Walked::Placed => {
            select.and_where(Expr::cust("terminal_search.merchant_id IS NOT NULL"));
            "terminal_search INDEXED BY ix_terminal_search_placed"
        }
    };
    in_order(select, lead, "terminal_search.key", stretch, limit)
}

fn in_order(
    mut select: SelectStatement,
    lead: &str,
    number: &'static str,
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    select
        .expr(Expr::cust("terminal_search.key"))
        .expr(Expr::cust("terminals.id"));
    for (sign, end) in stretch.said() {
        select.and_where(Expr::cust_with_values(format!("{number} {sign} ?"), [end]));
    }
    select
        .order_by_expr(Expr::cust(number), stretch.sorted())
        .limit(limit as u64);
    let (sql, values) = select.build(SqliteQueryBuilder);
    let lead = format!("FROM {lead} CROSS JOIN \"terminals\" ON terminals.id = terminal_search.terminal_id");
    (sql.replacen("FROM \"terminals\"", &lead, 1), values.0)
}

/// On PostgreSQL: those of a stretch that the index has `lookup` of, that are among `row` and that are known by `words`.
/// Whether they have `own` in their own texts, where that is said, is seen before the row is fetched.
pub(super) fn postgres(
    row: SelectStatement,
    lookup: &str,
    (own, words): (Option<&Word>, &[&Word]),
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    let (row, mut values) = this_row(row);
    let mut bind = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let lookup = bind(lookup.into());
    let (first, last, step, nearer) = if stretch.back {
        ("min", "max", 1, "greatest")
    } else {
        ("max", "min", -1, "least")
    };
    let mut within = String::new();
    let mut begin = format!("(SELECT {first}(key) FROM terminal_search)");
    for (at, (sign, end)) in stretch.said().enumerate() {
        let end = bind(end.into());
        within.push_str(&format!(" AND key + 0 {sign} {end}"));
        if at == 0 && stretch.from.is_some() {
            // Whoever writes a number of their own goes through no blocks that there are not.
            begin = format!("{nearer}(CAST({end} AS bigint), {begin})");
        }
    }
    for word in words {
        within.push_str(" AND ");
        within.push_str(&mentioned(Engine::Postgres, word, ("terminal_search", None), &mut bind));
    }
    if let Some(word) = own {
        let (text, sn) = (bind(word.text.as_str().into()), bind(word.sn.as_str().into()));
        within.push_str(&format!(
            " AND (strpos(text, {text}) > 0 OR strpos(text, nullif({sn}, '')) > 0)"
        ));
    }
    // OFFSET 0 keeps the planner from taking the parts apart: block by block, in a block by number, then the row. The sums
    // keep it from going along the numbers, which it would when it does not know what is looked for. It knows how many are
    // wanted, lest it takes a tenth of all for that and plans anew each time.
    let sql = format!(
        "SELECT hit.key, hit.terminal_id FROM generate_series({begin} >> {BLOCK_BITS}, \
         (SELECT {last}(key) FROM terminal_search) >> {BLOCK_BITS}, {step}) block \
         CROSS JOIN LATERAL (SELECT key, terminal_id FROM terminal_search \
         WHERE terminal_grams(key, merchant_id, store_id, text) @@ \
         CAST(replace({lookup}, '{mark}', to_hex(block) || ' ') AS tsquery){within} ORDER BY key + 0 {order} OFFSET 0) hit \
         CROSS JOIN LATERAL ({row} OFFSET 0) it LIMIT {limit}",
        mark = grams::BLOCK,
        order = stretch.order(),
    );
    (sql, values)
}

/// On PostgreSQL: those of a stretch that are among `row`, each looked at.
pub(super) fn postgres_walk(
    row: SelectStatement,
    walked: Walked,
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    let (row, mut values) = this_row(row);
    let mut within = match walked {
        Walked::All => "true",
        Walked::Placed => "merchant_id IS NOT NULL",
    }
    .to_owned();
    for (sign, end) in stretch.said() {
        values.push(end.into());
        within.push_str(&format!(" AND key {sign} ${}", values.len()));
    }
    let sql = format!(
        "SELECT hit.key, hit.terminal_id FROM (SELECT key, terminal_id FROM terminal_search WHERE {within} \
         ORDER BY key {} OFFSET 0) hit CROSS JOIN LATERAL ({row} OFFSET 0) it LIMIT {limit}",
        stretch.order()
    );
    (sql, values)
}

/// What is said of a word where places are looked for by it.
#[derive(Clone, Copy)]
enum Said {
    /// The word as the index knows it.
    Lookup,
    /// The word.
    Text,
}

impl Said {
    fn of(self, engine: Engine, word: &Word) -> Value {
        match (self, engine) {
            (Self::Lookup, Engine::Sqlite) => grams::fts(&word.text, &Frequencies::default()).into(),
            (Self::Lookup, Engine::Postgres) => grams::tsquery(&word.text, "").into(),
            (Self::Text, _) => word.text.as_str().into(),
        }
    }
}

/// The merchants and stores that a word is part of the name or number of: whether it is a merchant, and its key. $1 and $2 are
/// [`words_of_places`].
pub(super) fn places(engine: Engine, word: &Word) -> String {
    places_bound(engine, word, &["$1", "$2"].map(str::to_owned))
}

/// The same where [`words_of_places`] are bound to other names.
pub(super) fn places_bound(engine: Engine, word: &Word, [lookup, text]: &[String; 2]) -> String {
    places_said(engine, word, &mut |said| match said {
        Said::Lookup => lookup.clone(),
        Said::Text => text.clone(),
    })
}

fn places_said(engine: Engine, word: &Word, bind: &mut dyn FnMut(Said) -> String) -> String {
    let lookup = bind(Said::Lookup);
    match engine {
        Engine::Sqlite => {
            // Grams of a long word may stand apart from each other in a name.
            let (joined, said) = if grams::is_one_gram(&word.text) {
                ("", format!("{} <> ''", bind(Said::Text)))
            } else {
                (
                    "LEFT JOIN stores ON stores.id = place_id AND NOT merchant \
                     LEFT JOIN merchants ON merchants.id = place_id AND merchant",
                    format!(
                        "(instr(coalesce(stores.name_key, lower(stores.name)), {}) \
                         OR instr(lower(merchants.merchant_no), {}) \
                         OR instr(coalesce(merchants.name_key, lower(merchants.name)), {}))",
                        bind(Said::Text),
                        bind(Said::Text),
                        bind(Said::Text)
                    ),
                )
            };
            format!(
                "SELECT place_search.merchant AS merchant, place_search.place_id AS id FROM place_grams \
                 CROSS JOIN place_search ON place_search.key = place_grams.rowid {joined} \
                 WHERE place_grams MATCH {lookup} AND {said}"
            )
        }
        Engine::Postgres => format!(
            "SELECT merchant, place_id AS id FROM place_search \
             WHERE place_grams(text) @@ CAST({lookup} AS tsquery) AND strpos(text, {}) > 0",
            bind(Said::Text)
        ),
    }
}

/// What [`places`] asks for: a word as the index knows it, and as it is.
pub(super) fn words_of_places(engine: Engine, word: &Word) -> [Value; 2] {
    [Said::Lookup, Said::Text].map(|said| said.of(engine, word))
}

/// What it costs to ask the index for the terminals of one more place, in microseconds: about. PostgreSQL looks it up in each
/// block.
pub(super) fn cost_of_place(engine: Engine, terminals: f64) -> f64 {
    match engine {
        Engine::Sqlite => 50.0,
        Engine::Postgres => 8.0 * (terminals / f64::from(1 << BLOCK_BITS)).ceil(),
    }
}

/// How many of a sample the index has $1 of, how many are in the sample, and how many terminals and places there are.
pub(super) fn share(engine: Engine) -> String {
    let (having, sampled) = match engine {
        Engine::Sqlite => (
            "SELECT count(*) FROM terminal_sample WHERE terminal_sample MATCH $1".to_owned(),
            format!("newest / {}", grams::SAMPLED),
        ),
        // The newest block that is full.
        Engine::Postgres => (
            format!(
                "SELECT count(*) FROM terminal_search WHERE terminal_grams(key, merchant_id, store_id, text) @@ \
                 CAST(replace($1, '{}', to_hex(greatest((newest >> {BLOCK_BITS}) - 1, 0)) || ' ') AS tsquery)",
                grams::BLOCK
            ),
            format!("least(newest, {})", 1 << BLOCK_BITS),
        ),
    };
    format!(
        "SELECT ({having}), CAST({sampled} AS bigint), newest, coalesce((SELECT max(key) FROM place_search), 0) \
         FROM (SELECT coalesce(max(key), 0) AS newest FROM terminal_search) AS numbers"
    )
}

/// Whether a word of the platform's is part of what a terminal is known by, said of `row` of `terminal_search`. The places
/// whose names it is part of are looked for once and not for each terminal; they may have been before, in the table `places`.
pub(super) fn mentioned(
    engine: Engine,
    word: &Word,
    (row, places): (&str, Option<&str>),
    bind: &mut dyn FnMut(Value) -> String,
) -> String {
    let mut owned = |owner: &str| {
        let places = places.map_or_else(
            || places_said(engine, word, &mut |said| bind(said.of(engine, word))),
            |places| format!("SELECT id FROM {places}"),
        );
        format!("{row}.{owner} IN (SELECT id FROM ({places}) AS place)")
    };
    let owned = format!("{} OR {}", owned("store_id"), owned("merchant_id"));
    let text = bind(word.text.as_str().into());
    let own = match engine {
        Engine::Sqlite => {
            let sn = match word.sn.is_empty() {
                true => String::new(),
                false => format!(" OR instr(own.sn, {})", bind(word.sn.to_ascii_uppercase().into())),
            };
            format!(
                "EXISTS (SELECT 1 FROM terminals own WHERE own.id = {row}.terminal_id \
                 AND (instr(coalesce(own.name_key, lower(own.name)), {text}){sn}))"
            )
        }
        // The serial number stands before the name. One without dashes is its own.
        Engine::Postgres if word.sn.is_empty() || word.sn == word.text => format!("strpos({row}.text, {text}) > 0"),
        Engine::Postgres => format!(
            "strpos({row}.text, {text}) > 0 OR strpos(split_part({row}.text, ' ', 1), {}) > 0",
            bind(word.sn.as_str().into())
        ),
    };
    format!("({owned} OR {own})")
}

/// The statement for the row that was hit.
fn this_row(mut row: SelectStatement) -> (String, Vec<Value>) {
    row.expr(Expr::val(1))
        .and_where(Expr::cust("terminals.id = hit.terminal_id"));
    let (row, values) = row.build(PostgresQueryBuilder);
    (row, values.0)
}
