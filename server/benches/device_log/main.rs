//! The device log: appending against the bare insert, checking against hashing alone, and pages however deep. In one process,
//! one run, on SQLite and on PostgreSQL.
//!
//! `cargo bench --bench device_log -- [--entries 1000000] [--verify 200000] [--seconds 5] [--rounds 3] [--engine sqlite|postgres]`

mod append;
mod pages;
#[path = "../../tests/it/support.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod support;
mod verify;

use server::clock::Surroundings;
use server::database::{Database, Engine};
use server::demo::{Options, seed};
use std::error::Error;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use support::TestDb;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const PASSWORD: &str = "a password for measuring";
/// The merchant whose log is the longest.
const LOGIN: &str = "shengjing";

struct Arguments {
    /// Entries of the log that is paged through.
    entries: u64,
    /// Entries of the log that is checked.
    verify: u64,
    seconds: u64,
    rounds: usize,
    engine: Option<String>,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut arguments = Self {
            entries: 1_000_000,
            verify: 200_000,
            seconds: 5,
            rounds: 3,
            engine: None,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--entries" => arguments.entries = value.parse()?,
                "--verify" => arguments.verify = value.parse()?,
                "--seconds" => arguments.seconds = value.parse()?,
                "--rounds" => arguments.rounds = value.parse()?,
                "--engine" => arguments.engine = Some(value),
                _ => {
                    let known = "--entries, --verify, --seconds, --rounds, --engine";
                    return Err(format!("{word} is unknown: {known}").into());
                }
            }
        }
        Ok(arguments)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let wanted = |engine: &str| arguments.engine.as_deref().is_none_or(|only| only == engine);
    // On a real disk, which the folder for temporary files may not be.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let mut databases = Vec::new();
    if wanted("sqlite") {
        databases.push(open(&format!("sqlite:{}", folder.path().join("log.db").display())).await?);
    }
    support::DURABLE.store(true, Ordering::SeqCst);
    let cluster = match wanted("postgres") {
        true => Some(TestDb::postgres().await?),
        false => None,
    };
    if let Some(cluster) = &cluster {
        databases.push(open(cluster.url()).await?);
    }
    append::print_head();
    for database in &databases {
        append::measure(database, &arguments).await?;
    }
    verify::print_head();
    for database in &databases {
        verify::measure(database, &arguments).await?;
    }
    pages::print_head(arguments.entries);
    // Kept for the next run, for it takes a while to make.
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("device-log-{}.db", arguments.entries));
    for database in &mut databases {
        if database.engine() == Engine::Sqlite {
            *database = open(&format!("sqlite:{}", kept.display())).await?;
        }
        pages::measure(database, &arguments).await?;
    }
    Ok(())
}

/// A database with the demo's merchants.
async fn open(url: &str) -> Result<Database> {
    let database = Database::connect(url).await?;
    migrations::up(database.writer()).await?;
    let options = Options {
        terminals: 120,
        password: Some(PASSWORD.to_owned()),
    };
    match seed(&database, &Surroundings::system(), &options, |_| Ok(()), &mut |_| {}).await {
        Ok(_) | Err(server::demo::DemoError::InUse) => Ok(database),
        Err(error) => Err(error.into()),
    }
}

fn name(database: &Database) -> &'static str {
    match database.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

/// The one in the middle.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}
