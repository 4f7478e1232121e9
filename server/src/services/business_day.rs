//! The day that a shop lives in.

use app::domain::Timestamp;
use chrono::TimeZone;
use chrono_tz::Tz;

/// The date, `YYYY-MM-DD`, at an instant in a time zone of the IANA database; `None` where there is no such zone.
pub(super) fn business_day(at: Timestamp, time_zone: &str) -> Option<String> {
    let zone: Tz = time_zone.parse().ok()?;
    let local = zone.timestamp_millis_opt(at.0).single()?;
    Some(local.date_naive().to_string())
}
