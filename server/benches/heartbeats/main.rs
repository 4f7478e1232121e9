//! Heartbeats of many terminals, against a handler that only parses them and answers: in one process, one run, by wrk. Prints a
//! table, and how many heartbeats were written.
//!
//! `cargo bench --bench heartbeats -- [--terminals 1000] [--seconds 5] [--rounds 3]`

mod floor;
mod load;

use app::backend::registration::{ClaimInput, Registration};
use app::caller::{Caller, RequestInfo};
use app::domain::TerminalId;
use axum::Router;
use axum_server::accept::NoDelayAcceptor;
use load::Load;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};
use server::clock::Surroundings;
use server::config::{Sources, load as settings};
use server::database::Database;
use server::demo::{Options, seed};
use server::entities::terminals;
use server::router::router;
use server::services::{Services, presence};
use server::state::AppState;
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const PATH: &str = "/api/v1/terminals/me/heartbeat";
/// At least this share of what parsing and answering alone come to.
const LEAST_RATIO: f64 = 0.5;

struct Arguments {
    terminals: u64,
    seconds: u32,
    rounds: usize,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut arguments = Self {
            terminals: 1000,
            seconds: 5,
            rounds: 3,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--terminals" => arguments.terminals = value.parse()?,
                "--seconds" => arguments.seconds = value.parse()?,
                "--rounds" => arguments.rounds = value.parse()?,
                _ => return Err(format!("{word} is unknown: --terminals, --seconds, --rounds").into()),
            }
        }
        Ok(arguments)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("heartbeats.db").display());
    let database = Database::connect(&url).await?;
    migrations::up(database.writer()).await?;
    let config = settings(&Sources::default())?.config;
    let state = AppState::new(&config, database.clone(), Surroundings::system())?;
    let tokens = tokens(&database, &state.services, arguments.terminals).await?;
    std::fs::write(folder.path().join("tokens"), tokens.join("\n"))?;

    tokio::spawn(presence::watch(state.services.presence.clone(), std::future::pending()));
    let presence = state.services.presence.clone();
    let (ours, theirs) = (serve(router(state))?, serve(floor::router())?);
    let run = async |address: SocketAddr, seconds| load::wrk(address, folder.path(), seconds).await;
    run(ours, 2).await?;
    run(theirs, 2).await?;
    let (mut product, mut hand) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        hand.push(run(theirs, arguments.seconds).await?);
        product.push(run(ours, arguments.seconds).await?);
    }
    presence.flush().await?;
    let online = terminals::Entity::find()
        .filter(terminals::Column::Online.eq(true))
        .filter(terminals::Column::LastReport.is_not_null())
        .count(database.reader())
        .await?;
    print(&load::median(hand), &load::median(product), tokens.len());
    println!("\n{online} terminals are online, each with its last report.");
    if online < tokens.len() as u64 {
        return Err("not every terminal's heartbeat was written".into());
    }
    Ok(())
}

fn print(hand: &Load, product: &Load, terminals: usize) {
    let ratio = product.requests_per_second / hand.requests_per_second;
    println!("Heartbeats of {terminals} terminals, SQLite; floor: the same bodies parsed and answered, nothing else.");
    println!("| | heartbeats/s | p50 | p99 | ratio (bar {LEAST_RATIO}) |");
    println!("|---|---:|---:|---:|---:|");
    for (name, load, ratio) in [
        ("floor", hand, String::new()),
        ("Tillkeeper", product, format!("{ratio:.2}")),
    ] {
        println!(
            "| {name} | {:.0} | {} | {} | {ratio} |",
            load.requests_per_second, load.p50, load.p99
        );
    }
}

/// Demo terminals, registered as terminals do it.
async fn tokens(database: &Database, services: &Services, wanted: u64) -> Result<Vec<String>> {
    let options = Options {
        terminals: wanted.max(120) * 2,
        password: None,
    };
    seed(database, &Surroundings::system(), &options, |_| Ok(()), &mut |_| {}).await?;
    let found: Vec<(Uuid, String)> = terminals::Entity::find()
        .select_only()
        .columns([terminals::Column::Id, terminals::Column::Sn])
        .filter(terminals::Column::Lifecycle.eq("registered"))
        .limit(wanted)
        .into_tuple()
        .all(database.reader())
        .await?;
    let system = Caller::system("bench");
    let request = RequestInfo::default();
    let mut tokens = Vec::new();
    for (terminal, sn) in found {
        let issued = services
            .registration
            .issue_code(system.code_issuer()?, TerminalId(terminal), None)
            .await?;
        let input = ClaimInput {
            sn,
            activation_code: issued.code.to_string(),
            model: None,
            firmware: None,
            app_version: None,
        };
        // Such as one whose merchant is suspended.
        if let Ok(claimed) = services.registration.claim(&request, &input).await {
            tokens.push(claimed.token);
        }
    }
    match tokens.is_empty() {
        true => Err("no demo terminal could be registered".into()),
        false => Ok(tokens),
    }
}

fn serve(app: Router) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let server = axum_server::from_tcp(listener)?.acceptor(NoDelayAcceptor::new());
    tokio::spawn(server.serve(app.into_make_service_with_connect_info::<SocketAddr>()));
    Ok(address)
}

/// The script that takes one token after the other.
fn script() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/heartbeats/tokens.lua"))
}
