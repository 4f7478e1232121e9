//! The command line. One file per command; exit codes 0 done, 1 failed, 2 wrong use.

mod backup;
mod check_config;
mod context;
mod export;
mod failure;
mod healthcheck;
mod import;
mod log;
mod migrate;
mod openapi;
mod password;
mod restore;
mod seed_demo;
mod serve;
mod simulate;
mod sqlite_file;
mod user;
mod verdict;

use clap::{Parser, Subcommand};
use context::Context;
use failure::Failure;
use std::path::PathBuf;
use std::process::ExitCode;

/// Tillkeeper (终端管家) tells a merchant which POS terminals are registered and registers the rest.
///
/// Settings come from tillkeeper.toml in the working folder, then from the environment (TILLKEEPER_DATABASE_URL,
/// TILLKEEPER_LISTEN, TILLKEEPER_DATA_DIR, ...); `tillkeeper check-config` shows those in force. Exit codes: 0 done,
/// 1 failed, 2 wrong use.
#[derive(Debug, Parser)]
#[command(name = "tillkeeper", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    /// Read the settings from this file instead of tillkeeper.toml
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TILLKEEPER_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Migrate(migrate::Migrate),
    User(user::User),
    Import(import::Import),
    Export(export::Export),
    Verdict(verdict::Verdict),
    Log(log::Log),
    Backup(backup::Backup),
    Restore(restore::Restore),
    CheckConfig(check_config::CheckConfig),
    Healthcheck(healthcheck::Healthcheck),
    Openapi(openapi::Openapi),
    SeedDemo(seed_demo::SeedDemo),
    Simulate(simulate::Simulate),
}

/// Does what the command line of this process asks.
pub fn run() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    let context = Context::new(config);
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the system gives no threads: {error}")))
        .and_then(|runtime| runtime.block_on(command.run(&context)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

impl Command {
    async fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Serve(command) => command.run(context).await,
            Self::Migrate(command) => command.run(context).await,
            Self::User(command) => command.run(context).await,
            Self::Import(command) => command.run(context).await,
            Self::Export(command) => command.run(context).await,
            Self::Verdict(command) => command.run(context).await,
            Self::Log(command) => command.run(context).await,
            Self::Backup(command) => command.run(context).await,
            Self::Restore(command) => command.run(context).await,
            Self::CheckConfig(command) => command.run(context),
            Self::Healthcheck(command) => command.run(context).await,
            Self::Openapi(command) => command.run(),
            Self::SeedDemo(command) => command.run(context).await,
            Self::Simulate(command) => command.run(context).await,
        }
    }
}
