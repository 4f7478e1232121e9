//! `tillkeeper simulate`

use super::context::Context;
use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{merchants, terminals};
use crate::services::Services;
use crate::simulation::{self, Address, Credentials, Fails, Plan, Tally, failing::Share};
use app::backend::registration::Registration;
use app::caller::Caller;
use app::domain::{Lifecycle, TerminalId};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Let a fleet of simulated terminals talk to a server's device API
///
/// They register, sign in, install their apps and send heartbeats until the time is over; then it says how many registered, and a table tells
/// what was answered how often and how quickly. Their activation codes are issued through the database that the settings name, which must be that of the
/// server, for terminals that were given to a merchant; or they come from a file with lines of SN,CODE. Do not use it on
/// a server whose terminals are real: they are registered anew, and their tokens stop working.
#[derive(Debug, clap::Args)]
pub(super) struct Simulate {
    /// How many terminals to simulate
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    terminals: u32,
    /// Where the server itself listens, such as http://127.0.0.1:3000; it is called by plain HTTP, so not the address of a
    /// proxy with https
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:3000")]
    url: Address,
    /// For how long, in seconds, or with a unit: 90s, 15m, 8h
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = duration)]
    duration: Duration,
    /// Send a heartbeat so often instead of when the server asks for it
    #[arg(long, value_name = "TIME", value_parser = duration)]
    interval: Option<Duration>,
    /// Let a share of them fail: paper-out, printer-fault, card-reader-fault, network-down, battery-low, offline,
    /// no-sign-in, wrong-code or app-failed, such as paper-out=5%; may be given more than once
    #[arg(long, value_name = "FAILURE=SHARE%", value_delimiter = ',')]
    fail: Vec<Share>,
    /// Read the activation codes from this file, one SN,CODE per line, instead of issuing them
    #[arg(long, value_name = "FILE")]
    codes: Option<PathBuf>,
}

impl Simulate {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let fails = Fails::new(self.fail).map_err(|error| Failure::wrong_use(format!("{error}.")))?;
        let wanted = self.terminals as usize;
        let mut fleet = match &self.codes {
            Some(file) => read_codes(file)?,
            None => {
                let config = context.config()?;
                let database = context.open(&config).await?;
                let issued = issue_codes(&database, &context.services(&database)?, wanted).await;
                database.close().await?;
                issued?
            }
        };
        fleet.truncate(wanted);
        if fleet.len() < wanted {
            let found = fleet.len();
            return Err(Failure::failed(format!(
                "there are {found} terminals to simulate, not {wanted}; `tillkeeper seed-demo` makes some, and --terminals \
                 takes a smaller number."
            )));
        }
        let plan = Plan {
            address: self.url,
            duration: self.duration,
            interval: self.interval,
            fails,
        };
        let (tally, size) = (Arc::new(Tally::default()), fleet.len());
        watch(
            simulation::run(fleet, plan, Surroundings::system(), tally.clone()),
            self.duration,
            &tally,
        )
        .await;
        tell(&tally, size, self.duration)
    }
}

/// A time as people write it.
fn duration(text: &str) -> Result<Duration, String> {
    let form = || "write a number of seconds, or one with a unit: 90s, 15m, 8h".to_owned();
    let (digits, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1),
        Some((at, 'm')) => (&text[..at], 60),
        Some((at, 'h')) => (&text[..at], 3600),
        _ => (text, 1),
    };
    let number: u32 = digits.parse().map_err(|_| form())?;
    let seconds = u64::from(number) * unit;
    if (1..=7 * 24 * 3600).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err("write a time from 1s to a week".to_owned())
    }
}

fn read_codes(file: &Path) -> Result<Vec<Credentials>, Failure> {
    let cannot =
        |error: &dyn std::fmt::Display| Failure::failed(format!("{} cannot be read: {error}.", file.display()));
    let mut lines = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_path(file)
        .map_err(|error| cannot(&error))?;
    lines
        .records()
        .map(|line| {
            let line = line.map_err(|error| cannot(&error))?;
            match (line.get(0), line.get(1)) {
                (Some(sn), Some(code)) if line.len() == 2 => Ok(Credentials {
                    sn: sn.to_owned(),
                    code: code.to_owned(),
                }),
                _ => Err(cannot(&"each line must be SN,CODE")),
            }
        })
        .collect()
}

/// Issues codes for terminals that their merchants may register.
async fn issue_codes(database: &Database, services: &Services, wanted: usize) -> Result<Vec<Credentials>, Failure> {
    let open = [Lifecycle::Awaiting.code(), Lifecycle::Registered.code()];
    let found: Vec<(Uuid, String)> = terminals::Entity::find()
        .select_only()
        .columns([terminals::Column::Id, terminals::Column::SnPrinted])
        .filter(terminals::Column::Lifecycle.is_in(open))
        .filter(
            terminals::Column::MerchantId.in_subquery(
                merchants::Entity::find()
                    .select_only()
                    .column(merchants::Column::Id)
                    .filter(merchants::Column::State.eq("active"))
                    .into_query(),
            ),
        )
        .order_by_asc(terminals::Column::Id)
        .limit(wanted as u64)
        .into_tuple()
        .all(database.reader())
        .await?;
    let bar = bar(
        found.len() as u64,
        "{bar:30} {human_pos} of {human_len} activation codes",
    );
    let system = Caller::system("simulate");
    let mut fleet = Vec::with_capacity(found.len());
    for (terminal, sn) in found {
        let by = system.code_issuer().map_err(failed)?;
        let issued = services.registration.issue_code(by, TerminalId(terminal), None).await;
        let code = issued.map_err(failed)?.code.to_string();
        fleet.push(Credentials { sn, code });
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(fleet)
}

fn failed(error: app::error::AppError) -> Failure {
    Failure::failed(format!("no activation codes could be issued: {error}."))
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Shows how it goes while it goes.
async fn watch(fleet: impl Future<Output = ()>, duration: Duration, tally: &Tally) {
    let bar = bar(duration.as_secs(), "{bar:30} {pos} of {len} s, {msg}");
    let mut fleet = std::pin::pin!(fleet);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    let mut before = 0;
    loop {
        tokio::select! {
            () = &mut fleet => break,
            _ = seconds.tick() => {
                let calls = tally.calls();
                bar.set_message(format!("{} calls a second", calls - before));
                bar.inc(u64::from(calls > 0));
                before = calls;
            }
        }
    }
    bar.finish_and_clear();
}

/// The table; a fleet of which no terminal got in has failed.
fn tell(tally: &Tally, size: usize, duration: Duration) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let rows = tally.rows();
    let done = rows.iter().filter(|row| row.call == "register" && row.ended == "201");
    let registered: u64 = done.map(|row| row.calls).sum();
    let others = (size as u64).saturating_sub(registered);
    let seconds = duration.as_secs();
    writeln!(
        out,
        "{size} terminals in {seconds} s: {registered} registered, {others} did not.\n"
    )?;
    writeln!(
        out,
        "{:<10} {:<32} {:>10} {:>10} {:>10}",
        "call", "ended", "calls", "p50 <=", "p99 <="
    )?;
    for row in &rows {
        let (p50, p99) = (ms(row.p50), ms(row.p99));
        writeln!(
            out,
            "{:<10} {:<32} {:>10} {p50:>10} {p99:>10}",
            row.call, row.ended, row.calls
        )?;
    }
    if registered > 0 {
        return Ok(());
    }
    Err(Failure::failed("no terminal could register."))
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
