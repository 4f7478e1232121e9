//! What is known of terminals, as the verdict wants it.

use crate::entities::{app_grants, app_installs, apps, merchants, terminals};
use crate::services::business_day::business_day;
use crate::services::failure::{Failure, unreadable};
use crate::services::terminals::listed_columns;
use app::backend::terminals::TerminalRow;
use app::caller::Scope;
use app::domain::app_policy::effective;
use app::domain::{
    BusinessDay, Facts, Grant, GrantTarget, InstallState, PaymentApp, Report, StoreId, TerminalId, Timestamp,
};
use sea_orm::sea_query::{Expr, ExprTrait, JoinType, Query, SelectStatement, UnionType};
use sea_orm::{ConnectionTrait, QueryResult};
use std::collections::{BTreeSet, HashMap};
use terminals::Column;
use uuid::Uuid;

/// A terminal, and what is known of it.
pub(super) struct Known {
    pub(super) row: TerminalRow,
    pub(super) facts: Facts,
    merchant: Option<Uuid>,
    store: Option<StoreId>,
}

/// Time zone of a terminal that is nobody's.
const NOBODYS_ZONE: &str = "Asia/Shanghai";

/// The date in each time zone at one instant, worked out once.
pub(super) struct Days {
    now: Timestamp,
    known: Vec<(String, String)>,
}

impl Days {
    pub(super) fn at(now: Timestamp) -> Self {
        Self { now, known: Vec::new() }
    }

    fn today(&mut self, zone: &str) -> Result<String, Failure> {
        if let Some((_, day)) = self.known.iter().find(|(known, _)| known == zone) {
            return Ok(day.clone());
        }
        let day = business_day(self.now, zone).ok_or_else(|| unreadable("time zone"))?;
        self.known.push((zone.to_owned(), day.clone()));
        Ok(day)
    }
}

/// Asks for the facts behind what a list shows, in the order in which [`Known::of`] reads them.
pub(super) fn add_columns(select: &mut SelectStatement, scope: Scope) {
    for fact in [
        Column::MerchantId,
        Column::StoreId,
        Column::TokenIssuedAt,
        Column::OnlineUntil,
        Column::LastReport,
        Column::ReportedAt,
        Column::BusinessDay,
        Column::SignedInAt,
        Column::SignedOutAt,
    ] {
        select.column((terminals::Entity, fact));
    }
    // The platform's scope has joined the merchants already, for their names.
    if let Scope::Merchant(_) = scope {
        select.join(
            JoinType::LeftJoin,
            merchants::Entity,
            Expr::col((merchants::Entity, merchants::Column::Id)).equals((terminals::Entity, Column::MerchantId)),
        );
    }
    select
        .expr(Expr::col((terminals::Entity, Column::TokenHash)).is_not_null())
        .column((merchants::Entity, merchants::Column::State))
        .column((merchants::Entity, merchants::Column::TimeZone));
}

impl Known {
    /// Reads what [`add_columns`] asked for. By their places: a list has many.
    pub(super) fn of(found: &QueryResult, row: TerminalRow, scope: Scope, days: &mut Days) -> Result<Self, Failure> {
        let first = listed_columns(scope);
        let instant = |place| -> Result<Option<Timestamp>, Failure> {
            let at: Option<i64> = found.try_get_by_index(first + place)?;
            Ok(at.map(Timestamp))
        };
        let text = |place| -> Result<Option<String>, Failure> { Ok(found.try_get_by_index(first + place)?) };
        let key = |place| -> Result<Option<Uuid>, Failure> { Ok(found.try_get_by_index(first + place)?) };
        let holds_token: bool = found.try_get_by_index(first + 9)?;
        let report = text(4)?.as_deref().and_then(Report::parse);
        let day = text(6)?.zip(instant(7)?);
        let signed_out = instant(8)?;
        let facts = Facts {
            lifecycle: row.lifecycle,
            merchant_active: text(10)?.map(|state| state == "active"),
            connected: instant(2)?.filter(|_| holds_token),
            payment: PaymentApp::default(),
            business_day: day.map(|(day, signed_in)| BusinessDay {
                day,
                signed_in,
                signed_out,
            }),
            today: days.today(text(11)?.as_deref().unwrap_or(NOBODYS_ZONE))?,
            last_seen: row.last_seen,
            heard_until: instant(3)?,
            report: report.zip(instant(5)?),
        };
        Ok(Self {
            row,
            facts,
            merchant: key(0)?,
            store: key(1)?.map(StoreId),
        })
    }
}

/// Adds, for each terminal, the payment app that is furthest along on it.
pub(super) async fn add_payment_apps(
    db: &impl ConnectionTrait,
    known: &mut [Known],
    now: Timestamp,
) -> Result<(), Failure> {
    let terminals: Vec<Uuid> = known.iter().map(|known| known.row.id.0).collect();
    let merchants: BTreeSet<Uuid> = known.iter().filter_map(|known| known.merchant).collect();
    if merchants.is_empty() {
        return Ok(());
    }
    let mut grants: HashMap<(Uuid, Uuid), Vec<Grant>> = HashMap::new();
    for found in db.query_all(&payment_grants(merchants, &terminals)).await? {
        let place = (found.try_get_by_index(0)?, found.try_get_by_index(1)?);
        grants.entry(place).or_default().push(grant_of(&found)?);
    }
    let mut installs: HashMap<(Uuid, Uuid), (InstallState, Timestamp)> = HashMap::new();
    for found in db.query_all(&payment_installs(&terminals)).await? {
        let place = (found.try_get_by_index(0)?, found.try_get_by_index(1)?);
        let state: String = found.try_get_by_index(2)?;
        let state = state.parse().map_err(|_| unreadable("install state"))?;
        installs.insert(place, (state, Timestamp(found.try_get_by_index(3)?)));
    }
    for known in known {
        let of_merchant = grants
            .iter()
            .filter(|((merchant, _), _)| Some(*merchant) == known.merchant);
        let candidates = of_merchant.map(|((_, app), grants)| PaymentApp {
            policy: effective(grants, known.store, known.row.id, now).map(|policy| policy.state),
            install: installs.get(&(known.row.id.0, *app)).copied(),
        });
        known.facts.payment = candidates.max_by_key(PaymentApp::progress).unwrap_or_default();
    }
    Ok(())
}

/// The grants of payment apps for all terminals of these merchants or of one of their stores, and those for one of these
/// terminals: two steps into an index each, however many terminals have grants of their own.
fn payment_grants(merchants: BTreeSet<Uuid>, terminals: &[Uuid]) -> SelectStatement {
    use app_grants::Column;
    let grants = |which: Expr| {
        Query::select()
            .columns([
                Column::MerchantId,
                Column::AppId,
                Column::TerminalId,
                Column::StoreId,
                Column::StartsAt,
                Column::ExpiresAt,
                Column::RevokedAt,
            ])
            .from(app_grants::Entity)
            .and_where(which)
            .and_where(Expr::col(Column::AppId).in_subquery(payment_apps()))
            .take()
    };
    let wide = Expr::col(Column::MerchantId).is_in(merchants);
    let mut select = grants(wide.and(Expr::col(Column::TerminalId).is_null()));
    let narrow = Expr::col(Column::TerminalId).is_in(terminals.iter().copied());
    select.union(UnionType::All, grants(narrow));
    select
}

/// What these terminals last said of their payment apps.
fn payment_installs(terminals: &[Uuid]) -> SelectStatement {
    use app_installs::Column;
    Query::select()
        .columns([Column::TerminalId, Column::AppId, Column::State, Column::ReportedAt])
        .from(app_installs::Entity)
        .and_where(Expr::col(Column::TerminalId).is_in(terminals.iter().copied()))
        .and_where(Expr::col(Column::AppId).in_subquery(payment_apps()))
        .take()
}

fn payment_apps() -> SelectStatement {
    Query::select()
        .column(apps::Column::Id)
        .from(apps::Entity)
        .and_where(Expr::col(apps::Column::Payment).eq(true))
        .take()
}

/// A row of [`payment_grants`].
fn grant_of(found: &QueryResult) -> Result<Grant, Failure> {
    let (terminal, store): (Option<Uuid>, Option<Uuid>) = (found.try_get_by_index(2)?, found.try_get_by_index(3)?);
    let instant = |place| -> Result<Option<Timestamp>, Failure> {
        let at: Option<i64> = found.try_get_by_index(place)?;
        Ok(at.map(Timestamp))
    };
    let target = match (terminal, store) {
        (Some(terminal), _) => GrantTarget::Terminal(TerminalId(terminal)),
        (None, Some(store)) => GrantTarget::Store(StoreId(store)),
        (None, None) => GrantTarget::Merchant,
    };
    Ok(Grant {
        target,
        starts: Timestamp(found.try_get_by_index(4)?),
        expires: instant(5)?,
        revoked: instant(6)?,
    })
}
