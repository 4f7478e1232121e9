//! `tillkeeper log retain`

use super::{Context, Failure, believed, unusable, verify};
use crate::clock::Surroundings;
use crate::config::Config;
use crate::services::chain_verify::Options;
use crate::services::checkpoints::keeper::{FILE, Keeper};
use crate::services::checkpoints::key::{PublicKey, SigningKey};
use crate::services::retention::{Retention, day, kept_from, retain};
use app::caller::Caller;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Export the oldest months of the device log to a file and drop them
///
/// Whole months (UTC) that are over are kept for as long as the setting log_retention_months says. The log is checked first,
/// as `log verify` does, and nothing is dropped from one that was tampered with. The file is signed, `log verify --export`
/// checks it, and the log that remains begins at a signed boundary. On PostgreSQL run it as the owner of the tables.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Retain {
    /// The file to make; one that exists is not overwritten [default: device-log-before-MONTH.jsonl in the data folder]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep more whole months than the setting says
    #[arg(long, value_name = "N")]
    months: Option<u32>,
    /// Believe boundaries and checkpoints that this key signed, beside the one in the data folder; may be given more than once
    #[arg(long, value_name = "KEY")]
    public_key: Vec<PublicKey>,
}

impl Retain {
    pub(in crate::cli) async fn run(self, context: &Context, config: &Config) -> Result<(), Failure> {
        let least = config.log_retention_months;
        let months = self.months.unwrap_or(least);
        if months < least {
            return Err(Failure::wrong_use(format!(
                "--months {months} is less than the {least} that are kept at least (TILLKEEPER_LOG_RETENTION_MONTHS)."
            )));
        }
        let surroundings = Surroundings::system();
        let until = kept_from(surroundings.now(), months);
        let path = self
            .output
            .unwrap_or_else(|| default_path(&config.data_dir, &day(until)));
        if path.exists() {
            return Err(Failure::failed(format!(
                "{} exists already; name another file.",
                path.display()
            )));
        }
        let database = context.open(config).await?;
        let key = SigningKey::open_or_create(&config.log_key, &surroundings).map_err(unusable)?;
        let keys = believed(config, &self.public_key)?;
        let own = config.data_dir.join(FILE);
        let options = Options {
            keys: keys.clone(),
            checkpoints: Some(own.clone()).filter(|own| own.exists()).into_iter().collect(),
            ..Options::default()
        };
        verify::whole(&database, &options, None).await?;
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{human_pos} entries exported and dropped") {
            bar.set_style(style);
        }
        let caller = Caller::system("log retain");
        let by = caller
            .platform_admin()
            .map_err(|error| Failure::failed(format!("{error}.")))?;
        let on = Retention {
            database: &database,
            surroundings: &surroundings,
            key: &key,
            keys: &keys,
        };
        let retained = retain(by, &on, until, &path, &mut |entries| bar.set_position(entries)).await;
        bar.finish_and_clear();
        let retained = retained.map_err(|error| Failure::failed(format!("{error}.")))?;
        let keeper = Keeper::new(database.clone(), surroundings, key, own);
        let taken = keeper.take().await;
        database.close().await?;
        taken.map_err(|error| Failure::failed(format!("{error}.")))?;
        match retained {
            Some(retained) => writeln!(
                io::stdout(),
                "{} entries of {} chains, received before {} (UTC), were exported to {} and dropped.",
                retained.entries,
                retained.chains,
                day(until),
                path.display()
            )?,
            None => writeln!(
                io::stdout(),
                "No entry was received before {} (UTC); nothing was dropped.",
                day(until)
            )?,
        }
        Ok(())
    }
}

/// The first free name for an export in the data folder: a run that was interrupted may have left a whole file.
fn default_path(data_dir: &Path, until: &str) -> PathBuf {
    let month = until.get(..7).unwrap_or(until);
    let named = |more: String| data_dir.join(format!("device-log-before-{month}{more}.jsonl"));
    let mut path = named(String::new());
    let mut number = 2;
    while path.exists() {
        path = named(format!("-{number}"));
        number += 1;
    }
    path
}
