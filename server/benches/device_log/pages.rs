//! Pages of a long log: the first and one as deep as the 10,000th, through the router, in turns.

use crate::{Arguments, LOGIN, PASSWORD, Result, name};
use app::backend::page::{Cursor, Direction, PAGE_ROWS};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use sea_orm::{ConnectionTrait, Statement};
use server::clock::Surroundings;
use server::config::{Sources, load};
use server::database::{Database, Engine};
use server::router::router;
use server::state::AppState;
use std::time::{Duration, Instant};
use tower::ServiceExt;
use uuid::Uuid;

/// At most this much of the server's time at the 99th percentile.
const MOST: Duration = Duration::from_millis(10);
const DEEP: u64 = 10_000;
/// Requests for each of the two pages.
const REQUESTS: u32 = 500;
/// Entries that one statement makes.
const CHUNK: u64 = 500_000;
/// 2026-01-01T00:00:00Z; one entry a second from then on.
const FIRST_MS: i64 = 1_767_225_600_000;

pub(crate) fn print_head(entries: u64) {
    println!(
        "\nPages of a device log of {entries} entries, 50 rows, in turns, by the router's own time (bar p99 {MOST:?})."
    );
    println!("| | signed in as | page | p50 | p99 |");
    println!("|---|---|---:|---:|---:|");
}

pub(crate) async fn measure(database: &Database, arguments: &Arguments) -> Result<()> {
    fill(database, arguments.entries).await?;
    let config = load(&Sources {
        variables: vec![("TILLKEEPER_REQUIRE_SECOND_FACTOR".into(), "false".into())],
        ..Sources::default()
    })?
    .config;
    let app = router(AppState::new(&config, database.clone(), Surroundings::system())?);
    // A short log has no 10,000th page: its middle, then.
    let deep = DEEP.min(arguments.entries / PAGE_ROWS as u64 / 2).max(2);
    for login in [LOGIN, "admin"] {
        let cookie = sign_in(&app, login).await?;
        let (mut first, mut far) = (Vec::new(), Vec::new());
        for request in 0..REQUESTS {
            first.push(timed(&app, &cookie, "/logs").await?);
            // Beside each other, so that none is in a cache for its own sake.
            let number = arguments.entries - (deep - 1) * PAGE_ROWS as u64 - u64::from(request % 50);
            let cursor = Cursor {
                direction: Direction::After,
                key: String::new(),
                id: Uuid::from_u128(key(number)),
            };
            far.push(timed(&app, &cookie, &format!("/logs?after={cursor}")).await?);
        }
        for (page, mut times) in [(1, first), (deep, far)] {
            times.sort();
            let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
            let over = if at(99) > MOST { " OVER" } else { "" };
            println!(
                "| {} | {login} | {page} | {:.2} ms | {:.2} ms{over} |",
                name(database),
                at(50).as_secs_f64() * 1e3,
                at(99).as_secs_f64() * 1e3
            );
        }
    }
    Ok(())
}

/// The key of the entry with this number, from 0: an instant and the number.
fn key(number: u64) -> u128 {
    let ms = u128::from(FIRST_MS.unsigned_abs() + number * 1000);
    ms << 80 | 0x7000_b000 << 48 | u128::from(number)
}

/// Makes the entries in the database itself, all of one merchant. They are chained to nothing: pages do not look.
async fn fill(database: &Database, entries: u64) -> Result<()> {
    let writer = database.writer();
    let made = "SELECT count(*) FROM device_log WHERE sequence >= 2000000000";
    let statement = Statement::from_string(writer.get_database_backend(), made);
    let row = writer.query_one_raw(statement).await?.ok_or("no count")?;
    let mut from = u64::try_from(row.try_get_by_index::<i64>(0)?)?;
    while from < entries {
        let to = entries.min(from + CHUNK);
        writer.execute_unprepared(&rows(database.engine(), from, to)).await?;
        from = to;
    }
    if database.engine() == Engine::Postgres {
        writer.execute_unprepared("ANALYZE device_log").await?;
    }
    Ok(())
}

/// The statement that makes the entries from one number up to another.
fn rows(engine: Engine, from: u64, to: u64) -> String {
    let (numbers, id, bytes) = match engine {
        Engine::Sqlite => (
            format!(
                "WITH RECURSIVE numbers(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n < {to} - 1)"
            ),
            format!("unhex(printf('%012x7000b000%012x', {FIRST_MS} + n * 1000, n))"),
            "zeroblob(400), zeroblob(32)",
        ),
        Engine::Postgres => (
            format!("WITH numbers AS (SELECT n FROM generate_series({from}::bigint, {to} - 1) AS n)"),
            format!("(lpad(to_hex({FIRST_MS} + n * 1000), 12, '0') || '7000b000' || lpad(to_hex(n), 12, '0'))::uuid"),
            "decode(repeat('00', 400), 'hex'), decode(repeat('00', 32), 'hex')",
        ),
    };
    let owner = format!("(SELECT merchant_id FROM users WHERE login = '{LOGIN}')");
    format!(
        "{numbers}, owner AS (SELECT {owner} AS id), \
         machines AS (SELECT id, sn, row_number() OVER (ORDER BY id) - 1 AS place FROM terminals \
                      WHERE merchant_id = {owner} ORDER BY id LIMIT 16), \
         amount AS (SELECT count(*) AS machines FROM machines) \
         INSERT INTO device_log \
         SELECT {id}, owner.id, 2000000000 + n, {FIRST_MS} + n * 1000, {FIRST_MS} + n * 1000, machines.sn, machines.sn, \
                machines.id, owner.id, \
                CASE WHEN n % 5 = 0 THEN 'registration.failed' ELSE 'terminal.online' END, \
                CASE WHEN n % 5 = 0 THEN 'failure' ELSE 'info' END, \
                CASE WHEN n % 5 = 0 THEN 'code_invalid' END, CASE WHEN n % 5 = 0 THEN 'sn_or_code_wrong' END, \
                'terminal', machines.id, NULL, '203.0.113.7', 'bench', '{{}}', {bytes} \
         FROM numbers CROSS JOIN owner CROSS JOIN amount JOIN machines ON machines.place = n % amount.machines"
    )
}

async fn sign_in(app: &Router, login: &str) -> Result<String> {
    let body = format!("login={login}&password={}", PASSWORD.replace(' ', "+"));
    let request = Request::post("/sign-in")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))?;
    let response = app.clone().oneshot(request).await?;
    let cookies = response.headers().get_all(header::SET_COOKIE).iter();
    let cookie = cookies
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next())
        .find(|cookie| cookie.starts_with("tillkeeper="));
    Ok(cookie.ok_or("the demo user cannot sign in")?.to_owned())
}

async fn timed(app: &Router, cookie: &str, path: &str) -> Result<Duration> {
    let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty())?;
    let begun = Instant::now();
    let response = app.clone().oneshot(request).await?;
    let status = response.status();
    let page = to_bytes(response.into_body(), usize::MAX).await?;
    let time = begun.elapsed();
    let rows = String::from_utf8_lossy(&page).matches("<tr").count();
    if !status.is_success() || rows != PAGE_ROWS + 1 {
        return Err(format!("{path} answers {status} with {rows} rows").into());
    }
    Ok(time)
}
