//! What lies outside the database: a folder with a signing key and its checkpoints.

use crate::world::{Result, World};
use app::caller::Caller;
use app::domain::Timestamp;
use server::clock::Surroundings;
use server::database::Database;
use server::services::chain_verify::{Broken, Options, Verified, VerifyError};
use server::services::checkpoints::keeper::{FILE, Keeper};
use server::services::checkpoints::key::{PublicKey, SigningKey};
use server::services::retention::{Retained, Retention, retain};
use std::path::PathBuf;
use tempfile::TempDir;

/// A data folder.
pub(crate) struct Evidence {
    folder: TempDir,
    public: PublicKey,
}

impl Evidence {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let key = SigningKey::open_or_create(&folder.path().join("key"), &Surroundings::system())?;
        let public = key.public();
        Ok(Self { folder, public })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The checkpoints.
    pub(crate) fn file(&self) -> PathBuf {
        self.path(FILE)
    }

    pub(crate) fn key(&self) -> Result<SigningKey> {
        Ok(SigningKey::open(&self.path("key"))?)
    }

    /// What a server with this data folder takes checkpoints with.
    pub(crate) fn keeper(&self, db: &Database) -> Result<Keeper> {
        Ok(Keeper::new(
            db.clone(),
            Surroundings::system(),
            self.key()?,
            self.file(),
        ))
    }

    /// Checks against these checkpoints, where there are any.
    pub(crate) fn options(&self) -> Options {
        Options {
            keys: vec![self.public],
            checkpoints: Some(self.file()).filter(|file| file.exists()).into_iter().collect(),
            ..Options::default()
        }
    }

    /// Exports what was received before an instant to `export.jsonl`, or another file, and drops it.
    pub(crate) async fn drop_until(&self, world: &World<'_>, until: Timestamp) -> Result<Option<Retained>> {
        self.drop_into(world, until, "export.jsonl").await
    }

    pub(crate) async fn drop_into(&self, world: &World<'_>, until: Timestamp, file: &str) -> Result<Option<Retained>> {
        let caller = Caller::system("log retain");
        let surroundings = Surroundings::new(world.clock.clone(), server::clock::SystemEntropy);
        let on = Retention {
            database: world.db,
            surroundings: &surroundings,
            key: &self.key()?,
            keys: &[self.public],
        };
        Ok(retain(caller.platform_admin()?, &on, until, &self.path(file), &mut |_| {}).await?)
    }
}

/// What a check found wrong.
#[track_caller]
pub(crate) fn broken(found: std::result::Result<Verified, VerifyError>, what: &str) -> Broken {
    match found {
        Err(VerifyError::Broken(broken)) => *broken,
        other => panic!("{what} was not found: {other:?}"),
    }
}
