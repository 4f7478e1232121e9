//! What every command begins with: the settings, and the database that they name.

use super::failure::Failure;
use crate::clock::Surroundings;
use crate::config::{self, Config, Loaded, Origin, Sources};
use crate::database::Database;
use crate::services::Services;
use crate::telemetry;
use std::path::PathBuf;

/// Where the settings are.
pub(super) struct Context {
    sources: Sources,
}

impl Context {
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self {
            sources: Sources::of_process(file),
        }
    }

    /// The settings and where each came from.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        Ok(config::load(&self.sources)?)
    }

    /// The settings for a command that runs and ends: it logs warnings only, unless a filter was set.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let Loaded { mut config, origins } = self.load()?;
        if origins.get("log").is_none_or(|origin| *origin == Origin::Default) {
            config.log = "warn".to_owned();
        }
        telemetry::start(&config);
        Ok(config)
    }

    /// Opens a database that must be there with its tables as this version needs them.
    pub(super) async fn open(&self, config: &Config) -> Result<Database, Failure> {
        if let Some(path) = config.database_url.sqlite_path().filter(|path| !path.exists()) {
            return Err(Failure::failed(format!(
                "there is no database at {}; `tillkeeper migrate` makes one, and TILLKEEPER_DATABASE_URL or \
                 TILLKEEPER_DATA_DIR names another.",
                path.display()
            )));
        }
        let database = Database::connect(config.database_url.expose()).await?;
        if migrations::is_current(database.reader()).await? {
            return Ok(database);
        }
        Err(Failure::failed(
            "the database's tables are not those of this version; run `tillkeeper migrate` first.",
        ))
    }

    /// Opens a database; an empty one is given its tables. Tables of an earlier version are left to `migrate`, because a
    /// server of that version may be running on them.
    pub(super) async fn open_or_create(&self, config: &Config) -> Result<Database, Failure> {
        let database = Database::connect(config.database_url.expose()).await?;
        let status = migrations::status(database.reader()).await?;
        if status.iter().any(|(_, applied)| *applied) {
            database.close().await?;
            return self.open(config).await;
        }
        migrations::up(database.writer()).await?;
        Ok(database)
    }

    /// The services over a database.
    pub(super) fn services(&self, database: &Database) -> Result<Services, Failure> {
        Services::new(database.clone(), Surroundings::system())
            .map_err(|error| Failure::failed(format!("passwords cannot be hashed here: {error}.")))
    }
}
