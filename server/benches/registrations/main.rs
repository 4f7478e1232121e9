//! Registrations by terminals, each on disk before it is answered: over HTTP, against the same statements as bare SQL, in one
//! run, on SQLite (`synchronous=FULL`) and on PostgreSQL (`fsync=on`). Prints a table.
//!
//! `cargo bench --bench registrations -- [--registrations 1500] [--rounds 3] [--at-once 32]`

mod fleet;
mod floor;
#[path = "../../tests/it/support.rs"]
mod support;

use axum::body::Body;
use axum::http::{Request, header};
use axum_server::accept::NoDelayAcceptor;
use fleet::{Fleet, Terminal};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;
use server::clock::Surroundings;
use server::config::{Sources, load as settings};
use server::router::router;
use server::state::AppState;
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, atomic};
use std::time::Instant;
use support::TestDb;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// At least this share of the rate of the bare SQL.
const LEAST_RATIO: f64 = 0.5;

struct Arguments {
    registrations: usize,
    rounds: usize,
    at_once: usize,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut arguments = Self {
            registrations: 1500,
            rounds: 3,
            at_once: 32,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--registrations" => arguments.registrations = value.parse()?,
                "--rounds" => arguments.rounds = value.parse()?,
                "--at-once" => arguments.at_once = value.parse()?,
                _ => return Err(format!("{word} is unknown: --registrations, --rounds, --at-once").into()),
            }
        }
        Ok(arguments)
    }
}

#[tokio::main]
async fn main() -> support::Outcome {
    let arguments = Arguments::read()?;
    support::DURABLE.store(true, atomic::Ordering::SeqCst);
    println!(
        "Registrations acknowledged a second, {} at a time; floor: the same statements as bare SQL, a transaction each.",
        arguments.at_once
    );
    println!("| | floor | Tillkeeper | ratio (bar {LEAST_RATIO}) |");
    println!("|---|---:|---:|---:|");
    for (name, db) in [
        ("SQLite, synchronous=FULL", TestDb::sqlite().await?),
        ("PostgreSQL, fsync=on", TestDb::postgres().await?),
    ] {
        let (floor, ours) = measure(&db, &arguments).await?;
        println!("| {name} | {floor:.0} | {ours:.0} | {:.2} |", ours / floor);
    }
    Ok(())
}

/// Registrations a second: by bare SQL, and by the product. The round in the middle counts.
async fn measure(db: &TestDb, arguments: &Arguments) -> Result<(f64, f64)> {
    let config = settings(&Sources::default())?.config;
    let state = AppState::new(&config, Clone::clone(&**db), Surroundings::system())?;
    let address = serve(router(state))?;
    let floor = floor::Floor::connect(db.url()).await?;
    let fleet = Fleet::settle(db).await?;
    let mut rates = (Vec::new(), Vec::new());
    // The first round of each makes what is made once.
    for round in 0..=arguments.rounds {
        let many = if round == 0 { 100 } else { arguments.registrations };
        let terminals = fleet.terminals(db, 2 * many).await?;
        let (theirs, ours) = terminals.split_at(many);
        let hand = floor.clone();
        let by_hand = rate(theirs, arguments.at_once, move |terminal| {
            let hand = hand.clone();
            async move { hand.register(&terminal).await }
        });
        let by_hand = by_hand.await?;
        let client = Arc::new(client());
        let product = rate(ours, arguments.at_once, move |terminal| {
            let client = client.clone();
            async move { register(&client, address, &terminal).await }
        });
        let product = product.await?;
        if round > 0 {
            rates.0.push(by_hand);
            rates.1.push(product);
        }
    }
    fleet.all_registered(db).await?;
    Ok((median(rates.0), median(rates.1)))
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}

/// Registers all of them, so many at a time, and answers how many that were a second.
async fn rate<Work, Done>(terminals: &[Terminal], at_once: usize, work: Work) -> Result<f64>
where
    Work: Fn(Terminal) -> Done + Clone + Send + 'static,
    Done: Future<Output = Result<()>> + Send + 'static,
{
    let all: Arc<[Terminal]> = terminals.into();
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (all, next, work) = (all.clone(), next.clone(), work.clone());
        workers.spawn(async move {
            while let Some(terminal) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                work(terminal.clone()).await?;
            }
            Result::Ok(())
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(terminals.len() as f64 / begun.elapsed().as_secs_f64())
}

type Http = Client<HttpConnector, Body>;

fn client() -> Http {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

async fn register(client: &Http, address: SocketAddr, terminal: &Terminal) -> Result<()> {
    let body = json!({ "sn": terminal.sn, "activation_code": terminal.code.to_string() });
    let request = Request::post(format!("http://{address}/api/v1/terminals/register"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))?;
    let answer = client.request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    match status.as_u16() {
        201 => Ok(()),
        _ => Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()),
    }
}

fn serve(app: axum::Router) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let server = axum_server::from_tcp(listener)?.acceptor(NoDelayAcceptor::new());
    tokio::spawn(server.serve(app.into_make_service_with_connect_info::<SocketAddr>()));
    Ok(address)
}
