//! The floor: a handler that somebody might write by hand for this one page. It runs the same queries on the same kind of
//! connections and writes the same bytes, right for whatever rows there are and at any time. It asks the product's own rule
//! for the verdict, as anybody would, and puts it into words itself. The frame of the page, and
//! what a row, an option and each state's badge look like, it knows beforehand, from one page of the product.

use crate::Result;
use app::domain::app_policy::effective;
use app::domain::{
    Answer, BusinessDay, Facts, Grant, GrantTarget, Obstacle, PaymentApp, Report, StoreId, TerminalId, Timestamp,
    Verdict,
};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeZone;
use chrono_tz::Tz;
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
    s.name AS store_name, t.merchant_id, t.store_id, t.token_issued_at, t.online_until, t.last_report, t.reported_at, \
    t.business_day, t.signed_in_at, t.signed_out_at, t.token_hash IS NOT NULL, m.state, m.time_zone \
    FROM terminals t LEFT JOIN stores s ON s.id = t.store_id LEFT JOIN merchants m ON m.id = t.merchant_id \
    WHERE t.merchant_id = ? ORDER BY t.sn, t.id LIMIT 51";
const MODELS: &str = "WITH RECURSIVE found(model) AS (\
    SELECT (SELECT min(model) FROM terminals WHERE merchant_id = ?1 AND model >= '') UNION ALL \
    SELECT (SELECT min(model) FROM terminals WHERE merchant_id = ?1 AND model > found.model) \
    FROM found WHERE found.model IS NOT NULL) SELECT model FROM found WHERE model IS NOT NULL LIMIT 200";
const ARRANGED: &str = "SELECT 0, id, name, query FROM saved_views WHERE user_id = ?1 AND list = 'devices' \
    UNION ALL SELECT 1, user_id, list, layout FROM list_layouts WHERE user_id = ?1 AND list = 'devices'";
const STORES: &str = "SELECT id, name FROM stores WHERE merchant_id = ? ORDER BY name";

const GRANTS: &str = "SELECT merchant_id, app_id, terminal_id, store_id, starts_at, expires_at, revoked_at \
    FROM app_grants WHERE merchant_id IN (?) AND terminal_id IS NULL \
    AND app_id IN (SELECT id FROM apps WHERE payment = TRUE) \
    UNION ALL SELECT merchant_id, app_id, terminal_id, store_id, starts_at, expires_at, revoked_at \
    FROM app_grants WHERE terminal_id IN (";
const INSTALLS: &str = "SELECT terminal_id, app_id, state, reported_at FROM app_installs WHERE terminal_id IN (";
const OF_PAYMENT: &str = ") AND app_id IN (SELECT id FROM apps WHERE payment = TRUE)";

/// The cell of a row with the state's badge.
const STATE_CELL: usize = 4;

/// The cell after it, with the verdict.
const VERDICT_CELL: usize = 5;

const OPTION_END: &str = "</option>";

/// What stands in the cell after that.
const NEVER: &str = "从未";

#[derive(Clone)]
struct Floor {
    pool: SqlitePool,
    surroundings: Surroundings,
    page: Arc<Page>,
}

/// The product's page, cut into what stays and what changes.
struct Page {
    /// Up to the options of the stores, from there to those of the models, from there to the rows, and the rest; each cut
    /// at the nonces.
    frame: [Vec<String>; 4],
    row: Vec<Piece>,
    /// The cells with a state's badge by the state's code.
    badges: HashMap<String, String>,
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
    State,
    Verdict,
    Seen,
    Ago,
}

/// A row as far as the page says it.
struct Row {
    id: Uuid,
    store_id: Option<Uuid>,
    facts: Facts,
    lifecycle: String,
    last_seen_at: Option<i64>,
    sn: String,
    sn_printed: String,
    model: String,
    name: String,
    store_name: Option<String>,
}

impl FromRow<'_, SqliteRow> for Row {
    fn from_row(row: &SqliteRow) -> std::result::Result<Self, sqlx::Error> {
        let at = |place: usize| -> std::result::Result<Option<Timestamp>, sqlx::Error> {
            Ok(row.try_get::<Option<i64>, _>(place)?.map(Timestamp))
        };
        let lifecycle: String = row.try_get(6)?;
        let zone: Option<String> = row.try_get(20)?;
        let report: Option<String> = row.try_get(13)?;
        let (day, signed_out): (Option<String>, _) = (row.try_get(15)?, at(17)?);
        let state: Option<String> = row.try_get(19)?;
        let held: bool = row.try_get(18)?;
        let facts = Facts {
            lifecycle: lifecycle.parse().map_err(|_| sqlx::Error::RowNotFound)?,
            merchant_active: state.map(|state| state == "active"),
            connected: at(11)?.filter(|_| held),
            payment: PaymentApp::default(),
            business_day: day.zip(at(16)?).map(|(day, signed_in)| BusinessDay {
                day,
                signed_in,
                signed_out,
            }),
            // The zone, until the date is looked up.
            today: zone.unwrap_or_else(|| "Asia/Shanghai".to_owned()),
            last_seen: at(7)?,
            heard_until: at(12)?,
            report: report.as_deref().and_then(Report::parse).zip(at(14)?),
        };
        Ok(Self {
            id: row.try_get(0)?,
            store_id: row.try_get(10)?,
            facts,
            last_seen_at: row.try_get(7)?,
            lifecycle,
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
        let Some((id, _)) = session else { return Ok(None) };
        let user: Option<(String, String, Option<Uuid>, Option<i64>)> =
            sqlx::query_as(USER).bind(id).fetch_optional(&self.pool).await?;
        let Some((_, _, Some(merchant), None)) = user else {
            return Ok(None);
        };
        let stores: Vec<(Uuid, String)> = sqlx::query_as(STORES).bind(merchant).fetch_all(&self.pool).await?;
        let models: Vec<String> = sqlx::query_scalar(MODELS).bind(merchant).fetch_all(&self.pool).await?;
        let mut rows: Vec<Row> = sqlx::query_as(LIST).bind(merchant).fetch_all(&self.pool).await?;
        rows.truncate(50);
        // Whose list is measured has arranged nothing.
        let arranged: Vec<(i64, Uuid, String, String)> =
            sqlx::query_as(ARRANGED).bind(id).fetch_all(&self.pool).await?;
        if !arranged.is_empty() {
            return Err("the list is arranged, and the floor knows nothing of that".into());
        }
        self.add_payment(merchant, &mut rows).await?;
        let nonce = URL_SAFE_NO_PAD.encode(self.surroundings.bytes::<16>());
        let now = self.surroundings.now().0;
        Ok(Some(self.page.write(&stores, &models, &rows, now, &nonce)))
    }
}

impl Floor {
    /// What the rows' payment apps are, and what day it is where they are.
    async fn add_payment(&self, merchant: Uuid, rows: &mut [Row]) -> Result<()> {
        type Granted = (Uuid, Uuid, Option<Uuid>, Option<Uuid>, i64, Option<i64>, Option<i64>);
        let marks = vec!["?"; rows.len()].join(", ");
        let now = self.surroundings.now();
        let grants = format!("{GRANTS}{marks}{OF_PAYMENT}");
        let mut grants = sqlx::query_as::<_, Granted>(sqlx::AssertSqlSafe(grants)).bind(merchant);
        let installs = format!("{INSTALLS}{marks}{OF_PAYMENT}");
        let mut installs = sqlx::query_as::<_, (Uuid, Uuid, String, i64)>(sqlx::AssertSqlSafe(installs));
        for row in rows.iter() {
            grants = grants.bind(row.id);
            installs = installs.bind(row.id);
        }
        let mut by_app: HashMap<Uuid, Vec<Grant>> = HashMap::new();
        for (_, app, terminal, store, starts, expires, revoked) in grants.fetch_all(&self.pool).await? {
            by_app.entry(app).or_default().push(Grant {
                target: match (terminal, store) {
                    (Some(terminal), _) => GrantTarget::Terminal(TerminalId(terminal)),
                    (None, Some(store)) => GrantTarget::Store(StoreId(store)),
                    (None, None) => GrantTarget::Merchant,
                },
                starts: Timestamp(starts),
                expires: expires.map(Timestamp),
                revoked: revoked.map(Timestamp),
            });
        }
        let mut installed = HashMap::new();
        for (terminal, app, state, reported) in installs.fetch_all(&self.pool).await? {
            installed.insert((terminal, app), (state.parse()?, Timestamp(reported)));
        }
        let zone: Tz = rows
            .first()
            .map_or("Asia/Shanghai", |row| row.facts.today.as_str())
            .parse()?;
        let today = zone.timestamp_millis_opt(now.0).single().ok_or("no such instant")?;
        let today = today.date_naive().to_string();
        for row in rows {
            let apps = by_app.iter().map(|(app, grants)| PaymentApp {
                policy: effective(grants, row.store_id.map(StoreId), TerminalId(row.id), now)
                    .map(|policy| policy.state),
                install: installed.get(&(row.id, *app)).copied(),
            });
            row.facts.payment = apps.max_by_key(PaymentApp::progress).unwrap_or_default();
            row.facts.today.clone_from(&today);
        }
        Ok(())
    }
}

impl Page {
    fn learn(page: &str, rows: &[Row]) -> Result<Self> {
        let nonce = nonce_of(page).ok_or("the page has no nonce")?;
        let cut = |text: &str| text.split(nonce).map(str::to_owned).collect::<Vec<_>>();
        let (first, rest) = after_first_option(page, "id=\"store\"")?;
        let rest = after_options(rest)?;
        let (second, rest) = after_first_option(rest, "id=\"model\"")?;
        let rest = after_options(rest)?;
        let (third, rest) = rest.split_once("<tbody").ok_or("the page has no table")?;
        let (attributes, rest) = rest.split_once('>').ok_or("the page has no table")?;
        let (body, after) = rest.rsplit_once("</tr>").ok_or("the page has no rows")?;
        let body = format!("{body}</tr>");
        let shown: Vec<&str> = body.split_inclusive("</tr>").collect();
        let shown_rows = &rows[..shown.len()];
        let badges = shown_rows
            .iter()
            .zip(&shown)
            .filter_map(|(row, html)| {
                let cell = html.split_inclusive("</td>").nth(STATE_CELL)?;
                Some((row.lifecycle.clone(), cell.to_owned()))
            })
            .collect();
        // A row that says each thing in another way tells which is where; where none does, it makes no difference.
        let seen = |row: &Row| row.store_name.is_some() && row.last_seen_at.is_some();
        let telling = shown_rows.iter().position(|row| row.sn != row.sn_printed && seen(row));
        let telling = telling.or_else(|| shown_rows.iter().position(seen));
        let telling = telling.ok_or("no row on the first page has a store and was heard from")?;
        Ok(Self {
            frame: [
                cut(first),
                cut(second),
                cut(&format!("{third}<tbody{attributes}>")),
                cut(after),
            ],
            row: pieces(shown[telling], &rows[telling]),
            badges,
        })
    }

    fn write(&self, stores: &[(Uuid, String)], models: &[String], rows: &[Row], now: i64, nonce: &str) -> String {
        let mut html = String::with_capacity(128 * 1024);
        self.frame(0, nonce, &mut html);
        for (id, name) in stores {
            option(&id.to_string(), name, &mut html);
        }
        self.frame(1, nonce, &mut html);
        for model in models {
            option(model, model, &mut html);
        }
        self.frame(2, nonce, &mut html);
        for row in rows.iter().take(50) {
            self.write_row(row, now, &mut html);
        }
        self.frame(3, nonce, &mut html);
        html
    }

    fn frame(&self, part: usize, nonce: &str, html: &mut String) {
        for (place, text) in self.frame[part].iter().enumerate() {
            if place > 0 {
                html.push_str(nonce);
            }
            html.push_str(text);
        }
    }

    fn write_row(&self, row: &Row, now: i64, html: &mut String) {
        for piece in &self.row {
            match piece {
                Piece::Text(text) => html.push_str(text),
                Piece::Slot(Slot::Sn) => escape(&row.sn, html),
                Piece::Slot(Slot::Printed) => escape(&row.sn_printed, html),
                Piece::Slot(Slot::Name) => escape(&row.name, html),
                Piece::Slot(Slot::Model) => escape(&row.model, html),
                Piece::Slot(Slot::Store) => escape(row.store_name.as_deref().unwrap_or("--"), html),
                Piece::Slot(Slot::State) => html.push_str(self.badges.get(&row.lifecycle).map_or("", String::as_str)),
                Piece::Slot(Slot::Verdict) => verdict(&row.facts, now, html),
                Piece::Slot(Slot::Seen) => match row.last_seen_at {
                    Some(seen) => html.push_str(&minute(seen)),
                    None => html.push_str(NEVER),
                },
                Piece::Slot(Slot::Ago) => {
                    if let Some(seen) = row.last_seen_at {
                        html.push_str(&age(now - seen));
                    }
                }
            }
        }
    }
}

/// The cell with the verdict.
fn verdict(facts: &Facts, now: i64, html: &mut String) {
    let (class, icon, word) = match Verdict::of(Some(facts), Timestamp(now)).answer() {
        Answer::Ready => ("size-4 shrink-0 text-success", "#i-ok", "可以收款"),
        Answer::NotSure(_) => ("size-4 shrink-0", "#i-unknown", "暂时无法确定"),
        Answer::No(obstacle) => ("size-4 shrink-0 text-error", "#i-alert", title(obstacle)),
    };
    html.push_str("<td role=\"cell\" class=\"card-name\"><span class=\"inline-flex items-center gap-1\"><svg aria-hidden=\"true\" class=\"");
    html.push_str(class);
    html.push_str("\"><use href=\"");
    html.push_str(icon);
    html.push_str("\"></use></svg>");
    html.push_str(word);
    html.push_str("</span></td>");
}

fn title(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NotFound => "没有找到这台终端",
        Obstacle::Retired => "终端已退役",
        Obstacle::Suspended => "终端已停用",
        Obstacle::MerchantStopped => "商户已停用",
        Obstacle::NotAssigned => "还没有分配给商户",
        Obstacle::NotRegistered => "终端未注册",
        Obstacle::NotConnected => "终端还没有连接平台",
        Obstacle::AppNotAuthorized => "收款应用没有授权",
        Obstacle::AppExpired => "收款应用授权已到期",
        Obstacle::AppNotInstalled => "收款应用没有装好",
        Obstacle::AppInstallFailed => "收款应用安装失败",
        Obstacle::NotSignedIn => "今天还没有签到",
        Obstacle::SignedOut => "今天已经签退",
        Obstacle::Silent => "终端很久没有上报",
        Obstacle::NetworkDown => "终端网络不通",
        Obstacle::CardReaderFault => "读卡器故障",
        Obstacle::PrinterFault => "打印机故障",
        Obstacle::PaperOut => "没有打印纸",
    }
}

/// Up to and with the first option of a list ("any"), and what comes after it.
fn after_first_option<'a>(page: &'a str, list: &str) -> Result<(&'a str, &'a str)> {
    let list = page.find(list).ok_or_else(|| format!("the page has no list {list}"))?;
    let end = page[list..].find(OPTION_END).ok_or("a list has no option")?;
    Ok(page.split_at(list + end + OPTION_END.len()))
}

/// What comes after the last option of the list that this begins in.
fn after_options(page: &str) -> Result<&str> {
    let end = page.find("</select>").ok_or("a list has no end")?;
    let last = page[..end].rfind(OPTION_END).map_or(0, |at| at + OPTION_END.len());
    Ok(&page[last..])
}

fn option(value: &str, word: &str, html: &mut String) {
    html.push_str("<option value=\"");
    escape(value, html);
    html.push_str("\">");
    escape(word, html);
    html.push_str("</option>");
}

/// An instant to the minute, in the time zone of the pages.
fn minute(at: i64) -> String {
    let at = chrono_tz::Asia::Shanghai.timestamp_millis_opt(at).single();
    at.map(|at| at.format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

/// How long ago something was, for the times that a demo has.
fn age(ms: i64) -> String {
    match ms / 60_000 {
        0 => "刚刚".to_owned(),
        n @ 1..60 => format!("{n} 分钟前"),
        n @ 60..1440 => format!("{} 小时前", n / 60),
        n => format!("{} 天前", n / 1440),
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
    let (seen, ago) = (minute(row.last_seen_at.unwrap_or_default()), ago_in(html));
    let mut values = [
        (seen.as_str(), Slot::Seen),
        (ago, Slot::Ago),
        (row.sn.as_str(), Slot::Sn),
        (row.sn_printed.as_str(), Slot::Printed),
        (row.name.as_str(), Slot::Name),
        (row.model.as_str(), Slot::Model),
        (row.store_name.as_deref().unwrap_or_default(), Slot::Store),
    ];
    values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
    let mut pieces = Vec::new();
    for (place, cell) in html.split_inclusive("</td>").enumerate() {
        if place == STATE_CELL {
            pieces.push(Piece::Slot(Slot::State));
            continue;
        }
        if place == VERDICT_CELL {
            pieces.push(Piece::Slot(Slot::Verdict));
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

/// The age that a row tells: the text of its last `span`. It is as old as the page, so that it cannot be counted again.
fn ago_in(html: &str) -> &str {
    let text = html.rsplit_once("</span>").map_or("", |(before, _)| before);
    text.rsplit_once('>').map_or("", |(_, text)| text)
}

/// The nonce of a page's scripts.
pub(crate) fn nonce_of(page: &str) -> Option<&str> {
    page.split_once("nonce=\"")?.1.split('"').next()
}
