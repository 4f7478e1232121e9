//! `tillkeeper migrate`

use super::context::Context;
use super::failure::Failure;
use crate::database::Database;
use clap::Subcommand;
use std::io::{self, Write};

/// Bring the database's tables up to date, or look at them
///
/// `serve` does this itself; run it beforehand to see that it works, or when several servers share one database.
#[derive(Debug, clap::Args)]
pub(super) struct Migrate {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Apply what is pending (the default)
    Up,
    /// Take back the newest migrations; THE DATA IN THEIR TABLES IS LOST
    Down {
        /// How many to take back
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        steps: u32,
    },
    /// List the migrations, oldest first, and whether each has been applied
    Status,
}

impl Migrate {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let database = Database::connect(config.database_url.expose()).await?;
        let mut out = io::stdout().lock();
        match self.action.unwrap_or(Action::Up) {
            Action::Up => match migrations::up(database.writer()).await? {
                0 => writeln!(out, "The tables are up to date.")?,
                applied => writeln!(out, "{applied} migrations applied; the tables are up to date.")?,
            },
            Action::Down { steps } => {
                let taken = migrations::down(database.writer(), steps).await?;
                writeln!(out, "{taken} migrations taken back.")?;
            }
            Action::Status => {
                for (name, applied) in migrations::status(database.reader()).await? {
                    writeln!(out, "{} {name}", if applied { "applied" } else { "pending" })?;
                }
            }
        }
        database.close().await?;
        Ok(())
    }
}
