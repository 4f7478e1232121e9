//! `tillkeeper log verify`

use super::{Context, Failure, believed};
use crate::config::Config;
use crate::database::Database;
use crate::entities::merchants;
use crate::services::chain_verify::{Options, VerifyError, verify_with};
use crate::services::checkpoints::keeper::FILE;
use crate::services::checkpoints::key::PublicKey;
use crate::services::retention::{day, export};
use app::domain::{MerchantId, MerchantNo, Timestamp};
use chrono::{DateTime, NaiveDate};
use indicatif::{ProgressBar, ProgressStyle};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use std::io::{self, Write};
use std::path::PathBuf;

/// Recompute the hash chains of the device log; an entry that was edited, deleted, inserted or moved is found and named
///
/// The checkpoints in the data folder, where there are any, must agree with the log as well, so that chains that were made
/// anew and tails that were cut off are found too. Copies that were kept elsewhere are better evidence: name them with
/// --checkpoints. Exits with 1 when anything is wrong.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Verify {
    /// Check only entries received from this day or instant on (UTC): 2026-03-01 or 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<Timestamp>,
    /// Check only this merchant's entries
    #[arg(long, value_name = "NUMBER")]
    merchant: Option<String>,
    /// Check against this file of checkpoints instead of the one in the data folder; may be given more than once
    #[arg(long, value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Believe what this key signed, beside the one in the data folder: 64 hexadecimal digits; may be given more than once
    #[arg(long, value_name = "KEY")]
    public_key: Vec<PublicKey>,
    /// Check this file that `log retain` made, and not the database
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "merchant", "checkpoints"])]
    export: Option<PathBuf>,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    let day = || {
        let day: NaiveDate = text.parse().ok()?;
        Some(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
    };
    let instant = || DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis());
    let found = day().or_else(instant).filter(|ms| *ms >= 0);
    found
        .map(Timestamp)
        .ok_or_else(|| "write 2026-03-01 or 2026-03-01T08:00:00Z".to_owned())
}

impl Verify {
    pub(in crate::cli) async fn run(self, context: &Context, config: &Config) -> Result<(), Failure> {
        let keys = believed(config, &self.public_key)?;
        if let Some(path) = self.export {
            return verify_export(path, keys).await;
        }
        let database = context.open(config).await?;
        let mut options = Options {
            merchant: None,
            since: self.since,
            keys,
            checkpoints: self.checkpoints,
        };
        if let Some(number) = &self.merchant {
            options.merchant = Some(merchant(&database, number).await?);
        }
        let own = config.data_dir.join(FILE);
        if options.checkpoints.is_empty() && own.exists() {
            options.checkpoints.push(own);
        }
        whole(&database, &options, Some(config)).await?;
        database.close().await?;
        Ok(())
    }
}

async fn merchant(database: &Database, number: &str) -> Result<MerchantId, Failure> {
    let number = MerchantNo::parse(number)
        .map_err(|error| Failure::wrong_use(format!("{number:?} cannot be a merchant number: {error}.")))?;
    let found = merchants::Entity::find()
        .filter(merchants::Column::MerchantNo.eq(number.as_str()))
        .one(database.reader())
        .await?;
    found
        .map(|merchant| MerchantId(merchant.id))
        .ok_or_else(|| Failure::failed(format!("there is no merchant with the number {number}.")))
}

/// Checks the log and, when `told`, says what was checked.
pub(super) async fn whole(database: &Database, options: &Options, told: Option<&Config>) -> Result<(), Failure> {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos}/{human_len} entries checked, {eta} left") {
        bar.set_style(style);
    }
    let verified = verify_with(database.reader(), options, &mut |progress| {
        bar.set_length(progress.of.max(progress.entries));
        bar.set_position(progress.entries);
    })
    .await;
    bar.finish_and_clear();
    match verified {
        Ok(verified) => {
            if told.is_some() {
                let mut out = io::stdout().lock();
                writeln!(
                    out,
                    "The device log is whole: {} entries in {} chains.",
                    verified.entries, verified.chains
                )?;
                for path in &options.checkpoints {
                    writeln!(out, "It agrees with the checkpoints in {}.", path.display())?;
                }
            }
            Ok(())
        }
        Err(VerifyError::Broken(broken)) => {
            let owner = match merchants::Entity::find_by_id(broken.chain)
                .one(database.reader())
                .await?
            {
                Some(merchant) => format!("merchant {}", merchant.merchant_no),
                None if broken.chain.is_nil() => "the platform".to_owned(),
                None => "nobody".to_owned(),
            };
            Err(Failure::failed(format!(
                "the device log was tampered with: {broken}. The chain is that of {owner}."
            )))
        }
        Err(error) => Err(Failure::failed(format!("{error}."))),
    }
}

async fn verify_export(path: PathBuf, keys: Vec<PublicKey>) -> Result<(), Failure> {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{human_pos} entries checked") {
        bar.set_style(style);
    }
    let checking = tokio::task::spawn_blocking(move || {
        let found = export::verify(&path, &keys, &mut |entries| bar.set_position(entries));
        bar.finish_and_clear();
        found
    });
    let found = checking
        .await
        .map_err(|error| Failure::failed(format!("the export could not be checked: {error}.")))?
        .map_err(|error| Failure::failed(format!("{error}.")))?;
    writeln!(
        io::stdout(),
        "The export is whole: {} entries of {} chains, received before {} (UTC).",
        found.entries,
        found.chains,
        day(found.until)
    )?;
    Ok(())
}
