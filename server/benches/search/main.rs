//! Searching and listing terminals by the kinds of fragments and filters that people use, in the order of milliseconds:
//! the services against the statements that they come down to, sent by hand over a connection of its own. Prints a table per engine.
//!
//! `cargo bench --bench search -- [--terminals 1000000] [--rounds 200] [--slowest 0] [--database postgres://…]`
//!
//! `--slowest` names so many fragments of each kind below its row, each by the quickest of its rounds: what they cost
//! and not what else the machine did. Without `--database` it is a SQLite file that is kept for the next run; with it, an empty database of that server or
//! one that an earlier run has filled.

mod floor;

use app::backend::page::Cursor;
use app::backend::terminals::{SortKey, TerminalQuery, TerminalSort, Terminals};
use app::caller::Caller;
use app::domain::Lifecycle;
use floor::Floor;
use sea_orm::{ConnectionTrait, Statement};
use server::clock::Surroundings;
use server::database::Database;
use server::demo::{Options, seed};
use server::services::Services;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Takes a fragment from the serial number and the name of a terminal.
type Take<'a> = dyn Fn(usize, &(String, String)) -> Option<String> + 'a;

/// Terminals that fragments are taken from.
const SAMPLE: usize = 400;

struct Arguments {
    terminals: u64,
    rounds: usize,
    slowest: usize,
    database: Option<String>,
}

impl Arguments {
    fn read() -> Result<Self> {
        let mut arguments = Self {
            terminals: 1_000_000,
            rounds: 200,
            slowest: 0,
            database: None,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
            match word.as_str() {
                "--terminals" => arguments.terminals = value.parse()?,
                "--rounds" => arguments.rounds = value.parse()?,
                "--slowest" => arguments.slowest = value.parse()?,
                "--database" => arguments.database = Some(value),
                _ => {
                    let known = "--terminals, --rounds, --slowest, --database";
                    return Err(format!("{word} is unknown: {known}").into());
                }
            }
        }
        Ok(arguments)
    }

    fn url(&self) -> String {
        let file = format!("search-{}.db", self.terminals);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        self.database
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", folder.join(file).display()))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::read()?;
    let url = arguments.url();
    let database = Database::connect(&url).await?;
    migrations::up(database.writer()).await?;
    let options = Options {
        terminals: arguments.terminals,
        password: Some("a password for measuring".to_owned()),
    };
    let begun = Instant::now();
    match seed(&database, &Surroundings::system(), &options, |_| Ok(()), &mut |_| {}).await {
        Ok(_) => println!("Filled in {:.0} s.", begun.elapsed().as_secs_f64()),
        Err(server::demo::DemoError::InUse) => {}
        Err(error) => return Err(error.into()),
    }
    if arguments.database.is_some() {
        database.writer().execute_unprepared("ANALYZE").await?;
    }
    println!(
        "Searching {} terminals, {}, 50 rows, milliseconds.",
        arguments.terminals,
        database.engine()
    );
    println!("| asked for | rows | p50 | p99 | floor p50 | floor p99 |");
    println!("|---|---:|---:|---:|---:|---:|");
    let services = Services::new(database.clone(), Surroundings::system())?;
    let floor = Floor::open(&url).await?;
    let bench = Bench {
        caller: Caller::system("bench"),
        services,
        floor,
        rounds: arguments.rounds,
        slowest: arguments.slowest,
    };
    let sample = sample(&database).await?;
    for (kind, fragments) in kinds(&sample) {
        bench.searches(kind, &fragments).await?;
    }
    bench.depths().await?;
    bench.filters(&sample).await?;
    Ok(())
}

/// Serial numbers and names of terminals from everywhere.
async fn sample(database: &Database) -> Result<Vec<(String, String)>> {
    let reader = database.reader();
    let sql = format!(
        "SELECT sn, name FROM terminals JOIN terminal_search ON terminal_id = id \
         WHERE key % (SELECT max(key) / {SAMPLE} + 1 FROM terminal_search) = 0 ORDER BY key"
    );
    let found = reader
        .query_all_raw(Statement::from_string(reader.get_database_backend(), sql))
        .await?;
    found
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .collect()
}

/// The kinds of fragments, each taken from somewhere else each time.
fn kinds(sample: &[(String, String)]) -> Vec<(&'static str, Vec<String>)> {
    let part = |text: &str, from: usize, length: usize| -> Option<String> {
        let chars: Vec<char> = text.chars().collect();
        Some(chars.get(from..from + length)?.iter().collect())
    };
    let of = |take: &Take<'_>| {
        sample
            .iter()
            .enumerate()
            .filter_map(|(at, it)| take(at, it))
            .collect::<Vec<_>>()
    };
    let words = |all: &[&str]| all.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    vec![
        (
            "two characters of a serial number",
            of(&|at, (sn, _)| part(sn, at % (sn.len() - 1), 2)),
        ),
        ("two characters of a name", of(&|at, (_, name)| part(name, at % 8, 2))),
        (
            "six digits from the middle",
            of(&|_, (sn, _)| part(sn, sn.len() / 2 - 3, 6)),
        ),
        (
            "twelve of fourteen",
            of(&|at, (sn, _)| part(sn, at % 3, 12).filter(|_| sn.len() == 14)),
        ),
        ("a whole serial number", of(&|_, (sn, _)| Some(sn.clone()))),
        (
            "two words",
            of(&|_, (sn, name)| Some(format!("{} {}", part(sn, 2, 4)?, part(name, 0, 2)?))),
        ),
        ("what half of them have", words(&["收银", "收银台", "号收银台"])),
        (
            "what none has",
            words(&["zzzz", "龘龘", "#q", "PC0000X1", "99999999999999"]),
        ),
    ]
}

struct Bench {
    caller: Caller,
    services: Services,
    floor: Floor,
    rounds: usize,
    slowest: usize,
}

impl Bench {
    async fn searches(&self, kind: &str, fragments: &[String]) -> Result<()> {
        let (mut ours, mut theirs, mut rows) = (Vec::new(), Vec::new(), 0);
        let mut quickest: HashMap<&str, Duration> = HashMap::new();
        for round in 0..self.rounds {
            let fragment = &fragments[round % fragments.len()];
            let query = TerminalQuery {
                search: Some(fragment.clone()),
                ..TerminalQuery::default()
            };
            let begun = Instant::now();
            let page = self.services.terminals.list(&self.caller, &query).await?;
            let took = begun.elapsed();
            ours.push(took);
            let quickest = quickest.entry(fragment).or_insert(took);
            *quickest = took.min(*quickest);
            rows += page.rows.len();
            theirs.push(self.floor.search(fragment).await?);
        }
        print(kind, rows / self.rounds, ours, theirs);
        let mut quickest: Vec<_> = quickest.into_iter().collect();
        quickest.sort_by_key(|(_, took)| Reverse(*took));
        for (fragment, took) in quickest.into_iter().take(self.slowest) {
            println!("|   {fragment} | | {:.2} | | | |", took.as_secs_f64() * 1_000.0);
        }
        Ok(())
    }

    /// Pages of the plain list, in each order, deeper and deeper.
    async fn depths(&self) -> Result<()> {
        for by in [SortKey::Sn, SortKey::Name, SortKey::LastSeen] {
            let sort = TerminalSort { by, descending: true };
            for depth in [1u32, 1_000, 10_000] {
                let Some(cursor) = self.floor.cursor(by, depth).await? else {
                    continue;
                };
                let query = TerminalQuery {
                    sort: Some(sort),
                    cursor: Some(cursor.clone()),
                    ..TerminalQuery::default()
                };
                self.lists(&format!("page {depth} by {}", by.code()), &query, Some((by, &cursor)))
                    .await?;
            }
        }
        Ok(())
    }

    async fn filters(&self, sample: &[(String, String)]) -> Result<()> {
        let plain = TerminalQuery::default;
        let sorted = |by| Some(TerminalSort { by, descending: true });
        let digits = sample
            .first()
            .map(|(sn, _)| sn.chars().skip(4).take(4).collect::<String>());
        let combinations = [
            (
                "suspended, by name",
                TerminalQuery {
                    lifecycles: vec![Lifecycle::Suspended],
                    sort: sorted(SortKey::Name),
                    ..plain()
                },
            ),
            (
                "model and state",
                TerminalQuery {
                    model: Some("P2".to_owned()),
                    lifecycles: vec![Lifecycle::Awaiting],
                    ..plain()
                },
            ),
            (
                "a merchant's, last seen first",
                TerminalQuery {
                    merchant: Some("898292720000001".to_owned()),
                    sort: sorted(SortKey::LastSeen),
                    ..plain()
                },
            ),
            (
                "a fragment, a model, by name",
                TerminalQuery {
                    search: digits,
                    model: Some("P2".to_owned()),
                    sort: sorted(SortKey::Name),
                    ..plain()
                },
            ),
            (
                "half of them, by name",
                TerminalQuery {
                    search: Some("收银".to_owned()),
                    sort: sorted(SortKey::Name),
                    ..plain()
                },
            ),
            (
                "half of them, last seen first",
                TerminalQuery {
                    search: Some("收银".to_owned()),
                    sort: sorted(SortKey::LastSeen),
                    ..plain()
                },
            ),
        ];
        for (kind, query) in combinations {
            self.lists(kind, &query, None).await?;
        }
        Ok(())
    }

    async fn lists(&self, kind: &str, query: &TerminalQuery, floor: Option<(SortKey, &Cursor)>) -> Result<()> {
        let (mut ours, mut theirs, mut rows) = (Vec::new(), Vec::new(), 0);
        for _ in 0..self.rounds.min(50) {
            let begun = Instant::now();
            let page = self.services.terminals.list(&self.caller, query).await?;
            ours.push(begun.elapsed());
            rows = page.rows.len();
            if let Some((by, cursor)) = floor {
                theirs.push(self.floor.page(by, cursor).await?);
            }
        }
        print(kind, rows, ours, theirs);
        Ok(())
    }
}

fn print(kind: &str, rows: usize, mut ours: Vec<Duration>, mut theirs: Vec<Duration>) {
    let at = |times: &mut Vec<Duration>, share: usize| {
        times.sort();
        let time = times.get((times.len() * share / 100).min(times.len().saturating_sub(1)));
        time.map_or_else(String::new, |time| format!("{:.2}", time.as_secs_f64() * 1_000.0))
    };
    println!(
        "| {kind} | {rows} | {} | {} | {} | {} |",
        at(&mut ours, 50),
        at(&mut ours, 99),
        at(&mut theirs, 50),
        at(&mut theirs, 99)
    );
}
