//! The header `Retry-After` (RFC 9110, section 10.2.3).

use app::domain::Timestamp;

/// Whole seconds from now until an instant, rounded up, at least one.
pub(crate) fn retry_after(now: Timestamp, until: Timestamp) -> u64 {
    let ms = u64::try_from(until.0.saturating_sub(now.0)).unwrap_or_default();
    ms.div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_too_early() {
        let after = |until| retry_after(Timestamp(1000), Timestamp(until));
        assert_eq!([0, 1000, 1001, 2000, 2001].map(after), [1, 1, 1, 1, 2]);
    }
}
