//! Texts of a request that are nothing in particular.

use super::problem::Problem;
use axum::http::StatusCode;

/// That the text at `pointer` has at most `most` characters and none that no screen shows.
///
/// # Errors
/// The problem that says so.
pub(super) fn plain(pointer: &str, text: &str, most: usize) -> Result<(), Problem> {
    if text.chars().count() <= most && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid")
        .with_detail(format!("at most {most} characters and no control characters"))
        .at(pointer))
}
