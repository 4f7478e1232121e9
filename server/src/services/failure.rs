//! How a service's work fails: with an answer for the asker, or by breaking.

use super::passwords::PasswordError;
use app::error::{AppError, Invalid};
use sea_orm::sqlx::Error;
use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why a service's work did not end well.
#[derive(Debug)]
pub enum Failure {
    /// The asker is told.
    Told(AppError),
    /// Somebody else made the same row at the same time, or each waited for what the other held; where that is expected,
    /// the work begins again, and elsewhere the asker may try again.
    Raced(String),
    /// The database could not be reached; the asker may try again.
    Unreachable(String),
    /// Something broke; the asker is told only that.
    Broken(String),
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::Told(error)
    }
}

impl From<Invalid> for Failure {
    fn from(invalid: Invalid) -> Self {
        Self::Told(AppError::Invalid(invalid))
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        let cause = format!("database: {error}");
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Raced(cause),
            None if is_unreachable(&error) => Self::Unreachable(cause),
            None if is_deadlock(&error) => Self::Raced(cause),
            _ => Self::Broken(cause),
        }
    }
}

/// Whether there was no connection to ask on, or it broke while asking.
fn is_unreachable(error: &DbErr) -> bool {
    let told = match (error, driver_error(error)) {
        (DbErr::ConnectionAcquire(_), _) => return true,
        (_, Some(told)) => told,
        (_, None) => return false,
    };
    match told {
        Error::Io(_) | Error::Tls(_) | Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed => true,
        // Class 57 of PostgreSQL's codes: the server is being stopped, or starts.
        Error::Database(told) => matches!(told.code().as_deref(), Some("57P01" | "57P02" | "57P03")),
        _ => false,
    }
}

/// Whether PostgreSQL ended the transaction because it and another waited for each other.
fn is_deadlock(error: &DbErr) -> bool {
    matches!(driver_error(error), Some(Error::Database(told)) if told.code().as_deref() == Some("40P01"))
}

/// What the database's driver said.
fn driver_error(error: &DbErr) -> Option<&Error> {
    let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else {
        return None;
    };
    match cause {
        RuntimeErr::SqlxError(told) => Some(told),
        RuntimeErr::Internal(_) => None,
    }
}

impl From<PasswordError> for Failure {
    fn from(error: PasswordError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A row that says what no row can say: the schema's checks make this impossible short of damage.
pub(crate) fn unreadable(what: &str) -> Failure {
    Failure::Broken(format!("a stored {what} cannot be read"))
}

/// The boundary: what broke is logged here, once.
impl From<Failure> for AppError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Told(error) => error,
            Failure::Unreachable(cause) => {
                tracing::error!(cause, "the database cannot be reached");
                Self::Unavailable
            }
            Failure::Raced(cause) => {
                tracing::error!(cause, "somebody else was in the way");
                Self::Unavailable
            }
            Failure::Broken(cause) => {
                tracing::error!(cause, "a service failed");
                Self::Internal
            }
        }
    }
}
