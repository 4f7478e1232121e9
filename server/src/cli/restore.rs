//! `tillkeeper restore`

use super::context::Context;
use super::failure::Failure;
use super::sqlite_file::{beside, check, check_unused, put_in_place};
use crate::services::checkpoints::keeper::FILE;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Put a file that `backup` made in the place of the SQLite database
///
/// The file is checked first and left as it is. The server must not be running. For PostgreSQL use pg_restore.
#[derive(Debug, clap::Args)]
pub(super) struct Restore {
    /// The file that `backup` made
    file: PathBuf,
    /// Replace the database that is there; WHAT IS IN IT IS LOST
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let Some(target) = config.database_url.sqlite_path() else {
            return Err(Failure::wrong_use(
                "this restores SQLite databases only; for PostgreSQL use pg_restore --clean --dbname DATABASE FILE.",
            ));
        };
        let exists = target.exists();
        if exists && !self.replace {
            return Err(Failure::failed(format!(
                "there is a database at {} already; with --replace it is replaced, and what is in it is lost.",
                target.display()
            )));
        }
        if exists {
            check_unused(&target).await?;
        }
        let unwritable =
            |error: io::Error| Failure::failed(format!("{} cannot be written: {error}.", target.display()));
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder).map_err(unwritable)?;
        }
        let part = beside(&target, ".part");
        std::fs::copy(&self.file, &part)
            .map_err(|error| Failure::failed(format!("{} cannot be copied: {error}.", self.file.display())))?;
        if let Err(failure) = check(&part, &self.file).await {
            remove(&part).map_err(unwritable)?;
            return Err(failure);
        }
        // The old database's log must not be applied to the new one.
        for suffix in ["-wal", "-shm"] {
            remove(&beside(&target, suffix)).map_err(unwritable)?;
        }
        put_in_place(&part, &target).map_err(unwritable)?;
        writeln!(
            io::stdout(),
            "{} was restored from {}.",
            target.display(),
            self.file.display()
        )?;
        let checkpoints = config.data_dir.join(FILE);
        if exists && checkpoints.exists() {
            writeln!(
                io::stdout(),
                "The checkpoints in {} are of the log that was replaced, and an older one will not agree with them: set the \
                 file aside.",
                checkpoints.display()
            )?;
        }
        Ok(())
    }
}

/// Removes a file that may not be there.
fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
