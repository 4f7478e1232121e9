//! Instants as the API writes them.

use app::domain::Timestamp;
use chrono::{DateTime, SecondsFormat};

/// An instant in UTC by RFC 3339, to the millisecond.
pub(super) fn rfc3339(at: Timestamp) -> String {
    let at = DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
