//! Finding terminals by parts of their texts, through the index that `migrations` describes: the newest first, reading no
//! more of it than a page needs.
//!
//! A word of the platform's is looked for in the terminals' own texts and, apart from that, among the names of merchants
//! and stores ([`super::placed`]): a word of two characters may be part of thousands of names. Of several words two lead
//! ([`super::leads`]). A merchant's words are looked for in one index together, its stores' names among them.

use super::gin;
use super::grams::{self, Frequencies, Lookup, Places, Word};
use super::leads::{Lead, Pair};
use super::lookups::{self, Said, Stretch};
use super::texts::{contains, mentions, name_of};
use super::{TerminalService, column};
use crate::database::Engine;
use crate::entities::{stores, terminals};
use crate::services::failure::Failure;
use crate::services::scope::terminals_in;
use app::backend::page::Direction;
use app::caller::Scope;
use app::domain::{MerchantId, SerialNumber, search_words};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType};
use sea_orm::{Condition, ConnectionTrait, QueryResult, Statement, Value};
use terminals::Column;
use uuid::Uuid;

/// A search, made ready to be asked.
pub(super) struct Search {
    pub(super) words: Vec<Word>,
    pub(super) asked: Asked,
    /// The serial number that the search may be the whole of.
    pub(super) exact: Option<SerialNumber>,
}

/// What the index is asked for.
pub(super) enum Asked {
    /// All of a merchant's words.
    Together(Lookup),
    /// The platform's only word.
    Word(Lead),
    /// Two of the platform's words.
    Pair(Box<Pair>),
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

/// Most of a merchant's stores that a word is looked for by; where there are more, the row alone tells. PostgreSQL reads what
/// it is asked for anew in each block.
fn stores_asked(engine: Engine) -> usize {
    match engine {
        Engine::Sqlite => 600,
        Engine::Postgres => 100,
    }
}

impl TerminalService {
    /// Makes a search ready; `None` where there is nothing to search for.
    pub(super) async fn prepare(&self, scope: Scope, text: &str) -> Result<Option<Search>, Failure> {
        let mut words: Vec<Word> = search_words(text).into_iter().map(Word::of).collect();
        let asked = match (scope, words.as_slice()) {
            (_, []) => return Ok(None),
            (Scope::Merchant(merchant), _) => {
                for word in &mut words {
                    word.places = self.stores_named(merchant, word).await?;
                }
                let owner = self.number_of(merchant).await?;
                Asked::Together(self.lookup(&words, Some(owner)).await?)
            }
            (Scope::Platform, [word]) => Asked::Word(self.lead(word).await?),
            (Scope::Platform, _) => Asked::Pair(Box::new(self.pair(&words).await?)),
        };
        let exact = SerialNumber::parse(text).ok();
        Ok(Some(Search { words, asked, exact }))
    }

    /// The stores of a merchant that a word may be part of the name of.
    async fn stores_named(&self, merchant: MerchantId, word: &Word) -> Result<Places, Failure> {
        let engine = self.database.engine();
        let most = stores_asked(engine);
        let select = Query::select()
            .expr(Expr::cust("place_search.key"))
            .from(stores::Entity)
            .join(
                JoinType::InnerJoin,
                Alias::new("place_search"),
                Expr::cust("place_search.place_id = stores.id"),
            )
            .and_where(Expr::col(stores::Column::MerchantId).eq(merchant.0))
            .and_where(contains(engine, name_of(engine, "stores"), &word.text))
            .limit(most as u64 + 1)
            .take();
        let found = self.database.reader().query_all(&select).await?;
        if found.len() > most {
            return Ok(Places::Many);
        }
        let number = |row: &QueryResult| Ok(row.try_get_by_index(0)?);
        Ok(Places::Few(found.iter().map(number).collect::<Result<_, Failure>>()?))
    }

    /// The number of a merchant; 0, which is nobody's, where it has none.
    async fn number_of(&self, merchant: MerchantId) -> Result<i64, Failure> {
        let select = Query::select()
            .column("key")
            .from("place_search")
            .and_where(Expr::col("place_id").eq(merchant.0))
            .take();
        let found = self.database.reader().query_one(&select).await?;
        Ok(found.map_or(Ok(0), |row| row.try_get_by_index(0))?)
    }

    /// What the index is asked for words, of the terminals of `owner`, a merchant's number.
    pub(super) async fn lookup(&self, words: &[Word], owner: Option<i64>) -> Result<Lookup, Failure> {
        Ok(match self.database.engine() {
            Engine::Sqlite => grams::for_sqlite(words, &self.frequencies(words).await?, owner),
            Engine::Postgres => grams::for_postgres(words, owner),
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
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        match &search.asked {
            Asked::Word(lead) => self.hits_of_word(search, lead, conditions, stretch, limit).await,
            Asked::Pair(pair) => self.hits_of_pair(search, pair, conditions, stretch, limit).await,
            Asked::Together(lookup) => {
                // Every word is looked for in the row, too.
                let row = self.row_of_search(scope, search, conditions);
                self.indexed(row, lookup, &Said::default(), stretch, limit).await
            }
        }
    }

    /// The terminals that the index is asked for and that are a row, at most `limit`.
    pub(super) async fn indexed(
        &self,
        row: SelectStatement,
        lookup: &Lookup,
        said: &Said<'_>,
        stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let (sql, values) = match lookup {
            Lookup::Fts5(lookup) => lookups::sqlite(row, lookup, said, stretch, limit),
            Lookup::Gin(lookup) => gin::indexed(row, lookup, said, stretch, limit),
        };
        self.hits_in(sql, values).await
    }

    /// The next terminals that belong to places whose names all of `named` are part of. Terminals are gone through for that:
    /// on SQLite until there are enough, on PostgreSQL also no further than the statement that takes them to `reach`.
    pub(super) async fn walk(
        &self,
        search: &Search,
        named: &[&Word],
        conditions: &[Condition],
        (mut stretch, reach): (Stretch, u64),
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let row = self.row_of_search(Scope::Platform, search, conditions);
        if self.database.engine() == Engine::Sqlite {
            let (sql, values) = lookups::sqlite_walk(row, stretch, limit);
            return self.hits_in(sql, values).await;
        }
        let [mut some, most] = gin::WALKED;
        let (mut hits, mut walked) = (Vec::new(), 0);
        loop {
            let (sql, values) = gin::walked(row.clone(), named, stretch, some, limit);
            let rows = self.answers(sql, values).await?;
            hits.extend(hits_of(&rows)?);
            walked += u64::from(some);
            match number_beside(&rows)? {
                Some(last) if hits.len() < limit && walked < reach => stretch = stretch.beyond(last),
                _ => break,
            }
            some = Ord::min(some * 4, most);
        }
        hits.truncate(limit);
        Ok(hits)
    }

    /// What a search finds and some conditions hold of, without columns.
    pub(super) fn row_of_search(&self, scope: Scope, search: &Search, conditions: &[Condition]) -> SelectStatement {
        let found = search.conditions(self.database.engine(), scope).into_iter();
        narrowed(scope, found.chain(conditions.iter().cloned()))
    }

    /// The hits that a statement answers with.
    pub(super) async fn hits_in(&self, sql: String, values: Vec<Value>) -> Result<Vec<Hit>, Failure> {
        hits_of(&self.answers(sql, values).await?)
    }

    /// What a statement answers with.
    pub(super) async fn answers(&self, sql: String, values: Vec<Value>) -> Result<Vec<QueryResult>, Failure> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        Ok(reader.query_all_raw(statement).await?)
    }
}

/// The hits that rows begin with, where they do.
pub(super) fn hits_of(rows: &[QueryResult]) -> Result<Vec<Hit>, Failure> {
    let mut hits = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(number) = row.try_get_by_index(0)? {
            let id = row.try_get_by_index(1)?;
            hits.push(Hit { number, id });
        }
    }
    Ok(hits)
}

/// The number that stands beside the hits, where one does.
pub(super) fn number_beside(rows: &[QueryResult]) -> Result<Option<i64>, Failure> {
    let place = rows.first().map(|row| row.try_get_by_index::<Option<i64>>(2));
    Ok(place.transpose()?.flatten())
}

/// The terminals of a scope that conditions hold of, without columns.
pub(super) fn narrowed(scope: Scope, conditions: impl Iterator<Item = Condition>) -> SelectStatement {
    let mut row = terminals_in(scope);
    row.clear_selects();
    for condition in conditions {
        row.cond_where(condition);
    }
    row
}

impl Search {
    /// What is true of the terminals that it finds: each word is part of a text. The serial number that it is the whole of
    /// is shown before the others.
    pub(super) fn conditions(&self, engine: Engine, scope: Scope) -> Vec<Condition> {
        let mentioned = self.words.iter().map(|word| mentions(engine, word, scope));
        mentioned.chain(self.others()).collect()
    }

    /// Its words but some.
    pub(super) fn words_beside<'a>(&self, some: impl Iterator<Item = &'a &'a Word> + Clone) -> Vec<&Word> {
        let is_beside = |word: &&Word| !some.clone().any(|one| one.text == word.text);
        self.words.iter().filter(is_beside).collect()
    }

    /// Other serial numbers than the one that it is the whole of.
    pub(super) fn others(&self) -> impl Iterator<Item = Condition> {
        let other = |sn: &SerialNumber| Condition::all().add(column(Column::Sn).ne(sn.as_str()));
        self.exact.iter().map(other)
    }
}
