//! Finding terminals by what their merchants and stores are called. A word may be part of thousands of names: the newest
//! terminal of each place is one step into an index, and only the places whose newest are newest are gone into. Where a
//! word is part of so many names that this costs more than looking at terminals one by one, those are looked at.

use super::TerminalService;
use super::grams::{Place, Places, Word};
use super::lookups::{Stretch, Walked};
use super::search::{Hit, Search};
use crate::database::Engine;
use crate::services::failure::Failure;
use app::caller::Scope;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{Condition, ConnectionTrait, Value};
use std::collections::HashSet;
use uuid::Uuid;

/// Where as many hits as are wanted lie within so many numbers, all of those are looked at.
const DENSE: u64 = 400;

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
        let own = self.own_hits(search, word, conditions, stretch, limit).await?;
        self.with_placed(search, word, conditions, stretch, limit, own).await
    }

    /// All that a search finds, where that is not more than `most`.
    pub(super) async fn hits_if_few(
        &self,
        scope: Scope,
        search: &Search,
        conditions: &[Condition],
        most: usize,
    ) -> Result<Option<Vec<Hit>>, Failure> {
        let limit = most + 1;
        let hits = if let Some(word) = &search.apart {
            let stretch = Stretch::after(None);
            let own = self.own_hits(search, word, conditions, stretch, limit).await?;
            if own.len() > most {
                return Ok(None);
            }
            self.with_placed(search, word, conditions, stretch, limit, own).await?
        } else {
            self.hits(scope, search, conditions, None, limit).await?
        };
        Ok(Some(hits).filter(|hits| hits.len() <= most))
    }

    /// Adds what a word finds by what merchants and stores are called to what it finds otherwise.
    async fn with_placed(
        &self,
        search: &Search,
        word: &Word,
        conditions: &[Condition],
        stretch: Stretch,
        limit: usize,
        mut hits: Vec<Hit>,
    ) -> Result<Vec<Hit>, Failure> {
        let (newest, places) = self.amounts().await?;
        let mut rest = stretch;
        if let Some(last) = hits.get(limit.saturating_sub(1)) {
            // What comes after it is not wanted.
            rest = stretch.until(last.number);
            let begin = Ord::min(stretch.ends().0, newest);
            if begin.abs_diff(last.number) <= DENSE {
                let all = (Walked::All, stretch);
                return self.walk(Scope::Platform, search, conditions, all, limit).await;
            }
        }
        let most = looked_into(places, limit);
        let placed = match self.places(Scope::Platform, word, most).await? {
            Places::Few(places) if places.is_empty() => return Ok(hits),
            Places::Few(places) => self.of_places(search, conditions, &places, rest, limit).await?,
            Places::Many => {
                let placed = (Walked::Placed, rest);
                self.walk(Scope::Platform, search, conditions, placed, limit).await?
            }
        };
        hits.extend(placed);
        hits.sort_unstable_by_key(|hit| hit.number);
        if !stretch.is_back() {
            hits.reverse();
        }
        hits.dedup_by_key(|hit| hit.number);
        hits.truncate(limit);
        Ok(hits)
    }

    /// The greatest number of a terminal, and that of a place: about how many there are.
    async fn amounts(&self) -> Result<(i64, u64), Failure> {
        let select = Query::select()
            .expr(Expr::cust("coalesce((SELECT max(key) FROM terminal_search), 0)"))
            .expr(Expr::cust("coalesce((SELECT max(key) FROM place_search), 0)"))
            .take();
        let Some(row) = self.database.reader().query_one(&select).await? else {
            return Ok((0, 0));
        };
        let places: i64 = row.try_get_by_index(1)?;
        Ok((row.try_get_by_index(0)?, places.unsigned_abs()))
    }

    /// The next terminals of some places that a search finds.
    async fn of_places(
        &self,
        search: &Search,
        conditions: &[Condition],
        places: &[Place],
        mut stretch: Stretch,
        limit: usize,
    ) -> Result<Vec<Hit>, Failure> {
        let mut belonging = Vec::new();
        let mut taken = limit;
        loop {
            let candidates = self.newest_of(places, stretch, taken).await?;
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
            .and_where(super::column(super::Column::Id).is_in(candidates.iter().map(|hit| hit.id)));
        let found = self.database.reader().query_all(&select).await?;
        let found: HashSet<Uuid> = found
            .iter()
            .map(|row| Ok(row.try_get_by_index(0)?))
            .collect::<Result<_, Failure>>()?;
        Ok(candidates.into_iter().filter(|hit| found.contains(&hit.id)).collect())
    }

    /// The newest terminals of some places within a stretch.
    async fn newest_of(&self, places: &[Place], stretch: Stretch, limit: usize) -> Result<Vec<Hit>, Failure> {
        let engine = self.database.engine();
        let key = |place: &Place| match engine {
            Engine::Sqlite => format!("{:X}", place.id.simple()),
            Engine::Postgres => place.id.hyphenated().to_string(),
        };
        let places: Vec<_> = places
            .iter()
            .map(|place| (i32::from(place.is_merchant), key(place)))
            .collect();
        let places = serde_json::to_string(&places).map_err(|error| Failure::Broken(error.to_string()))?;
        let sql = match engine {
            Engine::Sqlite => sqlite(stretch),
            Engine::Postgres => postgres(stretch),
        };
        let (from, until) = stretch.ends();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values: [Value; 4] = [places.into(), from.into(), until.into(), limit.into()];
        self.hits_in(sql, values.into()).await
    }
}

/// So many of `all` places cost as much to look into as it costs to look at terminals one by one until there are `limit` of
/// those places: a terminal costs three times as much as a place.
fn looked_into(all: u64, limit: usize) -> usize {
    usize::try_from((limit as u64).saturating_mul(all).saturating_mul(3).isqrt()).unwrap_or(usize::MAX)
}

/// The number behind which nothing is wanted: where there are as many places as terminals are wanted, the last place's newest.
fn lowest(stretch: Stretch) -> String {
    let extreme = if stretch.is_back() { "max" } else { "min" };
    format!(
        "lowest(key) AS MATERIALIZED (SELECT CASE count(*) WHEN $4 THEN {extreme}(key) ELSE {} END FROM top)",
        stretch.end()
    )
}

/// $1 the places as JSON, $2 and $3 where the stretch begins and ends, $4 how many.
fn sqlite(stretch: Stretch) -> String {
    let (after, before) = stretch.signs();
    let order = stretch.order();
    let nothing = stretch.end();
    let newest = |owner: &str| {
        format!(
            "(SELECT key FROM terminal_search WHERE {owner} = place.id AND key {after} $2 AND key {before} $3 \
             ORDER BY key {order} LIMIT 1)"
        )
    };
    // As many of a place as are wanted, and none beyond the last place's newest when there are enough places.
    let of = |owner: &str, merchant: i32| {
        format!(
            "SELECT it.key AS key, it.terminal_id AS terminal_id FROM top CROSS JOIN terminal_search it \
             ON it.{owner} = top.id WHERE top.merchant = {merchant} \
             AND it.key {after}= top.key AND it.key {before} $3 \
             AND it.key {before}= (SELECT key FROM lowest) \
             AND it.key {before}= coalesce((SELECT key FROM terminal_search WHERE {owner} = top.id \
             AND key {after}= top.key ORDER BY key {order} LIMIT 1 OFFSET $4 - 1), {nothing})"
        )
    };
    format!(
        "WITH place(merchant, id) AS MATERIALIZED (SELECT value ->> 0, unhex(value ->> 1) FROM json_each($1)), \
         newest(merchant, id, key) AS (SELECT 1, id, {merchants} FROM place WHERE merchant = 1 \
         UNION ALL SELECT 0, id, {stores} FROM place WHERE merchant = 0), \
         top(merchant, id, key) AS MATERIALIZED (SELECT merchant, id, key FROM newest WHERE key IS NOT NULL \
         ORDER BY key {order} LIMIT $4), \
         {lowest} {of_merchants} UNION {of_stores} ORDER BY 1 {order} LIMIT $4",
        merchants = newest("merchant_id"),
        stores = newest("store_id"),
        of_merchants = of("merchant_id", 1),
        of_stores = of("store_id", 0),
        lowest = lowest(stretch),
    )
}

/// The same on PostgreSQL.
fn postgres(stretch: Stretch) -> String {
    let (after, before) = stretch.signs();
    let order = stretch.order();
    let newest = |owner: &str, merchant: i32| {
        format!(
            "SELECT place.merchant, place.id, hit.key FROM place CROSS JOIN LATERAL (SELECT key FROM terminal_search \
             WHERE {owner} = place.id AND key {after} $2 AND key {before} $3 ORDER BY key {order} LIMIT 1) hit \
             WHERE place.merchant = {merchant}"
        )
    };
    let of = |owner: &str, merchant: i32| {
        format!(
            "SELECT hit.key, hit.terminal_id FROM top CROSS JOIN LATERAL (SELECT key, terminal_id FROM terminal_search \
             WHERE {owner} = top.id AND key {after}= top.key AND key {before} $3 \
             AND key {before}= (SELECT key FROM lowest) ORDER BY key {order} LIMIT $4) hit WHERE top.merchant = {merchant}"
        )
    };
    format!(
        "WITH place AS MATERIALIZED (SELECT CAST(it ->> 0 AS integer) AS merchant, CAST(it ->> 1 AS uuid) AS id \
         FROM json_array_elements(CAST($1 AS json)) it), \
         newest AS ({} UNION ALL {}), \
         top AS MATERIALIZED (SELECT merchant, id, key FROM newest ORDER BY key {order} LIMIT $4), \
         {} {} UNION {} ORDER BY 1 {order} LIMIT $4",
        newest("merchant_id", 1),
        newest("store_id", 0),
        lowest(stretch),
        of("merchant_id", 1),
        of("store_id", 0),
    )
}
