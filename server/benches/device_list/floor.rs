//! The floor: a handler that somebody might write by hand for this one page. It runs the same queries on the same kind of
//! connections and writes the same bytes. What does not change from request to request it knows beforehand, from one page
//! of the product: the frame, and each row's badge and instant, which it need not format.

use crate::Result;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions, SqliteRow};
use sea_orm::sqlx::{self, FromRow, Row as _};
use server::clock::Surroundings;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

const SESSION: &str = "SELECT user_id, data FROM sessions WHERE id_hash = ? AND expires_at > ?";
const USER: &str = "SELECT login, role, merchant_id, disabled_at FROM users WHERE id = ?";
const LIST: &str = "SELECT t.id, t.sn, t.sn_printed, t.manufacturer, t.model, t.name, t.lifecycle, t.last_seen_at, \
    s.name AS store_name FROM terminals t LEFT JOIN stores s ON s.id = t.store_id \
    WHERE t.merchant_id = ? ORDER BY t.sn, t.id LIMIT 51";
const MODELS: &str = "WITH RECURSIVE found(model) AS (\
    SELECT (SELECT min(model) FROM terminals WHERE merchant_id = ?1 AND model >= '') UNION ALL \
    SELECT (SELECT min(model) FROM terminals WHERE merchant_id = ?1 AND model > found.model) \
    FROM found WHERE found.model IS NOT NULL) SELECT model FROM found WHERE model IS NOT NULL LIMIT 200";
const STORES: &str = "SELECT id, name FROM stores WHERE merchant_id = ? ORDER BY name";

/// Cells of a row that are known beforehand: the state's badge and the instant.
const KNOWN_CELLS: [usize; 2] = [4, 5];

#[derive(Clone)]
struct Floor {
    pool: SqlitePool,
    surroundings: Surroundings,
    page: Arc<Page>,
}

/// The product's page, cut into what stays and what changes.
struct Page {
    before: Vec<String>,
    row: Vec<Piece>,
    after: Vec<String>,
    /// The cells of [`KNOWN_CELLS`] by serial number as printed.
    known: HashMap<String, [String; 2]>,
}

enum Piece {
    Text(String),
    Slot(Slot),
}

#[derive(Clone, Copy)]
enum Slot {
    Sn,
    Printed,
    Name,
    Store,
    Model,
    Known(usize),
}

/// A row as far as the page says it; the rest of its columns is fetched and not looked at.
struct Row {
    sn: String,
    sn_printed: String,
    model: String,
    name: String,
    store_name: Option<String>,
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            sn: row.try_get(1)?,
            sn_printed: row.try_get(2)?,
            model: row.try_get(4)?,
            name: row.try_get(5)?,
            store_name: row.try_get(8)?,
        })
    }
}

/// The handler at the product's address.
pub(crate) async fn router(url: &str, page: &str) -> Result<Router> {
    let options: SqliteConnectOptions = url.parse()?;
    let options = options
        .pragma("query_only", "ON")
        .pragma("mmap_size", (256 * 1024 * 1024).to_string())
        .statement_cache_capacity(256);
    let pool = SqlitePoolOptions::new()
        .min_connections(4)
        .max_connections(4)
        .connect_with(options)
        .await?;
    let first: Vec<Row> = {
        let merchant: Uuid = sqlx::query_scalar("SELECT merchant_id FROM users WHERE login = ?")
            .bind(crate::LOGIN)
            .fetch_one(&pool)
            .await?;
        sqlx::query_as(LIST).bind(merchant).fetch_all(&pool).await?
    };
    let page = Arc::new(Page::learn(page, &first)?);
    let floor = Floor {
        pool,
        surroundings: Surroundings::system(),
        page,
    };
    Ok(Router::new().route(crate::PATH, get(list)).with_state(floor))
}

async fn list(State(floor): State<Floor>, headers: HeaderMap) -> Response {
    match floor.answer(&headers).await {
        Ok(Some(page)) => Html(page).into_response(),
        Ok(None) => StatusCode::UNAUTHORIZED.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

impl Floor {
    async fn answer(&self, headers: &HeaderMap) -> Result<Option<String>> {
        let cookie = headers
            .get(header::COOKIE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let id = URL_SAFE_NO_PAD.decode(cookie.split_once('=').unwrap_or_default().1)?;
        let mut hash = Sha256::new();
        hash.update(b"tillkeeper session 1");
        hash.update(&id);
        let session: Option<(Uuid, String)> = sqlx::query_as(SESSION)
            .bind(hash.finalize().to_vec())
            .bind(self.surroundings.now().0)
            .fetch_optional(&self.pool)
            .await?;
        let Some((user, _)) = session else { return Ok(None) };
        let user: Option<(String, String, Option<Uuid>, Option<i64>)> =
            sqlx::query_as(USER).bind(user).fetch_optional(&self.pool).await?;
        let Some((_, _, Some(merchant), None)) = user else {
            return Ok(None);
        };
        let _stores: Vec<(Uuid, String)> = sqlx::query_as(STORES).bind(merchant).fetch_all(&self.pool).await?;
        let _models: Vec<String> = sqlx::query_scalar(MODELS).bind(merchant).fetch_all(&self.pool).await?;
        let rows: Vec<Row> = sqlx::query_as(LIST).bind(merchant).fetch_all(&self.pool).await?;
        let nonce = URL_SAFE_NO_PAD.encode(self.surroundings.bytes::<16>());
        Ok(Some(self.page.write(&rows, &nonce)))
    }
}

impl Page {
    fn learn(page: &str, rows: &[Row]) -> Result<Self> {
        let nonce = nonce_of(page).ok_or("the page has no nonce")?;
        let cut = |text: &str| text.split(nonce).map(str::to_owned).collect::<Vec<_>>();
        let (before, rest) = page.split_once("<tbody").ok_or("the page has no table")?;
        let (attributes, rest) = rest.split_once('>').ok_or("the page has no table")?;
        let (body, after) = rest.rsplit_once("</tr>").ok_or("the page has no rows")?;
        let body = format!("{body}</tr>");
        let shown: Vec<&str> = body.split_inclusive("</tr>").collect();
        let mut known = HashMap::new();
        for (row, html) in rows.iter().zip(&shown) {
            let cells: Vec<&str> = html.split_inclusive("</td>").collect();
            known.insert(row.sn_printed.clone(), KNOWN_CELLS.map(|cell| cells[cell].to_owned()));
        }
        // A row that says each thing in another way tells which is where; where none does, it makes no difference.
        let shown_rows = &rows[..shown.len()];
        let telling = shown_rows
            .iter()
            .position(|row| row.sn != row.sn_printed && row.store_name.is_some());
        let telling = telling.or_else(|| shown_rows.iter().position(|row| row.store_name.is_some()));
        let telling = telling.ok_or("no row on the first page has a store")?;
        let row = pieces(shown[telling], &rows[telling]);
        let before = cut(&format!("{before}<tbody{attributes}>"));
        Ok(Self {
            before,
            row,
            after: cut(after),
            known,
        })
    }

    fn write(&self, rows: &[Row], nonce: &str) -> String {
        let mut html = String::with_capacity(128 * 1024);
        let frame = |html: &mut String, parts: &[String]| {
            for (place, part) in parts.iter().enumerate() {
                if place > 0 {
                    html.push_str(nonce);
                }
                html.push_str(part);
            }
        };
        frame(&mut html, &self.before);
        for row in rows.iter().take(50) {
            for piece in &self.row {
                match piece {
                    Piece::Text(text) => html.push_str(text),
                    Piece::Slot(Slot::Sn) => escape(&row.sn, &mut html),
                    Piece::Slot(Slot::Printed) => escape(&row.sn_printed, &mut html),
                    Piece::Slot(Slot::Name) => escape(&row.name, &mut html),
                    Piece::Slot(Slot::Model) => escape(&row.model, &mut html),
                    Piece::Slot(Slot::Store) => {
                        let store = row.store_name.as_deref().unwrap_or("--");
                        escape(store, &mut html);
                    }
                    Piece::Slot(Slot::Known(cell)) => {
                        if let Some(cells) = self.known.get(&row.sn_printed) {
                            html.push_str(&cells[*cell]);
                        }
                    }
                }
            }
        }
        frame(&mut html, &self.after);
        html
    }
}

/// Writes text as HTML.
fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(c),
        }
    }
}

/// Cuts a row where what it says of `row` stands.
fn pieces(html: &str, row: &Row) -> Vec<Piece> {
    let mut values = [
        (row.sn.as_str(), Slot::Sn),
        (row.sn_printed.as_str(), Slot::Printed),
        (row.name.as_str(), Slot::Name),
        (row.model.as_str(), Slot::Model),
        (row.store_name.as_deref().unwrap_or_default(), Slot::Store),
    ];
    values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    let mut pieces = Vec::new();
    for (place, cell) in html.split_inclusive("</td>").enumerate() {
        if let Some(known) = KNOWN_CELLS.iter().position(|known| *known == place) {
            pieces.push(Piece::Slot(Slot::Known(known)));
            continue;
        }
        let (mut text, mut rest) = (String::new(), cell);
        while let Some(c) = rest.chars().next() {
            match values
                .iter()
                .find(|(value, _)| !value.is_empty() && rest.starts_with(value))
            {
                Some((value, slot)) => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(Piece::Slot(*slot));
                    rest = &rest[value.len()..];
                }
                None => {
                    text.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// The nonce of a page's scripts.
pub(crate) fn nonce_of(page: &str) -> Option<&str> {
    page.split_once("nonce=\"")?.1.split('"').next()
}
