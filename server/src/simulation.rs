//! A fleet of terminals that talk to the device API as real ones do: they register, sign in, send heartbeats, and some of them
//! fail. For trying a server out, and for finding out how many terminals it bears.

mod client;
pub mod failing;
mod tally;
mod terminal;

use crate::clock::Surroundings;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub use client::{Address, AddressError};
pub use failing::{Fails, FailsError, Failure};
pub use tally::{Row, Tally};

/// Over how long at most the terminals come, one after the other.
const MOST_RAMP: Duration = Duration::from_secs(10);

/// A terminal to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Its serial number.
    pub sn: String,
    /// The activation code that is out for it.
    pub code: String,
}

/// What a fleet is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the device API is.
    pub address: Address,
    /// For how long.
    pub duration: Duration,
    /// Time between heartbeats; what the server says when absent.
    pub interval: Option<Duration>,
    /// Which shares of the fleet fail in which way.
    pub fails: Fails,
}

/// Runs a fleet to its end and answers what happened; `tally` can be looked at meanwhile.
pub async fn run(fleet: Vec<Credentials>, plan: Plan, surroundings: Surroundings, tally: Arc<Tally>) {
    let client = Arc::new(client::Client::new(plan.address.clone(), tally));
    let begun = Instant::now();
    let until = begun + plan.duration;
    let ramp = MOST_RAMP.min(plan.duration / 4);
    let size = u32::try_from(fleet.len()).unwrap_or(u32::MAX).max(1);
    let mut running = tokio::task::JoinSet::new();
    for (place, credentials) in (0u32..).zip(fleet) {
        let life = terminal::Life {
            client: client.clone(),
            key: surroundings.new_id().to_string(),
            credentials,
            failure: plan.fails.of(place, size),
            place,
            begins: begun + ramp * place / size,
            until,
            interval: plan.interval,
        };
        running.spawn(life.live());
    }
    while running.join_next().await.is_some() {}
}
