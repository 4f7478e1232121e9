//! How registrations went lately, counted from two partial indexes. What counts over every merchant is kept: the log only
//! grows, so that after the first time only the last hour is counted again, once a minute.

use super::failure::{Failure, unreadable};
use crate::clock::Surroundings;
use crate::database::Database;
use app::backend::trends::{DAYS, Day, MOST_REASONS, Trends};
use app::caller::{Caller, PlatformViewer, Scope};
use app::domain::{MerchantId, Reason, Timestamp};
use app::error::AppError;
use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta, TimeZone};
use chrono_tz::Tz;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};
use std::cmp::Reverse;
use std::collections::HashMap;
use tokio::sync::{Mutex, MutexGuard};

/// What an index of the migration `registration_days` is for; the words must be the index's own.
const REGISTRATIONS: &str = "kind IN ('registration.succeeded', 'registration.failed')";

/// Milliseconds of a quarter of an hour: every time zone's midnight begins one.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// How long what was counted over every merchant is told again, in milliseconds.
const KEPT_MS: i64 = 60_000;

/// How far back it is counted again: by more than the clocks of several servers differ, and than a transaction lasts.
const AGAIN_MS: i64 = 60 * 60 * 1000;

/// Registrations of a quarter of an hour.
#[derive(Clone, Copy)]
struct Quarter {
    begins: Timestamp,
    succeeded: bool,
    reason: Option<Reason>,
    count: u64,
}

/// What was counted over every merchant, and when.
#[derive(Default)]
struct Platform {
    at: Option<Timestamp>,
    quarters: Vec<Quarter>,
}

/// Answers [`Trends`].
pub struct TrendService {
    database: Database,
    surroundings: Surroundings,
    platform: Mutex<Platform>,
}

impl TrendService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self {
            database,
            surroundings,
            platform: Mutex::default(),
        }
    }

    async fn count_days(&self, caller: &Caller) -> Result<Vec<Day>, Failure> {
        let now = self.surroundings.now();
        let dates = dates(caller.zone(), now).ok_or_else(|| unreadable("instant"))?;
        let zone = caller.zone();
        match caller.scope() {
            Scope::Platform => {
                let kept = self.platform(now).await?;
                Ok(by_day(zone, dates, &kept.quarters))
            }
            Scope::Merchant(merchant) => {
                let quarters = self.quarters(Some(merchant), began(now)).await?;
                Ok(by_day(zone, dates, &quarters))
            }
        }
    }

    /// What was counted over every merchant within the last minute, or is counted now. Who asks meanwhile waits for it.
    async fn platform(&self, now: Timestamp) -> Result<MutexGuard<'_, Platform>, Failure> {
        let mut kept = self.platform.lock().await;
        if kept.at.is_none_or(|at| (now.0 - at.0).abs() >= KEPT_MS) {
            let oldest = began(now);
            let since = kept
                .at
                .filter(|at| *at <= now)
                .map_or(oldest, |at| quarter_of(at.plus_ms(-AGAIN_MS)).max(oldest));
            let fresh = self.quarters(None, since).await?;
            kept.quarters
                .retain(|quarter| quarter.begins >= oldest && quarter.begins < since);
            kept.quarters.extend(fresh);
            kept.at = Some(now);
        }
        Ok(kept)
    }

    async fn quarters(&self, merchant: Option<MerchantId>, since: Timestamp) -> Result<Vec<Quarter>, Failure> {
        let reader = self.database.reader();
        let rows = reader.query_all_raw(registrations(reader, merchant, since)).await?;
        rows.iter().map(Quarter::of).collect()
    }

    async fn most_frequent(&self) -> Result<Vec<(Reason, u64)>, Failure> {
        let kept = self.platform(self.surroundings.now()).await?;
        let mut times: HashMap<Reason, u64> = HashMap::new();
        let failed = kept.quarters.iter().filter(|quarter| !quarter.succeeded);
        for (reason, count) in failed.filter_map(|quarter| Some((quarter.reason?, quarter.count))) {
            *times.entry(reason).or_default() += count;
        }
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_by_key(|(reason, count)| (Reverse(*count), reason.code()));
        times.truncate(MOST_REASONS);
        Ok(times)
    }
}

/// Counts the registrations since an instant, of a merchant or of all, by quarter of an hour, kind and reason.
pub fn registrations(reader: &impl ConnectionTrait, merchant: Option<MerchantId>, since: Timestamp) -> Statement {
    let (index, within) = match merchant {
        Some(_) => ("ix_device_log_registrations_merchant", "merchant_id = $2 AND "),
        None => ("ix_device_log_registrations", ""),
    };
    let engine = reader.get_database_backend();
    // SQLite takes two kinds that are equal for better than one range, however long the log is.
    let by = match engine {
        DbBackend::Sqlite => format!(" INDEXED BY {index}"),
        _ => String::new(),
    };
    let sql = format!(
        "SELECT received_at / {QUARTER_MS} AS quarter, kind, reason, count(*) AS times FROM device_log{by} \
         WHERE {within}{REGISTRATIONS} AND received_at >= $1 GROUP BY received_at / {QUARTER_MS}, kind, reason"
    );
    let values = std::iter::once(since.0.into()).chain(merchant.map(|merchant| merchant.0.into()));
    Statement::from_sql_and_values(engine, sql, values)
}

impl Quarter {
    fn of(row: &QueryResult) -> Result<Self, Failure> {
        let quarter: i64 = row.try_get("", "quarter")?;
        let kind: String = row.try_get("", "kind")?;
        let reason: Option<String> = row.try_get("", "reason")?;
        let reason = reason.map(|reason| reason.parse().map_err(|_| unreadable("reason")));
        let times: i64 = row.try_get("", "times")?;
        Ok(Self {
            begins: Timestamp(quarter.saturating_mul(QUARTER_MS)),
            succeeded: kind == "registration.succeeded",
            reason: reason.transpose()?,
            count: u64::try_from(times).unwrap_or_default(),
        })
    }
}

/// Before the oldest day that is told, wherever it is told: a day more than [`DAYS`].
fn began(now: Timestamp) -> Timestamp {
    quarter_of(now.plus_ms(-(DAYS as i64 + 1) * Timestamp::DAY_MS))
}

/// When the quarter of an hour began that an instant is in.
fn quarter_of(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(QUARTER_MS) * QUARTER_MS)
}

/// The date of an instant in a time zone; `None` for one outside the calendar.
fn date(zone: Tz, at: Timestamp) -> Option<NaiveDate> {
    Some(zone.timestamp_millis_opt(at.0).single()?.date_naive())
}

/// The last [`DAYS`] dates, oldest first.
fn dates(zone: Tz, now: Timestamp) -> Option<Vec<NaiveDate>> {
    let today = date(zone, now)?;
    (0..DAYS as i64)
        .rev()
        .map(|ago| today.checked_sub_signed(TimeDelta::days(ago)))
        .collect()
}

fn by_day(zone: Tz, dates: Vec<NaiveDate>, quarters: &[Quarter]) -> Vec<Day> {
    let mut days: Vec<_> = dates
        .into_iter()
        .map(|date| Day {
            date,
            succeeded: 0,
            failed: 0,
        })
        .collect();
    for quarter in quarters {
        let Some(on) = date(zone, quarter.begins) else {
            continue;
        };
        // What is older than the first day, or written by a server whose clock is ahead, is on none of them.
        if let Ok(place) = days.binary_search_by_key(&on, |day| day.date)
            && let Some(day) = days.get_mut(place)
        {
            if quarter.succeeded {
                day.succeeded += quarter.count;
            } else {
                day.failed += quarter.count;
            }
        }
    }
    days
}

#[async_trait]
impl Trends for TrendService {
    async fn days(&self, caller: &Caller) -> Result<Vec<Day>, AppError> {
        Ok(self.count_days(caller).await?)
    }

    async fn reasons(&self, _by: PlatformViewer<'_>) -> Result<Vec<(Reason, u64)>, AppError> {
        Ok(self.most_frequent().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_falls_on_the_day_where_the_merchant_is() {
        // 2026-11-22 00:30 in Shanghai, 22:30 the day before in Urumqi, and 22:15 of that day in Kathmandu.
        let now = Timestamp(1_795_278_600_000);
        let quarter = |minutes: i64, succeeded, count| Quarter {
            begins: quarter_of(now.plus_ms(-minutes * 60_000)),
            succeeded,
            reason: None,
            count,
        };
        let quarters = [
            quarter(0, true, 3),
            quarter(45, false, 2),
            quarter(60 * 24 * 29, true, 1),
            quarter(60 * 24 * 31, true, 9),
            quarter(-60 * 48, true, 9),
        ];
        let told = |zone| {
            let days = by_day(zone, dates(zone, now).unwrap(), &quarters);
            assert_eq!(days.len(), DAYS);
            let last = days[DAYS - 1];
            let before = days[DAYS - 2];
            (
                last.date.to_string(),
                (last.succeeded, last.failed),
                (before.succeeded, before.failed),
                days[0].succeeded,
            )
        };
        assert_eq!(told(Tz::Asia__Shanghai), ("2026-11-22".to_owned(), (3, 0), (0, 2), 1));
        assert_eq!(told(Tz::Asia__Urumqi), ("2026-11-21".to_owned(), (3, 2), (0, 0), 1));
        assert_eq!(told(Tz::Asia__Kathmandu), ("2026-11-21".to_owned(), (3, 2), (0, 0), 1));
    }
}
