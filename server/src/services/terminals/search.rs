//! Finding terminals by parts of their texts, through the index that `migrations` describes: the newest first, reading no
//! more of it than a page needs.

use super::grams::{self, Places, Word};
use super::{TerminalService, column};
use crate::database::Engine;
use crate::entities::{merchants, stores, terminals};
use crate::services::failure::Failure;
use crate::services::scope::terminals_in;
use app::backend::page::Direction;
use app::caller::Scope;
use app::domain::{SerialNumber, search_words};
use sea_orm::sea_query::{
    Alias, Expr, ExprTrait, Func, Order, PostgresQueryBuilder, Query, SelectStatement, SqliteQueryBuilder,
};
use sea_orm::{Condition, ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use std::collections::HashMap;
use terminals::Column;
use uuid::Uuid;

/// A search, made ready to be asked.
pub(super) struct Search {
    words: Vec<Word>,
    /// What the index is asked for; `None` where it cannot help, because every word is part of very many names.
    lookup: Option<String>,
    /// The serial number that the search may be the whole of.
    pub(super) exact: Option<SerialNumber>,
}

/// A terminal that the index found: its number in it, and its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) number: i64,
    pub(super) id: Uuid,
}

/// Where to begin in the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct From {
    pub(super) number: i64,
    pub(super) direction: Direction,
}

/// Most merchants and stores that a word is looked for by; where there are more, terminals are many. PostgreSQL reads what
/// it is asked for anew in each block.
fn places_asked(engine: Engine) -> usize {
    match engine {
        Engine::Sqlite => 600,
        Engine::Postgres => 100,
    }
}

impl TerminalService {
    /// Makes a search ready; `None` where there is nothing to search for.
    pub(super) async fn prepare(&self, scope: Scope, text: &str) -> Result<Option<Search>, Failure> {
        let mut words: Vec<Word> = search_words(text).into_iter().map(Word::of).collect();
        if words.is_empty() {
            return Ok(None);
        }
        for word in &mut words {
            word.places = self.places(scope, word).await?;
        }
        let frequencies = self.frequencies(&words).await?;
        let lookup = match self.database.engine() {
            Engine::Sqlite => grams::for_sqlite(&words, &frequencies, scope),
            Engine::Postgres => grams::for_postgres(&words, scope),
        };
        let exact = SerialNumber::parse(text).ok();
        Ok(Some(Search { words, lookup, exact }))
    }

    /// The stores, and for the platform the merchants, that a word may be part of the name or number of.
    async fn places(&self, scope: Scope, word: &Word) -> Result<Places, Failure> {
        let reader = self.database.reader();
        let most = places_asked(self.database.engine());
        let limit = most + 1;
        let (sql, values): (String, Vec<Value>) = match (scope, self.database.engine()) {
            (Scope::Merchant(merchant), engine) => {
                let named = contains(engine, name_of(engine, "stores"), &word.text);
                let select = Query::select()
                    .expr_as(Expr::val(0), Alias::new("merchant"))
                    .column(stores::Column::Id)
                    .from(stores::Entity)
                    .and_where(Expr::col(stores::Column::MerchantId).eq(merchant.0))
                    .and_where(named)
                    .limit(limit as u64)
                    .take();
                let found = reader.query_all(&select).await?;
                return places_of(&found, most);
            }
            (Scope::Platform, Engine::Sqlite) => (
                format!(
                    "SELECT place_search.merchant, place_search.place_id FROM place_grams \
                     CROSS JOIN place_search ON place_search.key = place_grams.rowid \
                     WHERE place_grams MATCH ? LIMIT {limit}"
                ),
                vec![grams::fts(&word.text, &HashMap::new()).into()],
            ),
            (Scope::Platform, Engine::Postgres) => (
                format!(
                    "SELECT merchant, place_id FROM place_search \
                     WHERE place_grams(text) @@ CAST($1 AS tsquery) LIMIT {limit}"
                ),
                vec![grams::tsquery(&word.text, "").into()],
            ),
        };
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        places_of(&reader.query_all_raw(statement).await?, most)
    }

    /// How many of the sampled terminals have each gram of long words; SQLite only.
    async fn frequencies(&self, words: &[Word]) -> Result<HashMap<String, i64>, Failure> {
        let mut asked: Vec<String> = words.iter().flat_map(Word::all_grams).collect();
        asked.sort_unstable();
        asked.dedup();
        if asked.len() < 2 || self.database.engine() != Engine::Sqlite {
            return Ok(HashMap::new());
        }
        let select = Query::select()
            .columns([Alias::new("term"), Alias::new("doc")])
            .from(Alias::new("terminal_sample_grams"))
            .and_where(Expr::col(Alias::new("term")).is_in(asked))
            .take();
        let found = self.database.reader().query_all(&select).await?;
        found
            .iter()
            .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
            .collect()
    }

    /// The next terminals that a search finds and that meet the other conditions, at most `limit`, newest first; oldest
    /// first on the way back.
    pub(super) async fn hits(
        &self,
        scope: Scope,
        search: &Search,
        conditions: &[Condition],
        from: Option<From>,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let engine = self.database.engine();
        let mut row = terminals_in(scope);
        row.clear_selects();
        for condition in search
            .conditions(engine, scope)
            .into_iter()
            .chain(conditions.iter().cloned())
        {
            row.cond_where(condition);
        }
        let back = from.is_some_and(|from| from.direction == Direction::Before);
        let (sql, values) = match (engine, &search.lookup) {
            (Engine::Sqlite, lookup) => sqlite(row, lookup.as_deref(), from, back, limit),
            (Engine::Postgres, Some(lookup)) => postgres(row, lookup, from, back, limit),
            (Engine::Postgres, None) => postgres_walk(row, from, back, limit),
        };
        let reader = self.database.reader();
        let backend = match engine {
            Engine::Sqlite => DbBackend::Sqlite,
            Engine::Postgres => DbBackend::Postgres,
        };
        let found = reader
            .query_all_raw(Statement::from_sql_and_values(backend, sql, values))
            .await?;
        let hit = |row: &QueryResult| {
            Ok(Hit {
                number: row.try_get_by_index(0)?,
                id: row.try_get_by_index(1)?,
            })
        };
        found.iter().map(hit).collect()
    }
}

fn places_of(found: &[QueryResult], most: usize) -> Result<Places, Failure> {
    if found.len() > most {
        return Ok(Places::Many);
    }
    let place = |row: &QueryResult| {
        let merchant: i32 = row.try_get_by_index(0)?;
        Ok((merchant == 1, row.try_get_by_index(1)?))
    };
    Ok(Places::Few(found.iter().map(place).collect::<Result<_, Failure>>()?))
}

impl Search {
    /// What is true of the terminals that it finds: each word is part of a text. The serial number that it is the whole of
    /// is shown before the others.
    pub(super) fn conditions(&self, engine: Engine, scope: Scope) -> Vec<Condition> {
        let mentioned = self.words.iter().map(|word| mentions(engine, word, scope));
        let others = self
            .exact
            .iter()
            .map(|sn| Condition::all().add(column(Column::Sn).ne(sn.as_str())));
        mentioned.chain(others).collect()
    }
}

/// Whether a word is part of what a terminal is known by.
fn mentions(engine: Engine, word: &Word, scope: Scope) -> Condition {
    let mut any = Condition::any().add(contains(engine, name_of(engine, "terminals"), &word.text));
    if !word.sn.is_empty() {
        any = any.add(contains(engine, column(Column::Sn), &word.sn.to_uppercase()));
    }
    any = any.add(contains(engine, name_of(engine, "stores"), &word.text));
    if matches!(scope, Scope::Platform) {
        let number = Expr::col((merchants::Entity, merchants::Column::MerchantNo));
        any = any
            .add(contains(engine, name_of(engine, "merchants"), &word.text))
            .add(contains(engine, lower(engine, number), &word.text));
    }
    any
}

/// The name of a table's row in the form in which it is searched.
fn name_of(engine: Engine, table: &'static str) -> Expr {
    let at = |column: &'static str| Expr::col((Alias::new(table), Alias::new(column)));
    Func::coalesce([at("name_key"), lower(engine, at("name"))]).into()
}

/// ASCII letters in lower case, on both engines and in every locale.
fn lower(engine: Engine, text: Expr) -> Expr {
    match engine {
        Engine::Sqlite => Func::lower(text).into(),
        Engine::Postgres => Expr::cust_with_exprs("lower($1 COLLATE \"C\")", [text]),
    }
}

fn contains(engine: Engine, text: Expr, part: &str) -> Expr {
    let function = match engine {
        Engine::Sqlite => "instr",
        Engine::Postgres => "strpos",
    };
    Expr::from(Func::cust(function).args([text, Expr::val(part)])).gt(0)
}

fn sqlite(
    row: SelectStatement,
    lookup: Option<&str>,
    from: Option<From>,
    back: bool,
    limit: usize,
) -> (String, Vec<Value>) {
    let (order, beyond) = if back { ("ASC", ">") } else { ("DESC", "<") };
    let mut select = row;
    select
        .expr(Expr::cust("terminal_search.key"))
        .expr(Expr::cust("terminals.id"));
    let number = if let Some(lookup) = lookup {
        select.and_where(Expr::cust_with_values("terminal_grams MATCH ?", [lookup]));
        "terminal_grams.rowid"
    } else {
        "terminal_search.key"
    };
    if let Some(from) = from {
        select.and_where(Expr::cust_with_values(format!("{number} {beyond} ?"), [from.number]));
    }
    let order = if order == "ASC" { Order::Asc } else { Order::Desc };
    select.order_by_expr(Expr::cust(number), order).limit(limit as u64);
    let (sql, values) = select.build(SqliteQueryBuilder);
    // The index comes first and leads; CROSS JOIN keeps it so.
    let lead = if lookup.is_some() {
        "FROM terminal_grams CROSS JOIN terminal_search ON terminal_search.key = terminal_grams.rowid \
         CROSS JOIN \"terminals\" ON terminals.id = terminal_search.terminal_id"
    } else {
        "FROM terminal_search CROSS JOIN \"terminals\" ON terminals.id = terminal_search.terminal_id"
    };
    (sql.replacen("FROM \"terminals\"", lead, 1), values.0)
}

fn postgres(
    mut row: SelectStatement,
    lookup: &str,
    from: Option<From>,
    back: bool,
    limit: usize,
) -> (String, Vec<Value>) {
    row.expr(Expr::val(1))
        .and_where(Expr::cust("terminals.id = hit.terminal_id"));
    let (row, mut values) = row.build(PostgresQueryBuilder);
    let mut bind = |value: Value| {
        values.0.push(value);
        format!("${}", values.0.len())
    };
    let lookup = bind(lookup.into());
    let (order, beyond, first, last, step) = if back {
        ("ASC", ">", "min", "max", 1)
    } else {
        ("DESC", "<", "max", "min", -1)
    };
    let place = from.map(|from| bind(from.number.into()));
    let begin = match &place {
        Some(place) => format!("CAST({place} AS bigint)"),
        None => format!("(SELECT {first}(key) FROM terminal_search)"),
    };
    let within = place
        .map(|place| format!(" AND key {beyond} {place}"))
        .unwrap_or_default();
    let limit = bind(i64::try_from(limit).unwrap_or(i64::MAX).into());
    // OFFSET 0 keeps the planner from taking the parts apart: block by block, in a block by number, then the row.
    let sql = format!(
        "SELECT hit.key, hit.terminal_id FROM generate_series({begin} >> 13, \
         (SELECT {last}(key) FROM terminal_search) >> 13, {step}) block \
         CROSS JOIN LATERAL (SELECT key, terminal_id FROM terminal_search \
         WHERE terminal_grams(key, merchant_id, store_id, text) @@ \
         CAST(replace({lookup}, '{mark}', to_hex(block) || ' ') AS tsquery){within} ORDER BY key {order} OFFSET 0) hit \
         CROSS JOIN LATERAL ({row} OFFSET 0) it LIMIT {limit}",
        mark = grams::BLOCK,
    );
    (sql, values.0)
}

fn postgres_walk(mut row: SelectStatement, from: Option<From>, back: bool, limit: usize) -> (String, Vec<Value>) {
    row.expr(Expr::val(1))
        .and_where(Expr::cust("terminals.id = hit.terminal_id"));
    let (row, mut values) = row.build(PostgresQueryBuilder);
    let (order, beyond) = if back { ("ASC", ">") } else { ("DESC", "<") };
    let within = from.map(|from| {
        values.0.push(from.number.into());
        format!("WHERE key {beyond} ${}", values.0.len())
    });
    values.0.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let sql = format!(
        "SELECT hit.key, hit.terminal_id FROM (SELECT key, terminal_id FROM terminal_search {} ORDER BY key {order} \
         OFFSET 0) hit CROSS JOIN LATERAL ({row} OFFSET 0) it LIMIT ${}",
        within.unwrap_or_default(),
        values.0.len()
    );
    (sql, values.0)
}
