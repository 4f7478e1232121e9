//! `GET /healthz` and `GET /readyz`, for whoever watches over the process.

use crate::database::Database;
use axum::extract::State;
use axum::http::StatusCode;

/// The process is up.
///
/// **Permissions:** anyone.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers and its tables are those of this program.
///
/// **Permissions:** anyone; nothing but yes or no is told.
pub async fn readyz(State(database): State<Database>) -> (StatusCode, &'static str) {
    match migrations::is_current(database.reader()).await {
        Ok(true) => (StatusCode::OK, "ready\n"),
        Ok(false) => (StatusCode::SERVICE_UNAVAILABLE, "the database is not migrated\n"),
        Err(error) => {
            tracing::warn!(%error, "the database cannot be reached");
            (StatusCode::SERVICE_UNAVAILABLE, "the database cannot be reached\n")
        }
    }
}
