//! `tillkeeper log`

use super::context::Context;
use super::failure::Failure;
use crate::services::chain_verify::{VerifyError, verify};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};

/// Check the device log
#[derive(Debug, clap::Args)]
pub(super) struct Log {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Recompute the hash chains; an entry that was edited, deleted, inserted or moved is found and named
    Verify,
}

impl Log {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Action::Verify = self.action;
        let config = context.config()?;
        let database = context.open(&config).await?;
        let progress = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{human_pos} entries checked") {
            progress.set_style(style);
        }
        let verified = verify(database.reader(), &mut |entries| progress.set_position(entries)).await;
        progress.finish_and_clear();
        database.close().await?;
        match verified {
            Ok(verified) => {
                writeln!(
                    io::stdout(),
                    "The device log is whole: {} entries in {} chains.",
                    verified.entries,
                    verified.chains
                )?;
                Ok(())
            }
            Err(VerifyError::Broken(broken)) => {
                Err(Failure::failed(format!("the device log was tampered with: {broken}.")))
            }
            Err(error) => Err(Failure::failed(format!("{error}."))),
        }
    }
}
