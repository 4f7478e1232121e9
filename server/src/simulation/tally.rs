//! What happened to a simulated fleet, counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts calls by what they were and how they ended.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<(&'static str, String), Counted>>);

#[derive(Debug, Default)]
struct Counted {
    calls: u64,
    /// How often an answer took up to 2^n microseconds: memory stays small however many calls there are.
    took: [u64; 32],
}

/// A line of the summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What was called.
    pub call: &'static str,
    /// How it ended: a status, with the problem's code where there is one.
    pub ended: String,
    /// How often.
    pub calls: u64,
    /// Half of the answers took at most about so long.
    pub p50: Duration,
    /// 99 of 100 answers took at most about so long.
    pub p99: Duration,
}

impl Tally {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), Counted>> {
        // Nothing that holds the lock can leave a count half made.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn count(&self, call: &'static str, ended: String, took: Duration) {
        let mut all = self.locked();
        let counted = all.entry((call, ended)).or_default();
        counted.calls += 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        let place = (64 - micros.leading_zeros()) as usize;
        counted.took[place.min(counted.took.len() - 1)] += 1;
    }

    /// How many calls were made.
    pub fn calls(&self) -> u64 {
        self.locked().values().map(|counted| counted.calls).sum()
    }

    /// Everything that was counted.
    pub fn rows(&self) -> Vec<Row> {
        let row = |((call, ended), counted): (&(&'static str, String), &Counted)| Row {
            call,
            ended: ended.clone(),
            calls: counted.calls,
            p50: counted.within(counted.calls.div_ceil(2)),
            p99: counted.within((counted.calls * 99).div_ceil(100)),
        };
        self.locked().iter().map(row).collect()
    }
}

impl Counted {
    /// Within which time so many answers came.
    fn within(&self, calls: u64) -> Duration {
        let mut seen = 0;
        let place = self.took.iter().position(|count| {
            seen += count;
            seen >= calls
        });
        Duration::from_micros(1 << place.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let tally = Tally::default();
        for ms in 1..=100 {
            tally.count("heartbeat", "200".to_owned(), Duration::from_millis(ms));
        }
        tally.count("sign-in", "401 token_invalid".to_owned(), Duration::ZERO);
        assert_eq!(tally.calls(), 101);
        let rows = tally.rows();
        assert_eq!((rows[0].call, rows[0].calls), ("heartbeat", 100));
        assert!(rows[0].p50 >= Duration::from_millis(50) && rows[0].p50 < Duration::from_millis(100));
        assert!(rows[0].p99 >= Duration::from_millis(99) && rows[0].p99 < Duration::from_millis(200));
        assert_eq!(rows[1].ended, "401 token_invalid");
    }
}
