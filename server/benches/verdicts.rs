//! Verdicts a second: the pure function alone, and with its facts from the database, one terminal and 500 at a time. Prints a
//! table.
//!
//! `cargo bench --bench verdicts -- [--terminals 5000] [--seconds 3]`

use app::backend::verdicts::{MOST_JUDGED, Verdicts};
use app::caller::Caller;
use app::domain::{
    BusinessDay, CardReader, Facts, InstallState, Lifecycle, Network, Paper, PaymentApp, PolicyState, Printer, Report,
    SerialNumber, TerminalId, Timestamp, Verdict,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use server::clock::Surroundings;
use server::database::Database;
use server::demo::{Options, seed};
use server::entities::terminals;
use server::services::Services;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};
use uuid::Uuid;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let (mut wanted, mut seconds) = (5000_u64, 3_u64);
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--terminals" => wanted = value.parse()?,
            "--seconds" => seconds = value.parse()?,
            _ => return Err(format!("{word} is unknown: --terminals, --seconds").into()),
        }
    }
    let time = Duration::from_secs(seconds);
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite:{}", folder.path().join("verdicts.db").display());
    let database = Database::connect(&url).await?;
    migrations::up(database.writer()).await?;
    let options = Options {
        terminals: wanted.max(120),
        password: None,
    };
    seed(&database, &Surroundings::system(), &options, |_| Ok(()), &mut |_| {}).await?;
    let services = Services::new(database.clone(), Surroundings::system())?;
    let caller = Caller::system("bench");
    let found: Vec<(Uuid, String)> = terminals::Entity::find()
        .select_only()
        .columns([terminals::Column::Id, terminals::Column::Sn])
        .filter(terminals::Column::Lifecycle.ne(Lifecycle::Retired.code()))
        .limit(MOST_JUDGED as u64)
        .into_tuple()
        .all(database.reader())
        .await?;
    let ids: Vec<TerminalId> = found.iter().map(|(id, _)| TerminalId(*id)).collect();
    let numbers = found
        .iter()
        .map(|(_, sn)| SerialNumber::parse(sn))
        .collect::<std::result::Result<Vec<_>, _>>()?;

    println!("Verdicts a second, SQLite, {} terminals, one asker.", options.terminals);
    println!("| | verdicts/s |");
    println!("|---|---:|");
    println!("| the function alone | {:.0} |", pure(time));
    let begun = Instant::now();
    let mut judged = 0;
    for id in ids.iter().cycle() {
        judged += usize::from(services.verdicts.get(&caller, *id).await?.is_some());
        if begun.elapsed() > time {
            break;
        }
    }
    println!(
        "| one terminal at a time | {:.0} |",
        judged as f64 / begun.elapsed().as_secs_f64()
    );
    let begun = Instant::now();
    let mut judged = 0;
    while begun.elapsed() < time {
        judged += services.verdicts.list(&caller, &numbers).await?.len();
    }
    println!(
        "| {} at a time | {:.0} |",
        numbers.len(),
        judged as f64 / begun.elapsed().as_secs_f64()
    );
    Ok(())
}

/// How often the function answers in a second.
fn pure(time: Duration) -> f64 {
    const BLOCK: u32 = 10_000;
    let now = Timestamp(1_795_312_800_000);
    let facts = Facts {
        lifecycle: Lifecycle::Registered,
        merchant_active: Some(true),
        connected: Some(now),
        payment: PaymentApp {
            policy: Some(PolicyState::Granted),
            install: Some((InstallState::Installed, now)),
        },
        business_day: Some(BusinessDay {
            day: "2026-11-22".to_owned(),
            signed_in: now,
            signed_out: None,
        }),
        today: "2026-11-22".to_owned(),
        last_seen: Some(now),
        heard_until: Some(now.plus_ms(60_000)),
        report: Some((
            Report {
                network: Some(Network::Ok),
                card_reader: Some(CardReader::Ok),
                printer: Some(Printer::Ok),
                paper: Some(Paper::Ok),
                ..Report::default()
            },
            now,
        )),
    };
    let begun = Instant::now();
    let mut judged = 0_f64;
    while begun.elapsed() < time {
        for _ in 0..BLOCK {
            black_box(Verdict::of(Some(black_box(&facts)), black_box(now)).answer());
        }
        judged += f64::from(BLOCK);
    }
    judged / begun.elapsed().as_secs_f64()
}
