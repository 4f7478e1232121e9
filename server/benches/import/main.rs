//! An inventory file of many rows through `tillkeeper import`, a process of its own whose memory is watched, against the
//! database's own bulk load of the very rows that it wrote: on SQLite and on PostgreSQL, in one run. Prints a table.
//!
//! `cargo bench --bench import -- [--rows 1000000] [--engine sqlite|postgres]`

mod floor;
#[path = "../../tests/it/support.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod support;
mod watch;

use sea_orm::{EntityTrait, PaginatorTrait};
use server::entities::{device_log, terminals};
use std::error::Error;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};
use support::TestDb;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The bars of PRODUCT section 9.
const MOST_RATIO: f64 = 3.0;
const MOST_BYTES: u64 = 200_000_000;

struct Arguments {
    rows: u64,
    engine: Option<String>,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut arguments = Self {
            rows: 1_000_000,
            engine: None,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--rows" => arguments.rows = value.parse()?,
                "--engine" => arguments.engine = Some(value),
                _ => return Err(format!("{word} is unknown: --rows, --engine").into()),
            }
        }
        Ok(arguments)
    }
}

/// Writes a file as a vendor would send it: eight models, serial numbers in no order that an index likes.
fn write_file(path: &Path, rows: u64) -> Result<u64> {
    const MODELS: [(&str, &str); 4] = [
        ("PAX", "A920"),
        ("SUNMI", "P2"),
        ("LANDI", "APOS A7"),
        ("Newland", "N910"),
    ];
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    writeln!(file, "sn,manufacturer,model,name,firmware,note")?;
    for row in 0..rows {
        // A full period of a multiplicative generator modulo a prime of 14 digits: no number comes twice.
        let number = u128::from(row + 1) * 48_271_000_003 % 99_999_999_999_973;
        let (manufacturer, model) = MODELS[usize::try_from(row % 4)?];
        writeln!(
            file,
            "{number:014},{manufacturer},{model},收银台 {},1.9.{},新机",
            row % 1000,
            row % 20
        )?;
    }
    file.flush()?;
    Ok(std::fs::metadata(path)?.len())
}

/// What an import came to.
struct Run {
    took: Duration,
    /// Most bytes of memory that were the process's own, and most with the pages of files that it had mapped.
    own_bytes: u64,
    all_bytes: u64,
}

async fn measure(name: &str, db: TestDb, fresh: TestDb, file: &Path, rows: u64) -> Result<bool> {
    let begun = Instant::now();
    let peak = watch::import(db.url(), file).await?;
    let run = Run {
        took: begun.elapsed(),
        own_bytes: peak.own_bytes,
        all_bytes: peak.all_bytes,
    };
    let made = terminals::Entity::find().count(db.reader()).await?;
    let told = device_log::Entity::find().count(db.reader()).await?;
    if (made, told) != (rows, rows) {
        return Err(format!("{name}: {made} terminals and {told} log entries of {rows} rows").into());
    }
    let floor = floor::bulk_load(&db, &fresh).await?;
    let ratio = run.took.as_secs_f64() / floor.as_secs_f64();
    let rate = |took: Duration| rows as f64 / took.as_secs_f64();
    println!(
        "| {name}, its own bulk load | {:.1} s | {:.0} | | | |",
        floor.as_secs_f64(),
        rate(floor)
    );
    println!(
        "| {name}, `tillkeeper import` | {:.1} s | {:.0} | {ratio:.2} | {:.0} MB | {:.0} MB |",
        run.took.as_secs_f64(),
        rate(run.took),
        run.own_bytes as f64 / 1e6,
        run.all_bytes as f64 / 1e6,
    );
    Ok(ratio <= MOST_RATIO && run.own_bytes <= MOST_BYTES)
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("inventory.csv");
    let bytes = write_file(&file, arguments.rows)?;
    println!(
        "Import of {} rows ({:.0} MB of CSV): sent, checked, brought in with a log entry each.",
        arguments.rows,
        bytes as f64 / 1e6
    );
    println!(
        "| | time | rows/s | ratio (bar {MOST_RATIO}) | memory (bar {} MB) | with mapped files |",
        MOST_BYTES / 1_000_000
    );
    println!("|---|---:|---:|---:|---:|---:|");
    let wanted = |engine: &str| arguments.engine.as_deref().is_none_or(|wanted| wanted == engine);
    let mut good = true;
    if wanted("sqlite") {
        let (db, fresh) = (TestDb::sqlite().await?, TestDb::sqlite().await?);
        good &= measure("SQLite", db, fresh, &file, arguments.rows).await?;
    }
    if wanted("postgres") {
        let (db, fresh) = (TestDb::postgres().await?, TestDb::postgres().await?);
        good &= measure("PostgreSQL", db, fresh, &file, arguments.rows).await?;
    }
    if !good {
        return Err("a bar was missed".into());
    }
    Ok(())
}
