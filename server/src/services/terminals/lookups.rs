//! What a search asks the database: the words of both engines and those of SQLite. PostgreSQL's are in [`super::gin`].

use super::grams::Word;
use super::named::{Bind, Sets};
use super::search::From;
use crate::database::Engine;
use app::backend::page::Direction;
use sea_orm::Value;
use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, JoinType, Order, PostgresQueryBuilder, SelectStatement, SqliteQueryBuilder,
};

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
        // Whoever writes a number of their own gets no further than there are numbers to reckon with.
        let number = |from: From| from.number.clamp(0, i64::MAX - i64::from(u32::MAX));
        Self {
            from: from.map(number),
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

    /// The same, without the numbers beyond the newest that there is.
    pub(super) fn no_newer_than(self, newest: i64) -> Self {
        let beyond = newest.saturating_add(1);
        match self.back {
            true => self.until(self.until.map_or(beyond, |until| Ord::min(until, beyond))),
            false => self.beyond(self.from.map_or(beyond, |from| Ord::min(from, beyond))),
        }
    }

    pub(super) fn has(self, number: i64) -> bool {
        let (from, until) = self.ends();
        match self.back {
            true => from < number && number < until,
            false => until < number && number < from,
        }
    }

    /// About how many numbers it has, at most.
    pub(super) fn numbers(self) -> u64 {
        let (from, until) = self.ends();
        from.abs_diff(until)
    }

    pub(super) fn is_back(self) -> bool {
        self.back
    }

    /// Whether it says where it begins.
    pub(super) fn has_begun(self) -> bool {
        self.from.is_some()
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
    pub(super) fn said(self) -> impl Iterator<Item = (&'static str, i64)> {
        let (after, before) = self.signs();
        let ends = [(after, self.from), (before, self.until)];
        ends.into_iter().filter_map(|(sign, end)| Some((sign, end?)))
    }
}

/// What is said of words about the terminals that the index has, beside `row`.
#[derive(Default)]
pub(super) struct Said<'a> {
    /// Each is part of a terminal's own texts. `row` says so as well; PostgreSQL sees it before the row is fetched.
    pub(super) own: &'a [&'a Word],
    /// Each is part of the name of its merchant or store.
    pub(super) owned: &'a [&'a Word],
    /// Each is part of either.
    pub(super) known: &'a [&'a Word],
}

impl Said<'_> {
    /// What is said of the places, as conditions behind others, and the tables that they need.
    pub(super) fn of_places(&self, engine: Engine, bind: &mut Bind<'_>) -> (String, Vec<String>) {
        let row = "terminal_search";
        let (owned, known) = (
            Sets::of(engine, self.owned, "owned"),
            Sets::of(engine, self.known, "known"),
        );
        let mut tables = owned.tables(bind);
        tables.extend(known.tables(bind));
        let mut said = String::new();
        for at in 0..self.owned.len() {
            said.push_str(" AND ");
            said.push_str(&owned.owned(at, row, bind));
        }
        said.push_str(&known.known(row, bind));
        (said, tables)
    }
}

/// On SQLite: those of a stretch that the index has `lookup` of, that are among `row`, and what is `said` of them.
pub(super) fn sqlite(
    row: SelectStatement,
    lookup: &str,
    said: &Said<'_>,
    stretch: Stretch,
    limit: usize,
) -> (String, Vec<Value>) {
    let mut select = row;
    let mut values = vec![lookup.into()];
    let (said, _) = said.of_places(Engine::Sqlite, &mut |value| {
        values.push(value);
        "?".to_owned()
    });
    select.and_where(Expr::cust_with_values(format!("terminal_grams MATCH ?{said}"), values));
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
    row.order_by_expr(number(), stretch.sorted());
    let (sql, values) = match engine {
        Engine::Sqlite => row.build(SqliteQueryBuilder),
        Engine::Postgres => row.build(PostgresQueryBuilder),
    };
    (format!("{sql} LIMIT {limit}"), values.0)
}

/// On SQLite: those of a stretch that belong to somebody and are among `row`, each looked at.
pub(super) fn sqlite_walk(mut row: SelectStatement, stretch: Stretch, limit: usize) -> (String, Vec<Value>) {
    row.and_where(Expr::cust("terminal_search.merchant_place IS NOT NULL"));
    let lead = "terminal_search INDEXED BY ix_terminal_search_placed";
    in_order(row, lead, "terminal_search.key", stretch, limit)
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
