//! `tillkeeper backup`

use super::context::Context;
use super::failure::Failure;
use super::sqlite_file::{beside, check, put_in_place};
use crate::database::Engine;
use sea_orm::{ConnectionTrait, Statement};
use std::io::{self, Write};
use std::path::PathBuf;

/// Copy the SQLite database to a file, while the server may go on
///
/// The copy is one state of the database, checked and written to disk before the command ends. For PostgreSQL use
/// pg_dump.
#[derive(Debug, clap::Args)]
pub(super) struct Backup {
    /// The file to make; one that exists is not overwritten
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let config = context.config()?;
        let shown = self.file.display();
        if config.database_url.sqlite_path().is_none() {
            return Err(Failure::wrong_use(
                "this copies SQLite databases only; for PostgreSQL use pg_dump --format=custom --file FILE.",
            ));
        }
        if self.file.exists() {
            return Err(Failure::failed(format!("{shown} exists already; name another file.")));
        }
        let database = context.open(&config).await?;
        debug_assert_eq!(database.engine(), Engine::Sqlite);
        let part = beside(&self.file, ".part");
        let unwritable = |error: io::Error| Failure::failed(format!("{shown} cannot be written: {error}."));
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(error)),
            _ => {}
        }
        let copy = Statement::from_sql_and_values(
            database.writer().get_database_backend(),
            "VACUUM INTO ?",
            [part.display().to_string().into()],
        );
        let copied = database.writer().execute_raw(copy).await;
        database.close().await?;
        copied.map_err(|error| Failure::failed(format!("{shown} cannot be written: {error}.")))?;
        check(&part, &self.file).await?;
        put_in_place(&part, &self.file).map_err(unwritable)?;
        writeln!(io::stdout(), "The database was copied to {shown}.")?;
        Ok(())
    }
}
