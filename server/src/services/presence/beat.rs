//! Heartbeats. Those of terminals that are online gather in memory and are written together; the first one of a terminal
//! that was not is written, and told to the log, before it is answered.

use super::{Device, Failure, PresenceService};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::terminals::{Column, Entity};
use crate::services::apps::report::{self, Listed};
use crate::services::batch::Batcher;
use crate::services::chain::{self, Actor, NewEntry};
use app::domain::{Lifecycle, LogKind, Outcome, Report, ReportedApp, Timestamp};
use app::error::AppError;
use sea_orm::sea_query::{Expr, Func, LockType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

/// Time between heartbeats of a terminal for which nothing else is set, milliseconds.
pub const INTERVAL_MS: i64 = 60_000;

/// A terminal is offline once it has missed this many heartbeats.
const MISSED: i64 = 3;

/// Most heartbeats that one transaction writes.
const ROWS: usize = 1000;

/// What a terminal is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The present instant.
    pub now: Timestamp,
    /// The terminal's state.
    pub lifecycle: Lifecycle,
    /// When the next heartbeat is expected, milliseconds from now.
    pub next_ms: i64,
}

/// The newest heartbeat of a terminal that has not been written yet.
#[derive(Clone, Debug)]
pub(super) struct Beat {
    merchant: Uuid,
    at: Timestamp,
    online_until: Timestamp,
    report: String,
    firmware: Option<String>,
    /// Who listed which apps, where some were.
    listed: Option<(Device, Vec<ReportedApp>)>,
}

/// Heartbeats that wait to be written, by terminal.
#[derive(Default)]
pub(super) struct Pending(Mutex<BTreeMap<Uuid, Beat>>);

/// First heartbeats, each answered once it is on disk.
pub(super) type Arrivals = Batcher<(Device, Beat), Result<(), Arc<str>>>;

impl Pending {
    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<Uuid, Beat>> {
        // Nothing that holds the lock can leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, terminal: Uuid, mut beat: Beat) {
        let mut pending = self.locked();
        if let Some(before) = pending.get_mut(&terminal).filter(|_| beat.listed.is_none()) {
            // That a heartbeat lists no apps takes nothing back.
            beat.listed = before.listed.take();
        }
        pending.insert(terminal, beat);
    }

    fn take(&self) -> BTreeMap<Uuid, Beat> {
        std::mem::take(&mut self.locked())
    }

    /// Puts back what could not be written, unless something newer came meanwhile.
    fn give_back(&self, beats: impl IntoIterator<Item = (Uuid, Beat)>) {
        let mut pending = self.locked();
        for (terminal, beat) in beats {
            pending.entry(terminal).or_insert(beat);
        }
    }
}

impl PresenceService {
    /// Takes in what a terminal tells of itself. It is kept at the latest when [`PresenceService::flush`] is called next.
    ///
    /// **Permissions:** [`Device`].
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn heartbeat(&self, by: &Device, report: &Report) -> Result<Heard, AppError> {
        let now = self.surroundings.now();
        let interval = by.interval_ms.filter(|ms| *ms > 0).unwrap_or(INTERVAL_MS);
        let beat = Beat {
            merchant: by.merchant.0,
            at: now,
            online_until: now.plus_ms(MISSED.saturating_mul(interval)),
            report: report.to_json(),
            firmware: report.firmware.clone(),
            listed: report.apps.clone().map(|apps| (by.clone(), apps)),
        };
        if by.online {
            self.pending.add(by.terminal.0, beat);
        } else {
            let written = self.arrivals.ask((by.clone(), beat)).await;
            written
                .unwrap_or_else(|| Err("writing heartbeats panicked".into()))
                .map_err(|cause| Failure::Broken(format!("database: {cause}")))?;
        }
        Ok(Heard {
            now,
            lifecycle: by.lifecycle,
            next_ms: interval,
        })
    }

    /// Writes the heartbeats that have gathered; answers how many. What could not be written waits for the next time.
    ///
    /// **Permissions:** Tillkeeper itself.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn flush(&self) -> Result<usize, AppError> {
        let mut beats = self.pending.take().into_iter();
        let mut written = 0;
        loop {
            let chunk: Vec<_> = beats.by_ref().take(ROWS).collect();
            if chunk.is_empty() {
                return Ok(written);
            }
            if let Err(error) = self.write(&chunk).await {
                self.pending.give_back(chunk.into_iter().chain(beats));
                return Err(Failure::from(error).into());
            }
            written += chunk.len();
        }
    }

    /// In the order of the keys, as everybody locks terminals.
    async fn write(&self, beats: &[(Uuid, Beat)]) -> Result<(), DbErr> {
        let txn = self.database.begin().await?;
        let mut written = Vec::with_capacity(beats.len());
        for (terminal, beat) in beats {
            if write_beat(&txn, *terminal, beat, false).await? {
                written.push(beat);
            }
        }
        let entries = hear_apps(&txn, &self.surroundings, &written).await?;
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await
    }
}

/// The worker that writes first heartbeats, those that come at the same time in one transaction.
pub(super) fn arrivals(database: Database, surroundings: Surroundings) -> Arrivals {
    Batcher::start(move |arrivals: Vec<(Device, Beat)>| {
        let (database, surroundings) = (database.clone(), surroundings.clone());
        async move {
            let written = arrive(&database, &surroundings, &arrivals).await;
            let written = written.map_err(|error| Arc::<str>::from(error.to_string()));
            arrivals.iter().map(|_| written.clone()).collect()
        }
    })
}

async fn arrive(database: &Database, surroundings: &Surroundings, arrivals: &[(Device, Beat)]) -> Result<(), DbErr> {
    // The newest of each terminal, in the order of the keys.
    let newest: BTreeMap<Uuid, &(Device, Beat)> = arrivals.iter().map(|one| (one.0.terminal.0, one)).collect();
    let txn = database.begin().await?;
    let locked: Vec<(Uuid, bool)> = Entity::find()
        .select_only()
        .columns([Column::Id, Column::Online])
        .filter(Column::Id.is_in(newest.keys().copied()))
        .order_by_asc(Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple()
        .all(&txn)
        .await?;
    let (mut entries, mut heard) = (Vec::new(), Vec::new());
    for (terminal, online) in locked {
        let Some((device, beat)) = newest.get(&terminal) else {
            continue;
        };
        let written = write_beat(&txn, terminal, beat, true).await?;
        if written {
            heard.push(beat);
        }
        if written && !online {
            let actor = Actor::terminal(Some(device.terminal));
            entries.push(NewEntry {
                merchant: Some(device.merchant),
                occurred: beat.at,
                terminal: Some(device.terminal),
                sn_sent: Some(device.sn_printed.clone()),
                ..NewEntry::of(
                    surroundings,
                    &device.request,
                    actor,
                    LogKind::TerminalOnline,
                    Outcome::Info,
                )
            });
        }
    }
    entries.extend(hear_apps(&txn, surroundings, &heard).await?);
    chain::append(&txn, surroundings, entries).await?;
    txn.commit().await
}

/// What the apps that came with heartbeats change, in the transaction that has written these.
async fn hear_apps(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    beats: &[&Beat],
) -> Result<Vec<NewEntry>, DbErr> {
    let lists: Vec<_> = beats
        .iter()
        .filter_map(|beat| {
            let (device, apps) = beat.listed.as_ref()?;
            let at = beat.at;
            Some(Listed { device, at, apps })
        })
        .collect();
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    report::hear(txn, surroundings, &lists).await
}

/// Writes a heartbeat, unless the terminal is no longer that merchant's or no longer registered. Answers whether it was
/// written.
async fn write_beat(
    connection: &impl ConnectionTrait,
    terminal: Uuid,
    beat: &Beat,
    comes_online: bool,
) -> Result<bool, DbErr> {
    let firmware = Func::coalesce([Expr::val(beat.firmware.clone()), Expr::col(Column::Firmware)]);
    let mut update = Entity::update_many()
        .col_expr(Column::LastSeenAt, beat.at.0.into())
        .col_expr(Column::ReportedAt, beat.at.0.into())
        .col_expr(Column::LastReport, beat.report.clone().into())
        .col_expr(Column::OnlineUntil, beat.online_until.0.into())
        .col_expr(Column::Firmware, firmware.into());
    if comes_online {
        update = update.col_expr(Column::Online, true.into());
    }
    let written = update
        .filter(Column::Id.eq(terminal))
        .filter(Column::MerchantId.eq(beat.merchant))
        .filter(Column::Lifecycle.eq(Lifecycle::Registered.code()))
        .exec(connection)
        .await?;
    Ok(written.rows_affected > 0)
}
