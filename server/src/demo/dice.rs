//! Chance that falls the same way each time, and a clock that is set by hand: demo data must be alike everywhere.

use crate::clock::{Clock, Entropy, Surroundings};
use app::domain::Timestamp;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

const SEED: u64 = 0x7111_6b65_6570_6572;

/// The dice, and the surroundings that play with them at an instant of one's choice. No secret may come from them.
#[derive(Clone)]
pub(super) struct Dice {
    generator: Arc<Mutex<Xoshiro256PlusPlus>>,
    instant: Arc<AtomicI64>,
}

impl Dice {
    pub(super) fn new() -> Self {
        let generator = Xoshiro256PlusPlus::seed_from_u64(SEED);
        Self {
            generator: Arc::new(Mutex::new(generator)),
            instant: Arc::default(),
        }
    }

    /// A number below `end`, which is not 0.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.with(|generator| generator.random_range(0..end.max(1)))
    }

    /// A number from `range`, both ends included.
    pub(super) fn between(&self, from: i64, to: i64) -> i64 {
        self.with(|generator| generator.random_range(from..=to.max(from)))
    }

    /// One of `choices`, which are not none.
    pub(super) fn one_of<'a, T>(&self, choices: &'a [T]) -> &'a T {
        let place = self.below(u64::try_from(choices.len()).unwrap_or(u64::MAX));
        &choices[usize::try_from(place).unwrap_or_default()]
    }

    /// 32 bytes that stand for a hash of something that nobody has.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        self.fill(&mut bytes);
        bytes
    }

    /// A key of that instant: a UUID of version 7 (RFC 9562).
    pub(super) fn id(&self, at: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.fill(&mut random);
        let ms = u64::try_from(at.0).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }

    /// Surroundings in which it is the instant of the last call.
    pub(super) fn surroundings_at(&self, at: Timestamp) -> Surroundings {
        self.instant.store(at.0, Ordering::Relaxed);
        Surroundings::new(self.clone(), self.clone())
    }

    fn with<T>(&self, throw: impl FnOnce(&mut Xoshiro256PlusPlus) -> T) -> T {
        // A generator is whole whenever a panic could have come by.
        throw(&mut self.generator.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for Dice {
    fn now(&self) -> Timestamp {
        Timestamp(self.instant.load(Ordering::Relaxed))
    }
}

impl Entropy for Dice {
    fn fill(&self, bytes: &mut [u8]) {
        self.with(|generator| generator.fill_bytes(bytes));
    }
}
