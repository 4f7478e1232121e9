//! The floor: the statements alone. A search by hand asks the index for the grams of the fragment, compares the rows and
//! fetches what a list shows, in one statement; a page by hand is a range of the order's index.

use crate::Result;
use app::backend::page::{Cursor, Direction};
use app::backend::terminals::SortKey;
use sea_orm::{ConnectionTrait, Statement, Value};
use server::database::{Database, Engine};
use std::time::{Duration, Instant};

const LISTED: &str = "t.id, t.sn, t.sn_printed, t.manufacturer, t.model, t.name, t.lifecycle, t.last_seen_at, \
    s.name AS store, m.merchant_no, m.name AS merchant";
const JOINED: &str = "LEFT JOIN stores s ON s.id = t.store_id LEFT JOIN merchants m ON m.id = t.merchant_id";

pub(crate) struct Floor {
    database: Database,
}

impl Floor {
    pub(crate) async fn open(url: &str) -> Result<Self> {
        Ok(Self {
            database: Database::connect(url).await?,
        })
    }

    async fn ask(&self, sql: String, values: Vec<Value>) -> Result<Duration> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let begun = Instant::now();
        for row in reader.query_all_raw(statement).await? {
            let _name: String = row.try_get("", "name")?;
        }
        Ok(begun.elapsed())
    }

    /// Terminals whose own texts hold the first word of a fragment, newest first.
    pub(crate) async fn search(&self, fragment: &str) -> Result<Duration> {
        let word = fragment.split_whitespace().next().unwrap_or_default().to_lowercase();
        let chars: Vec<char> = word.chars().collect();
        // The last grams, which in serial numbers are the rarest.
        let grams: Vec<String> = chars
            .windows(5)
            .rev()
            .step_by(3)
            .take(3)
            .map(|gram| gram.iter().collect())
            .collect();
        let upper = word.to_uppercase();
        match self.database.engine() {
            Engine::Sqlite => {
                let quoted = |gram: &String| format!("\"{}\"", gram.replace('"', "\"\""));
                let lookup = if grams.is_empty() {
                    format!("{} *", quoted(&word))
                } else {
                    grams.iter().map(quoted).collect::<Vec<_>>().join(" AND ")
                };
                let sql = format!(
                    "SELECT {LISTED} FROM terminal_grams CROSS JOIN terminal_search d ON d.key = terminal_grams.rowid \
                     CROSS JOIN terminals t ON t.id = d.terminal_id {JOINED} WHERE terminal_grams MATCH ? \
                     AND (instr(t.sn, ?) OR instr(lower(t.name), ?)) ORDER BY terminal_grams.rowid DESC LIMIT 51"
                );
                self.ask(sql, vec![lookup.into(), upper.into(), word.into()]).await
            }
            Engine::Postgres => {
                let quoted = |gram: &String| format!("'#{}'", gram.replace('\\', "\\\\").replace('\'', "''"));
                let lookup = if grams.is_empty() {
                    format!("{}:*", quoted(&word))
                } else {
                    grams.iter().map(quoted).collect::<Vec<_>>().join(" & ")
                };
                let sql = format!(
                    "SELECT shown.* FROM generate_series((SELECT max(key) FROM terminal_search) >> 14, 0, -1) block \
                     CROSS JOIN LATERAL (SELECT key, terminal_id, text FROM terminal_search \
                     WHERE terminal_grams(key, merchant_place, store_place, text) @@ \
                     CAST(replace($1, '#', to_hex(block) || ' ') AS tsquery) AND strpos(text, $2) > 0 \
                     ORDER BY key + 0 DESC LIMIT 51) d CROSS JOIN LATERAL (SELECT {LISTED} FROM terminals t {JOINED} \
                     WHERE t.id = d.terminal_id OFFSET 0) shown LIMIT 51"
                );
                self.ask(sql, vec![lookup.into(), word.into()]).await
            }
        }
    }

    fn column(by: SortKey) -> &'static str {
        match by {
            SortKey::Sn => "sn",
            SortKey::Name => "name",
            SortKey::LastSeen => "last_seen_at",
            SortKey::Registered => "registered_at",
        }
    }

    /// The place before a page of the list, the last first; `None` where it is not that long.
    pub(crate) async fn cursor(&self, by: SortKey, page: u32) -> Result<Option<Cursor>> {
        let column = Self::column(by);
        let rows = u64::from(page) * 50 - 50;
        let sql = format!(
            "SELECT CAST({column} AS text) AS place, id FROM terminals WHERE {column} IS NOT NULL \
             ORDER BY {column} DESC, id DESC LIMIT 1 OFFSET {rows}"
        );
        let reader = self.database.reader();
        let found = reader
            .query_one_raw(Statement::from_string(reader.get_database_backend(), sql))
            .await?;
        found
            .map(|row| {
                Ok(Cursor {
                    direction: Direction::After,
                    key: row.try_get("", "place")?,
                    id: row.try_get("", "id")?,
                })
            })
            .transpose()
    }

    pub(crate) async fn page(&self, by: SortKey, cursor: &Cursor) -> Result<Duration> {
        let column = Self::column(by);
        let sql = format!(
            "SELECT {LISTED} FROM terminals t {JOINED} WHERE (t.{column}, t.id) < ($1, $2) \
             ORDER BY t.{column} DESC, t.id DESC LIMIT 51"
        );
        let key: Value = match by {
            SortKey::Sn | SortKey::Name => cursor.key.clone().into(),
            SortKey::LastSeen | SortKey::Registered => cursor.key.parse::<i64>()?.into(),
        };
        self.ask(sql, vec![key, cursor.id.into()]).await
    }
}
