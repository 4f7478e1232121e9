//! Noticing that terminals fell silent, and the clockwork that keeps writing and noticing.

use super::{Failure, INTERVAL_MS, PresenceService};
use crate::entities::terminals::{Column, Entity};
use crate::services::chain::{self, Actor, NewEntry};
use app::caller::RequestInfo;
use app::domain::{ActorKind, LogKind, MerchantId, Outcome, TerminalId, Timestamp};
use app::error::AppError;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior, LockType};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select};
use serde_json::json;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};
use uuid::Uuid;

/// Most terminals that one transaction finds silent.
const ROWS: u64 = 500;

/// How often gathered heartbeats are written.
const FLUSH: Duration = Duration::from_secs(1);

/// How often silent terminals are looked for.
const SWEEP: Duration = Duration::from_secs(10);

#[derive(FromQueryResult)]
struct Silent {
    id: Uuid,
    merchant_id: Option<Uuid>,
    sn_printed: String,
    online_until: Option<i64>,
    last_seen_at: Option<i64>,
}

/// The online terminals that are silent at an instant, as the sweep asks for them: some at a time, longest silent first. That
/// they are online is written out and not bound, for a plan must know it to read their index and no other terminals.
pub fn silent_at(now: Timestamp) -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::MerchantId,
            Column::SnPrinted,
            Column::OnlineUntil,
            Column::LastSeenAt,
        ])
        .filter(Expr::col((Entity, Column::Online)).eq(Expr::cust("TRUE")))
        .filter(Column::OnlineUntil.lt(now.0))
        .order_by_asc(Column::OnlineUntil)
        .limit(ROWS)
        // Who is being written just now is not silent.
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
}

impl PresenceService {
    /// Marks the terminals as offline that missed their heartbeats, and tells the log; answers how many. Reads nothing but
    /// the index of those that fell silent.
    ///
    /// **Permissions:** Tillkeeper itself.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn sweep(&self) -> Result<usize, AppError> {
        // What gathered in memory may be the sign of life that is looked for.
        self.flush().await?;
        let mut silent = 0;
        loop {
            let found = self.sweep_some().await?;
            silent += found;
            if found < ROWS as usize {
                return Ok(silent);
            }
        }
    }

    async fn sweep_some(&self) -> Result<usize, Failure> {
        let now = self.surroundings.now();
        let txn = self.database.begin().await?;
        let silent: Vec<Silent> = silent_at(now).into_model().all(&txn).await?;
        Entity::update_many()
            .col_expr(Column::Online, false.into())
            .filter(Column::Id.is_in(silent.iter().map(|terminal| terminal.id)))
            .exec(&txn)
            .await?;
        let found = silent.len();
        let request = RequestInfo {
            id: self.surroundings.new_id().simple().to_string(),
            ..RequestInfo::default()
        };
        let entries = silent
            .into_iter()
            .map(|terminal| self.fell_silent(&request, terminal))
            .collect();
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(found)
    }

    fn fell_silent(&self, request: &RequestInfo, terminal: Silent) -> NewEntry {
        let system = Actor {
            kind: ActorKind::System,
            id: None,
            label: None,
        };
        let entry = NewEntry::of(
            &self.surroundings,
            request,
            system,
            LogKind::TerminalOffline,
            Outcome::Info,
        );
        NewEntry {
            merchant: terminal.merchant_id.map(MerchantId),
            occurred: terminal.online_until.map_or(entry.occurred, Timestamp),
            terminal: Some(TerminalId(terminal.id)),
            sn_sent: Some(terminal.sn_printed),
            detail: json!({ "last_seen_at": terminal.last_seen_at }),
            ..entry
        }
    }
}

/// Writes gathered heartbeats every second and looks for silent terminals every ten, until `stop`; then writes what has
/// gathered last. It begins to look one heartbeat's time after the start: that this server was not there is no terminal's
/// silence.
pub async fn watch(presence: Arc<PresenceService>, stop: impl Future<Output = ()>) {
    let mut flushes = interval(FLUSH);
    let grace = Duration::from_millis(INTERVAL_MS.unsigned_abs());
    let mut sweeps = interval_at(Instant::now() + grace, SWEEP);
    for ticks in [&mut flushes, &mut sweeps] {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let mut stop = pin!(stop);
    loop {
        // A failure has been logged, and the next tick tries again.
        tokio::select! {
            () = &mut stop => break,
            _ = flushes.tick() => drop(presence.flush().await),
            _ = sweeps.tick() => if let Ok(silent @ 1..) = presence.sweep().await {
                tracing::info!(silent, "terminals fell silent");
            },
        }
    }
    if presence.flush().await.is_err() {
        tracing::warn!("the last heartbeats could not be written");
    }
}
