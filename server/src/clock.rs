//! The clock and the source of randomness, which everything that needs them is given.

use app::domain::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use uuid::Uuid;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// Makes bytes that nobody can guess.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` with random ones, fit for secrets.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The thread's cryptographic generator, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that makes random bytes")]
    fn fill(&self, bytes: &mut [u8]) {
        use rand::Rng;
        rand::rng().fill_bytes(bytes);
    }
}

/// The clock and the randomness that the services are given.
#[derive(Clone)]
pub struct Surroundings {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Instant and counter of the newest key: milliseconds times [`KEYS_PER_MS`], plus the keys made in them.
    newest_key: Arc<AtomicU64>,
}

/// Keys that the counter of 12 bits tells apart within a millisecond; more borrow from the next.
const KEYS_PER_MS: u64 = 1 << 12;

impl Surroundings {
    /// These two.
    pub fn new(clock: impl Clock + 'static, entropy: impl Entropy + 'static) -> Self {
        Self {
            clock: Arc::new(clock),
            entropy: Arc::new(entropy),
            newest_key: Arc::default(),
        }
    }

    /// The operating system's.
    pub fn system() -> Self {
        Self::new(SystemClock, SystemEntropy)
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// `N` random bytes, fit for secrets.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// A new key: a UUID of version 7 with a counter (RFC 9562, section 6.2, method 1), greater than every key made
    /// here before.
    pub fn new_id(&self) -> Uuid {
        let now = u64::try_from(self.now().0).unwrap_or_default() * KEYS_PER_MS;
        let next = |newest: u64| now.max(newest + 1);
        let newest = self
            .newest_key
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |newest| Some(next(newest)));
        let key = newest.map_or(now, next);
        let mut rest = self.bytes::<10>();
        [rest[0], rest[1]] = ((key % KEYS_PER_MS) as u16).to_be_bytes();
        uuid::Builder::from_unix_timestamp_millis(key / KEYS_PER_MS, &rest).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_grow_and_tell_their_instant() {
        #[derive(Clone)]
        struct Standing;
        impl Clock for Standing {
            fn now(&self) -> Timestamp {
                Timestamp(1_772_337_600_000)
            }
        }
        let surroundings = Surroundings::new(Standing, SystemEntropy);
        let keys: Vec<Uuid> = (0..5000).map(|_| surroundings.new_id()).collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(keys[0].as_u128() >> 80, 1_772_337_600_000);
        assert_eq!(
            keys[4999].as_u128() >> 80,
            1_772_337_600_001,
            "the counter borrows from the next millisecond"
        );
        assert!(keys.iter().all(|key| key.get_version_num() == 7));
    }
}
