//! The day that a shop lives in.

use app::domain::Timestamp;
use chrono::TimeZone;
use chrono_tz::Tz;

/// The date, `YYYY-MM-DD`, at an instant in a time zone of the IANA database; `None` where there is no such zone.
pub(crate) fn business_day(at: Timestamp, time_zone: &str) -> Option<String> {
    let zone: Tz = time_zone.parse().ok()?;
    let local = zone.timestamp_millis_opt(at.0).single()?;
    Some(local.date_naive().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_the_merchants_midnight() {
        // 2026-03-01T15:59:59.999Z
        let last_of_day = Timestamp(1_772_380_799_999);
        let shanghai = |at| business_day(at, "Asia/Shanghai").unwrap();
        assert_eq!(shanghai(last_of_day), "2026-03-01");
        assert_eq!(shanghai(last_of_day.plus_ms(1)), "2026-03-02");
        assert_eq!(business_day(last_of_day, "Asia/Urumqi").unwrap(), "2026-03-01");
        assert_eq!(business_day(last_of_day, "America/New_York").unwrap(), "2026-03-01");
        assert_eq!(business_day(last_of_day, "Asia/Nowhere"), None);
    }
}
