//! Instants relative to today, in China's time.

use app::domain::Timestamp;

/// Offset of China Standard Time from UTC, all year: eight hours.
const OFFSET_MS: i64 = 8 * HOUR_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const MINUTE_MS: i64 = 60 * 1000;

/// Knows what day it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calendar {
    now: Timestamp,
    midnight: i64,
}

impl Calendar {
    pub(super) fn new(now: Timestamp) -> Self {
        let midnight = (now.0 + OFFSET_MS).div_euclid(Timestamp::DAY_MS) * Timestamp::DAY_MS - OFFSET_MS;
        Self { now, midnight }
    }

    /// The present instant.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// `hour`:`minute` on the day that was `days` days ago; never in the future as long as that is one or more.
    pub(super) fn ago(&self, days: i64, hour: i64, minute: i64) -> Timestamp {
        Timestamp(self.midnight - days * Timestamp::DAY_MS + hour * HOUR_MS + minute * MINUTE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_at_midnight_in_china() {
        // 2026-11-22T17:30:00Z is already the 23rd there.
        let calendar = Calendar::new(Timestamp(1_795_368_600_000));
        assert_eq!(calendar.ago(0, 0, 0), Timestamp(1_795_363_200_000));
        assert_eq!(
            calendar.ago(1, 9, 30),
            Timestamp(1_795_363_200_000 - 14 * HOUR_MS - 30 * MINUTE_MS)
        );
    }
}
