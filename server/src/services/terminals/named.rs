//! The merchants and stores whose names words are part of, and the terminals that are known by them, in each engine's words.
//! They are numbered, and a terminal says the numbers of its merchant and its store.

use super::gin;
use super::grams::{self, Frequencies, Lookup, Word};
use super::leads::Lead;
use crate::database::Engine;
use sea_orm::Value;

/// Binds a value to a statement, and answers with what stands for it there.
pub(super) type Bind<'a> = dyn FnMut(Value) -> String + 'a;

/// A statement, and behind `bound` what is bound to it.
pub(super) fn statement(mut bound: Vec<Value>, build: impl FnOnce(&mut Bind<'_>) -> String) -> (String, Vec<Value>) {
    let sql = build(&mut |value| {
        bound.push(value);
        format!("${}", bound.len())
    });
    (sql, bound)
}

/// Which places are looked for.
#[derive(Clone, Copy)]
pub(super) enum Named<'a> {
    /// Those that a word is part of the name or number of.
    By(&'a Word),
    /// Those by which terminals are known by two words: by a place's own name, or a store by its merchant's.
    ByBoth {
        /// The first names no more places than the other.
        words: [&'a Word; 2],
        /// Whether they are so few that their names are looked at.
        are_few: bool,
    },
}

impl<'a> Named<'a> {
    pub(super) fn words(&self) -> &[&'a Word] {
        match self {
            Self::By(word) => std::slice::from_ref(word),
            Self::ByBoth { words, .. } => words,
        }
    }
}

/// The numbers of places, as `id`; on PostgreSQL beside it, whether it is a `merchant`, which costs nothing there.
pub(super) fn numbers(engine: Engine, named: Named<'_>, bind: &mut Bind<'_>) -> String {
    match named {
        Named::By(word) => of_word(engine, word, bind),
        Named::ByBoth { words, are_few: true } => of_few(engine, words, bind),
        Named::ByBoth { words, are_few: false } => of_many(engine, words, bind),
    }
}

/// The names of the few that one word names, of their merchants and of their stores, are looked at.
fn of_few(engine: Engine, [one, other]: [&Word; 2], bind: &mut Bind<'_>) -> String {
    let mut text = || bind(other.text.as_str().into());
    match engine {
        Engine::Sqlite => {
            let of_merchant = format!(
                "instr(lower(merchants.merchant_no), {}) OR instr(coalesce(merchants.name_key, lower(merchants.name)), {})",
                text(),
                text()
            );
            let mut of_store = || format!("instr(coalesce(stores.name_key, lower(stores.name)), {})", text());
            let (store, theirs) = (of_store(), of_store());
            let mut leading = || of_word(engine, one, bind);
            format!(
                "SELECT it.key AS id FROM place_search it LEFT JOIN stores ON stores.id = it.place_id AND NOT it.merchant \
                 LEFT JOIN merchants ON merchants.id = coalesce(stores.merchant_id, it.place_id) \
                 WHERE it.key IN ({}) AND ({store} OR {of_merchant}) \
                 UNION SELECT it.key FROM place_search it JOIN stores ON stores.id = it.place_id \
                 WHERE it.owner IN ({}) AND {theirs}",
                leading(),
                leading()
            )
        }
        Engine::Postgres => {
            let has = |which: &str, text: &str| format!("strpos({which}.text, {text}) > 0");
            let text = text();
            format!(
                "WITH one AS MATERIALIZED ({}) SELECT it.key AS id, it.merchant FROM one \
                 JOIN place_search it ON it.key = one.id LEFT JOIN place_search owner ON owner.key = it.owner \
                 WHERE {it} OR {} UNION SELECT it.key, it.merchant FROM one \
                 JOIN place_search it ON it.owner = one.id WHERE {it}",
                of_word(engine, one, bind),
                has("owner", &text),
                it = has("it", &text),
            )
        }
    }
}

/// The places of both words are put into sets.
fn of_many(engine: Engine, [one, other]: [&Word; 2], bind: &mut Bind<'_>) -> String {
    match engine {
        Engine::Sqlite => {
            let mut of = |word| of_word(engine, word, bind);
            format!(
                "SELECT key AS id FROM place_search WHERE key IN ({}) AND (key IN ({}) OR owner IN ({})) \
                 UNION SELECT key FROM place_search WHERE owner IN ({}) AND key IN ({})",
                of(one),
                of(other),
                of(other),
                of(one),
                of(other)
            )
        }
        Engine::Postgres => format!(
            "WITH one AS MATERIALIZED ({}), other AS MATERIALIZED ({}) \
             SELECT key AS id, merchant FROM place_search WHERE key IN (SELECT id FROM one) \
             AND (key IN (SELECT id FROM other) OR owner IN (SELECT id FROM other)) \
             UNION SELECT key, merchant FROM place_search \
             WHERE owner IN (SELECT id FROM one) AND key IN (SELECT id FROM other)",
            of_word(engine, one, bind),
            of_word(engine, other, bind)
        ),
    }
}

fn of_word(engine: Engine, word: &Word, bind: &mut Bind<'_>) -> String {
    let text = || Value::from(word.text.as_str());
    match engine {
        Engine::Sqlite => {
            let lookup = bind(grams::fts(&word.text, &Frequencies::default()).into());
            if grams::is_one_gram(&word.text) {
                return format!("SELECT rowid AS id FROM place_grams WHERE place_grams MATCH {lookup}");
            }
            // Grams of a long word may stand in a name without it.
            format!(
                "SELECT place_grams.rowid AS id FROM place_grams \
                 CROSS JOIN place_search ON place_search.key = place_grams.rowid \
                 LEFT JOIN stores ON stores.id = place_id AND NOT merchant \
                 LEFT JOIN merchants ON merchants.id = place_id AND merchant \
                 WHERE place_grams MATCH {lookup} AND (instr(coalesce(stores.name_key, lower(stores.name)), {}) \
                 OR instr(lower(merchants.merchant_no), {}) \
                 OR instr(coalesce(merchants.name_key, lower(merchants.name)), {}))",
                bind(text()),
                bind(text()),
                bind(text())
            )
        }
        // What is looked for is hidden from the planner, which otherwise plans for each word anew.
        Engine::Postgres => format!(
            "SELECT key AS id, merchant FROM place_search \
             WHERE place_grams(text) @@ (SELECT CAST({} AS tsquery)) AND strpos(text, {}) > 0",
            bind(grams::tsquery(&word.text).into()),
            bind(text())
        ),
    }
}

/// Sets of places that a statement asks more than once. PostgreSQL keeps them in tables before the statement, SQLite makes
/// them where they stand.
pub(super) struct Sets<'a> {
    engine: Engine,
    words: &'a [&'a Word],
    prefix: &'static str,
}

impl<'a> Sets<'a> {
    /// The places of each word. Their tables' names begin with `prefix`.
    pub(super) fn of(engine: Engine, words: &'a [&'a Word], prefix: &'static str) -> Self {
        Self { engine, words, prefix }
    }

    /// What stands behind `WITH`, one item for each table.
    pub(super) fn tables(&self, bind: &mut Bind<'_>) -> Vec<String> {
        let Self { engine, words, prefix } = *self;
        if engine == Engine::Sqlite {
            return Vec::new();
        }
        let table = |(at, word): (usize, &&Word)| {
            let places = of_word(engine, word, bind);
            format!("{prefix}{at} AS MATERIALIZED ({places})")
        };
        words.iter().enumerate().map(table).collect()
    }

    /// That the merchant or the store of `row` of `terminal_search` is named by the word at a place.
    pub(super) fn owned(&self, at: usize, row: &str, bind: &mut Bind<'_>) -> String {
        let Self { engine, words, prefix } = *self;
        match engine {
            Engine::Sqlite => {
                let (of_stores, of_merchants) = (of_word(engine, words[at], bind), of_word(engine, words[at], bind));
                is_among(row, &of_stores, &of_merchants)
            }
            Engine::Postgres => is_of(engine, row, &format!("{prefix}{at}")),
        }
    }

    /// That `row` is known by every word, by its own texts or by those.
    pub(super) fn known(&self, row: &str, bind: &mut Bind<'_>) -> String {
        let mut all = String::new();
        for (at, word) in self.words.iter().enumerate() {
            let owned = self.owned(at, row, bind);
            let own = own(self.engine, word, row, bind);
            all.push_str(&format!(" AND ({owned} OR {own})"));
        }
        all
    }
}

/// That the merchant or the store of `row` is in a table with the columns of [`numbers`]. PostgreSQL makes a set of it for each, of
/// what may be found there alone.
pub(super) fn is_of(engine: Engine, row: &str, table: &str) -> String {
    let among = |merchant: u8| match engine {
        Engine::Sqlite => format!("SELECT id FROM {table}"),
        Engine::Postgres => format!("SELECT id FROM {table} WHERE merchant = {merchant}"),
    };
    is_among(row, &among(0), &among(1))
}

fn is_among(row: &str, of_stores: &str, of_merchants: &str) -> String {
    format!("({row}.store_place IN ({of_stores}) OR {row}.merchant_place IN ({of_merchants}))")
}

/// That a word is part of the own texts of `row` of `terminal_search`.
fn own(engine: Engine, word: &Word, row: &str, bind: &mut Bind<'_>) -> String {
    let text = bind(word.text.as_str().into());
    match engine {
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
            "(strpos({row}.text, {text}) > 0 OR strpos(split_part({row}.text, ' ', 1), {}) > 0)",
            bind(word.sn.as_str().into())
        ),
    }
}

/// Most places of a word, and most terminals of theirs, that are counted to know whether they are few.
pub(super) const FEW_PLACES: u64 = 300;
pub(super) const FEW_OF_PLACES: u64 = 4_000;

/// How many of a sample have a word in their own texts, by the index's `lookup`; how many are in the sample; how many terminals
/// there are, and how many places; how many the word names, counted to one more than [`FEW_PLACES`]; and how many terminals
/// those have, counted to one more than [`FEW_OF_PLACES`].
pub(super) fn counts(engine: Engine, Lead { word, lookup }: &Lead, bind: &mut Bind<'_>) -> String {
    let (having, sampled) = match lookup {
        Lookup::Fts5(lookup) => {
            let lookup = bind(lookup.as_str().into());
            let having = format!("SELECT count(*) FROM terminal_sample WHERE terminal_sample MATCH {lookup}");
            (having, grams::SAMPLED)
        }
        Lookup::Gin(_) => {
            let has = gin::sampled(&bind(grams::everywhere(word).into()));
            (
                format!("SELECT count(*) FROM terminal_search WHERE {has}"),
                gin::SAMPLED,
            )
        }
    };
    let mut named = || format!("{} LIMIT {}", of_word(engine, word, bind), FEW_PLACES + 1);
    let mut owned = |owner: &str| {
        let places = named();
        match engine {
            Engine::Sqlite => {
                format!("SELECT 1 FROM ({places}) AS place CROSS JOIN terminal_search it ON it.{owner} = place.id")
            }
            Engine::Postgres => format!(
                "SELECT 1 FROM ({places}) AS place CROSS JOIN LATERAL \
                 (SELECT 1 FROM terminal_search it WHERE it.{owner} = place.id OFFSET 0) AS it"
            ),
        }
    };
    let (of_merchants, of_stores) = (owned("merchant_place"), owned("store_place"));
    format!(
        "SELECT ({having}), newest / {sampled}, newest, coalesce((SELECT max(key) FROM place_search), 0), \
         (SELECT count(*) FROM ({}) AS named), \
         (SELECT count(*) FROM ({of_merchants} UNION ALL {of_stores} LIMIT {}) AS of_named) \
         FROM (SELECT coalesce(max(key), 0) AS newest FROM terminal_search) AS numbers",
        named(),
        FEW_OF_PLACES + 1
    )
}
