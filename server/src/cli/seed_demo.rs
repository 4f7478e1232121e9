//! `tillkeeper seed-demo`

use super::context::Context;
use super::failure::Failure;
use super::password;
use crate::clock::Surroundings;
use crate::config::Config;
use crate::database::Database;
use crate::demo::{self, Contents, DemoError, Options, SignIn};
use crate::services::accounts::PASSWORD_CHARS;
use indicatif::{ProgressBar, ProgressStyle};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file in the data folder that keeps the sign-ins, for this user only.
const SIGN_INS_FILE: &str = "demo-sign-ins.txt";

/// Fill an empty database with believable demo data and print the sign-ins
///
/// Eight merchants with stores and owners, terminals in every state and a device log that tells what went wrong where.
/// Refuses on a database that is not empty. Passwords are random and kept as hashes; they are printed, and written
/// to demo-sign-ins.txt in the data folder.
#[derive(Debug, clap::Args)]
pub(super) struct SeedDemo {
    /// How many terminals to make, 120 or more
    #[arg(long, value_name = "N", default_value_t = demo::TERMINALS, value_parser = clap::value_parser!(u64).range(demo::TERMINALS..=20_000_000))]
    terminals: u64,
    /// Do nothing on a database that is not empty, and print the sign-ins again if it holds demo data
    #[arg(long)]
    if_empty: bool,
    /// Give every demo user the password in the first line of this file
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl SeedDemo {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let password = self.password_file.as_deref().map(read_password).transpose()?;
        let database = context.open_or_create(&config).await?;
        let contents = demo::contents(database.reader()).await?;
        if contents != Contents::Nothing && self.if_empty {
            database.close().await?;
            return tell_again(contents, &config);
        }
        let options = Options {
            terminals: self.terminals,
            password,
        };
        let seeded = seed(&database, &config, &options).await;
        database.close().await?;
        let table = table(&seeded?);
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "{} demo terminals were made. Sign in with one of these:\n\n{table}",
            self.terminals
        )?;
        writeln!(out, "They are also in {}.", sign_ins_file(&config).display())?;
        Ok(())
    }
}

async fn seed(database: &Database, config: &Config, options: &Options) -> Result<Vec<SignIn>, Failure> {
    let bar = ProgressBar::new(options.terminals);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {human_pos} of {human_len} terminals, {eta} left") {
        bar.set_style(style);
    }
    let file = sign_ins_file(config);
    let keep = |sign_ins: &[SignIn]| keep(&file, &table(sign_ins));
    let seeded = demo::seed(database, &Surroundings::system(), options, keep, &mut |terminals| {
        bar.set_position(terminals)
    })
    .await;
    bar.finish_and_clear();
    seeded.map_err(|error| match error {
        DemoError::InUse => Failure::failed(
            "the database holds data already, and demo data go into an empty one only; name another with \
             TILLKEEPER_DATABASE_URL or TILLKEEPER_DATA_DIR.",
        ),
        DemoError::Keep(error) => Failure::failed(format!("{} cannot be written: {error}.", file.display())),
        error => Failure::failed(format!("no demo data were made: {error}.")),
    })
}

fn read_password(file: &Path) -> Result<String, Failure> {
    let password = password::from_file(file)?;
    let length = password.chars().count();
    if PASSWORD_CHARS.contains(&length) {
        return Ok(password);
    }
    Err(Failure::wrong_use(format!(
        "the first line of {} has {length} characters; a password has {} to {}.",
        file.display(),
        PASSWORD_CHARS.start(),
        PASSWORD_CHARS.end()
    )))
}

/// What there is to say of a database that is not empty.
fn tell_again(contents: Contents, config: &Config) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if contents == Contents::Other {
        writeln!(out, "The database holds data already; no demo data were added.")?;
        return Ok(());
    }
    match std::fs::read_to_string(sign_ins_file(config)) {
        Ok(table) => {
            writeln!(
                out,
                "The database holds the demo data already. The sign-ins as they were made:\n\n{table}"
            )?;
        }
        Err(_) => writeln!(
            out,
            "The database holds the demo data already; their sign-ins were not kept here."
        )?,
    }
    writeln!(out, "To set another password: tillkeeper user set-password LOGIN")?;
    Ok(())
}

fn sign_ins_file(config: &Config) -> PathBuf {
    config.data_dir.join(SIGN_INS_FILE)
}

/// Writes the file so that this user only can read it, wherever it was before.
fn keep(file: &Path, table: &str) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(table.as_bytes())?;
    file.sync_all()
}

/// The sign-ins as columns; the merchant, whose width nobody knows, goes last.
fn table(sign_ins: &[SignIn]) -> String {
    let mut table = String::new();
    let width = sign_ins
        .iter()
        .map(|sign_in| sign_in.password.chars().count())
        .max()
        .unwrap_or_default()
        .max(8);
    let mut line = |login: &str, role: &str, password: &str, merchant: &str| {
        let _ = writeln!(table, "{login:<12} {role:<15} {password:<width$}  {merchant}");
    };
    line("login", "role", "password", "merchant");
    for sign_in in sign_ins {
        line(
            sign_in.login,
            sign_in.role.code(),
            &sign_in.password,
            sign_in.merchant.unwrap_or("-"),
        );
    }
    table
}
