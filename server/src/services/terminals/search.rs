//! Finding terminals by parts of their texts, through the index that `migrations` describes: the newest first, reading no
//! more of it than a page needs.
//!
//! One word of the platform's is looked for in the terminals' own texts and, apart from that, among the names of merchants
//! and stores ([`super::placed`]): a word of two characters may be part of thousands of names. So is the longest of several
//! that are all part of very many names. Otherwise several words, and those of a merchant, are looked for in one index together.

use super::grams::{self, Frequencies, Place, Places, Word};
use super::lookups::{self, Stretch, Walked};
use super::{TerminalService, column};
use crate::database::Engine;
use crate::entities::{merchants, stores, terminals};
use crate::services::failure::Failure;
use crate::services::scope::terminals_in;
use app::backend::page::Direction;
use app::caller::Scope;
use app::domain::{SerialNumber, search_words};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Func, Query, SelectStatement, UnionType};
use sea_orm::{Condition, ConnectionTrait, QueryResult, Statement, Value};
use terminals::Column;
use uuid::Uuid;

/// A search, made ready to be asked.
pub(super) struct Search {
    pub(super) words: Vec<Word>,
    /// What the index is asked for.
    lookup: String,
    /// The one of the platform's words that is looked for apart, in the terminals' own texts and among names: the only
    /// one, or the longest where every word is part of very many names. The index is then asked for it in own texts.
    pub(super) apart: Option<Word>,
    /// The serial number that the search may be the whole of.
    pub(super) exact: Option<SerialNumber>,
}

/// A terminal that the index found: its number in it, and its key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) number: i64,
    pub(super) id: Uuid,
}

/// Which share of the terminals has something, and how many terminals there are.
#[derive(Clone, Copy, Debug)]
struct Amount {
    share: f64,
    terminals: f64,
}

/// What it costs to look at a terminal that the index has found, in microseconds: about.
const COMPARING: f64 = 2.0;

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
        let is_one_word = words.len() == 1 && matches!(scope, Scope::Platform);
        if !is_one_word {
            let most = places_asked(self.database.engine());
            for word in &mut words {
                word.places = self.places(scope, word, most).await?;
            }
        }
        let is_many = |word: &Word| matches!(word.places, Places::Many);
        if matches!(scope, Scope::Platform) && !is_one_word && !words.iter().all(is_many) {
            self.ask_for_less(&mut words).await?;
        }
        let mut apart = None;
        if is_one_word || (matches!(scope, Scope::Platform) && words.iter().all(is_many)) {
            let longest = words.iter().max_by_key(|word| word.text.chars().count());
            apart = longest.map(|word| Word::of(word.text.clone()));
        }
        let asked = apart.as_ref().map_or(&words[..], std::slice::from_ref);
        let frequencies = self.frequencies(asked).await?;
        let lookup = match self.database.engine() {
            Engine::Sqlite => grams::for_sqlite(asked, &frequencies, scope),
            Engine::Postgres => grams::for_postgres(asked, scope),
        };
        let exact = SerialNumber::parse(text).ok();
        Ok(Some(Search {
            words,
            lookup,
            apart,
            exact,
        }))
    }

    /// The stores, and for the platform the merchants, that a word may be part of the name or number of.
    pub(super) async fn places(&self, scope: Scope, word: &Word, most: usize) -> Result<Places, Failure> {
        let reader = self.database.reader();
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
            (Scope::Platform, engine) => (
                format!("{} LIMIT {limit}", lookups::places(engine, word)),
                lookups::words_of_places(engine, word).into(),
            ),
        };
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        places_of(&reader.query_all_raw(statement).await?, most)
    }

    /// Leaves out of what the index is asked for the words that are part of more names than it is worth: those are looked
    /// for in what the others find.
    async fn ask_for_less(&self, words: &mut [Word]) -> Result<(), Failure> {
        let engine = self.database.engine();
        let mut asked: Vec<(usize, usize)> = words
            .iter()
            .enumerate()
            .filter_map(|(at, word)| Some((word.places.amount()?, at)))
            .collect();
        asked.sort_unstable();
        if asked.len() < 2 || asked.last().is_none_or(|(places, _)| *places == 0) {
            return Ok(());
        }
        let mut narrowed: Option<Amount> = None;
        for (places, at) in asked {
            if let Some(Amount { share, terminals }) = narrowed
                && share * terminals * COMPARING < places as f64 * lookups::cost_of_place(engine, terminals)
            {
                words[at].places = Places::Many;
                continue;
            }
            let amount = self.amount(&words[at], places).await?;
            let before = narrowed.map_or(1.0, |narrowed| narrowed.share);
            narrowed = Some(Amount {
                share: before * amount.share,
                ..amount
            });
        }
        Ok(())
    }

    /// Which share of the terminals has a word that is part of so many names, and how many terminals there are: by a sample.
    async fn amount(&self, word: &Word, places: usize) -> Result<Amount, Failure> {
        let engine = self.database.engine();
        let reader = self.database.reader();
        let own = [Word::of(word.text.clone())];
        let lookup = match engine {
            Engine::Sqlite => grams::for_sqlite(&own, &Frequencies::default(), Scope::Platform),
            Engine::Postgres => grams::for_postgres(&own, Scope::Platform),
        };
        let statement =
            Statement::from_sql_and_values(reader.get_database_backend(), lookups::share(engine), [lookup.into()]);
        let found = reader.query_one_raw(statement).await?;
        let number = |at: usize| -> Result<f64, Failure> {
            let number: i64 = found.as_ref().map_or(Ok(0), |row| row.try_get_by_index(at))?;
            Ok(number as f64)
        };
        let (having, sampled, terminals, all_places) = (number(0)?, number(1)?, number(2)?, number(3)?);
        let share = (having + 0.5) / f64::max(sampled, 1.0) + places as f64 / f64::max(all_places, 1.0);
        Ok(Amount {
            share: f64::min(share, 1.0),
            terminals,
        })
    }

    /// How many of the sampled terminals have each gram of long words that may be chosen; SQLite only.
    async fn frequencies(&self, words: &[Word]) -> Result<Frequencies, Failure> {
        let mut asked: Vec<String> = words.iter().flat_map(Word::all_grams).collect();
        asked.sort_unstable();
        asked.dedup();
        let mut frequencies = Frequencies::default();
        if asked.len() <= 2 || self.database.engine() != Engine::Sqlite {
            return Ok(frequencies);
        }
        let (term, doc) = (Alias::new("term"), Alias::new("doc"));
        let sampled = Query::select()
            .columns([term.clone(), doc])
            .from(Alias::new("terminal_sample_grams"))
            .and_where(Expr::col(term).is_in(asked))
            .take();
        let select = Query::select()
            .expr(Expr::cust("''"))
            .expr(Expr::cust(format!("coalesce(max(key), 0) / {}", grams::SAMPLED)))
            .from(Alias::new("terminal_search"))
            .union(UnionType::All, sampled)
            .take();
        for row in self.database.reader().query_all(&select).await? {
            let (gram, count): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            if gram.is_empty() {
                frequencies.sample = count;
            } else {
                frequencies.grams.insert(gram, count);
            }
        }
        Ok(frequencies)
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
        let stretch = Stretch::after(from);
        if let Some(word) = &search.apart {
            return self.hits_of_word(search, word, conditions, stretch, limit).await;
        }
        let engine = self.database.engine();
        let words: Vec<_> = search.words.iter().collect();
        let (row, words) = match scope {
            Scope::Platform => (
                narrowed(scope, search.others().chain(conditions.iter().cloned())),
                &words[..],
            ),
            // Its stores are few, and in the statement already.
            Scope::Merchant(_) => (self.row_of_search(scope, search, conditions), &[][..]),
        };
        let (sql, values) = match engine {
            Engine::Sqlite => lookups::sqlite(row, &search.lookup, words, stretch, limit),
            Engine::Postgres => lookups::postgres(row, &search.lookup, (None, words), stretch, limit),
        };
        self.hits_in(sql, values).await
    }

    /// The same of those that have the word that is looked for apart in their own texts.
    pub(super) async fn own_hits(
        &self,
        search: &Search,
        word: &Word,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let engine = self.database.engine();
        let own = std::iter::once(has(engine, word));
        let row = narrowed(
            Scope::Platform,
            own.chain(search.others()).chain(conditions.iter().cloned()),
        );
        let words = search.words_beside(word);
        let (sql, values) = match engine {
            Engine::Sqlite => lookups::sqlite(row, &search.lookup, &words, stretch, limit),
            Engine::Postgres => lookups::postgres(row, &search.lookup, (Some(word), &words), stretch, limit),
        };
        self.hits_in(sql, values).await
    }

    /// The same by looking at one terminal after the other.
    pub(super) async fn walk(
        &self,
        scope: Scope,
        search: &Search,
        conditions: &[Condition],
        (walked, stretch): (Walked, Stretch),
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let row = self.row_of_search(scope, search, conditions);
        let (sql, values) = match self.database.engine() {
            Engine::Sqlite => lookups::sqlite_walk(row, walked, stretch, limit),
            Engine::Postgres => lookups::postgres_walk(row, walked, stretch, limit),
        };
        self.hits_in(sql, values).await
    }

    /// What a search finds and some conditions hold of, without columns.
    pub(super) fn row_of_search(&self, scope: Scope, search: &Search, conditions: &[Condition]) -> SelectStatement {
        let found = search.conditions(self.database.engine(), scope).into_iter();
        narrowed(scope, found.chain(conditions.iter().cloned()))
    }

    /// The hits that a statement answers with.
    pub(super) async fn hits_in(&self, sql: String, values: Vec<Value>) -> Result<Vec<Hit>, Failure> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let found = reader.query_all_raw(statement).await?;
        let hit = |row: &QueryResult| {
            Ok(Hit {
                number: row.try_get_by_index(0)?,
                id: row.try_get_by_index(1)?,
            })
        };
        found.iter().map(hit).collect()
    }
}

/// The terminals of a scope that conditions hold of, without columns.
fn narrowed(scope: Scope, conditions: impl Iterator<Item = Condition>) -> SelectStatement {
    let mut row = terminals_in(scope);
    row.clear_selects();
    for condition in conditions {
        row.cond_where(condition);
    }
    row
}

fn places_of(found: &[QueryResult], most: usize) -> Result<Places, Failure> {
    if found.len() > most {
        return Ok(Places::Many);
    }
    let place = |row: &QueryResult| {
        let merchant: i32 = row.try_get_by_index(0)?;
        Ok(Place {
            is_merchant: merchant == 1,
            id: row.try_get_by_index(1)?,
        })
    };
    Ok(Places::Few(found.iter().map(place).collect::<Result<_, Failure>>()?))
}

impl Search {
    /// What is true of the terminals that it finds: each word is part of a text. The serial number that it is the whole of
    /// is shown before the others.
    pub(super) fn conditions(&self, engine: Engine, scope: Scope) -> Vec<Condition> {
        let mentioned = self.words.iter().map(|word| mentions(engine, word, scope));
        mentioned.chain(self.others()).collect()
    }

    /// Its words but one.
    pub(super) fn words_beside(&self, word: &Word) -> Vec<&Word> {
        self.words.iter().filter(|other| other.text != word.text).collect()
    }

    /// Other serial numbers than the one that it is the whole of.
    fn others(&self) -> impl Iterator<Item = Condition> {
        let other = |sn: &SerialNumber| Condition::all().add(column(Column::Sn).ne(sn.as_str()));
        self.exact.iter().map(other)
    }
}

/// Whether a word is part of a terminal's own texts.
fn has(engine: Engine, word: &Word) -> Condition {
    let any = Condition::any().add(contains(engine, name_of(engine, "terminals"), &word.text));
    if word.sn.is_empty() {
        return any;
    }
    any.add(contains(engine, column(Column::Sn), &word.sn.to_ascii_uppercase()))
}

/// Whether a word is part of what a terminal is known by.
fn mentions(engine: Engine, word: &Word, scope: Scope) -> Condition {
    let mut any = has(engine, word).add(contains(engine, name_of(engine, "stores"), &word.text));
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
