//! Work that goes on after the request that asked for it: which server does it is in [`lease`], for whom in [`who`].

mod lease;
mod who;

use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

pub(super) use lease::{Interrupted, Lease, Leased, lasts};
pub(super) use who::Who;

/// How often a server looks for work that another one left.
const LOOK: Duration = Duration::from_secs(2);

/// Where a server works on jobs of one kind.
pub(super) struct Desk<E: Leased> {
    /// Told when there is new work.
    work: Notify,
    /// The lease that this server holds.
    holding: Mutex<Option<Lease<E>>>,
}

impl<E: Leased> Desk<E> {
    pub(super) fn new() -> Self {
        Self {
            work: Notify::new(),
            holding: Mutex::new(None),
        }
    }

    /// Says that there is work.
    pub(super) fn notify(&self) {
        self.work.notify_one();
    }

    /// Works under a lease until the end of `work` or of the lease.
    pub(super) async fn work(
        &self,
        database: &Database,
        surroundings: &Surroundings,
        lease: Lease<E>,
        work: impl Future<Output = Result<(), Interrupted>>,
    ) -> Result<(), Failure> {
        self.hold(Some(lease));
        let worked = lease.during(database, surroundings, work).await;
        self.hold(None);
        worked
    }

    fn hold(&self, lease: Option<Lease<E>>) {
        *self.holding.lock().unwrap_or_else(PoisonError::into_inner) = lease;
    }

    /// Works on `all` that waits, again and again until `stop` ends. What is under way then is left to whoever comes next.
    pub(super) async fn watch<Worked: Future>(
        &self,
        database: &Database,
        stop: impl Future<Output = ()>,
        all: impl Fn() -> Worked,
    ) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                // What went wrong has been logged where it did; the lease ends, and somebody tries again.
                _ = all() => {}
            }
            tokio::select! {
                () = &mut stop => break,
                () = self.work.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        let held = self.holding.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(lease) = held
            && let Err(error) = lease.give_back(database.writer()).await
        {
            tracing::warn!(%error, "a job waits until its lease ends");
        }
    }
}
