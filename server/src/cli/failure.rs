//! How a command fails: one sentence on the standard error and an exit code.

use crate::config::ConfigError;
use crate::database::DatabaseError;
use sea_orm::DbErr;
use std::io::{self, Write};
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was asked rightly and failed: exit code 1.
    Failed(String),
    /// It was asked wrongly: exit code 2.
    WrongUse(String),
    /// Whoever read the output has read enough and closed it, as `head` does: nothing is wrong.
    ReaderGone,
}

impl Failure {
    pub(super) fn failed(sentence: impl Into<String>) -> Self {
        Self::Failed(sentence.into())
    }

    pub(super) fn wrong_use(sentence: impl Into<String>) -> Self {
        Self::WrongUse(sentence.into())
    }

    /// Says it and gives the exit code.
    pub(super) fn tell(self) -> ExitCode {
        let (code, text) = match self {
            Self::Failed(text) => (1, text),
            Self::WrongUse(text) => (2, text),
            Self::ReaderGone => return ExitCode::SUCCESS,
        };
        let mut err = io::stderr().lock();
        for line in text.lines() {
            // Where even the standard error is closed, the exit code still tells.
            let _ = writeln!(err, "tillkeeper: {line}");
        }
        ExitCode::from(code)
    }
}

/// Writing the output failed. Errors of other files are told with their names instead.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(format!("the output cannot be written: {error}")),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::WrongUse(error.to_string())
    }
}

impl From<DatabaseError> for Failure {
    fn from(error: DatabaseError) -> Self {
        Self::Failed(format!("{error}."))
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Failed(format!("the database refused: {error}."))
    }
}
