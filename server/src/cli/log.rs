//! `tillkeeper log`

mod retain;
mod verify;

use super::context::Context;
use super::failure::Failure;
use crate::clock::Surroundings;
use crate::config::Config;
use crate::services::checkpoints::keeper::{FILE, Keeper, Taken};
use crate::services::checkpoints::key::{KeyError, PublicKey, SigningKey};
use clap::Subcommand;
use std::io::{self, Write};

/// Check the device log, sign checkpoints of it, export and drop its oldest months
#[derive(Debug, clap::Args)]
pub(super) struct Log {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Verify(verify::Verify),
    Retain(retain::Retain),
    /// Sign a checkpoint of the device log now, as the server does at an interval and when it stops
    ///
    /// It is appended to log-checkpoints.jsonl in the data folder.
    Checkpoint,
    /// Print the public half of the key that signs checkpoints
    ///
    /// Keep it elsewhere, with copies of the checkpoints: `log verify --public-key` takes it.
    PublicKey,
}

impl Log {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        match self.action {
            Action::Verify(command) => command.run(context, &config).await,
            Action::Retain(command) => command.run(context, &config).await,
            Action::Checkpoint => checkpoint(context, &config).await,
            Action::PublicKey => {
                let key = SigningKey::open(&config.log_key).map_err(unusable)?;
                Ok(writeln!(io::stdout(), "{}", key.public())?)
            }
        }
    }
}

async fn checkpoint(context: &Context, config: &Config) -> Result<(), Failure> {
    let surroundings = Surroundings::system();
    let database = context.open(config).await?;
    let key = SigningKey::open_or_create(&config.log_key, &surroundings).map_err(unusable)?;
    let keeper = Keeper::new(database.clone(), surroundings, key, config.data_dir.join(FILE));
    let taken = keeper.take().await;
    database.close().await?;
    let path = keeper.path().display();
    match taken.map_err(|error| Failure::failed(format!("{error}.")))? {
        Taken::New { number, chains } => {
            writeln!(
                io::stdout(),
                "Checkpoint {number} over {chains} chains was appended to {path}."
            )?;
        }
        Taken::Nothing => {
            writeln!(
                io::stdout(),
                "Nothing has happened since the last checkpoint in {path}."
            )?;
        }
    }
    Ok(())
}

fn unusable(error: KeyError) -> Failure {
    Failure::failed(format!("{error} (TILLKEEPER_LOG_KEY)."))
}

/// The keys whose signatures are believed: the one in the data folder, when there is one, and those that were named.
fn believed(config: &Config, named: &[PublicKey]) -> Result<Vec<PublicKey>, Failure> {
    let own = match SigningKey::open(&config.log_key) {
        Ok(key) => Some(key.public()),
        Err(KeyError::Missing(_)) => None,
        Err(error) => return Err(unusable(error)),
    };
    Ok(own.into_iter().chain(named.iter().copied()).collect())
}
