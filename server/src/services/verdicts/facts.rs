//! What is known of terminals, as the verdict wants it.

use crate::entities::{app_grants, app_installs, apps, merchants, terminals};
use crate::services::business_day::business_day;
use crate::services::failure::{Failure, unreadable};
use app::backend::terminals::TerminalRow;
use app::caller::Scope;
use app::domain::app_policy::effective;
use app::domain::{
    BusinessDay, Facts, Grant, GrantTarget, InstallState, PaymentApp, Report, StoreId, TerminalId, Timestamp,
};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryResult};
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

#[derive(FromQueryResult)]
struct Columns {
    merchant_id: Option<Uuid>,
    store_id: Option<Uuid>,
    token_issued_at: Option<i64>,
    token_hash: Option<Vec<u8>>,
    online_until: Option<i64>,
    last_report: Option<String>,
    reported_at: Option<i64>,
    business_day: Option<String>,
    signed_in_at: Option<i64>,
    signed_out_at: Option<i64>,
    merchant_state: Option<String>,
    time_zone: Option<String>,
}

/// Time zone of a terminal that is nobody's.
const NOBODYS_ZONE: &str = "Asia/Shanghai";

/// Asks for the facts beside what a list shows.
pub(super) fn add_columns(select: &mut SelectStatement, scope: Scope) {
    for fact in [
        Column::MerchantId,
        Column::StoreId,
        Column::TokenIssuedAt,
        Column::TokenHash,
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
        .expr_as(
            Expr::col((merchants::Entity, merchants::Column::State)),
            Alias::new("merchant_state"),
        )
        .column((merchants::Entity, merchants::Column::TimeZone));
}

impl Known {
    pub(super) fn of(found: &QueryResult, row: TerminalRow, now: Timestamp) -> Result<Self, Failure> {
        let columns = Columns::from_query_result(found, "")?;
        let zone = columns.time_zone.as_deref().unwrap_or(NOBODYS_ZONE);
        let report = columns.last_report.as_deref().and_then(Report::parse);
        let day = columns.business_day.zip(columns.signed_in_at);
        let facts = Facts {
            lifecycle: row.lifecycle,
            merchant_active: columns.merchant_state.map(|state| state == "active"),
            connected: columns.token_hash.and(columns.token_issued_at).map(Timestamp),
            payment: PaymentApp::default(),
            business_day: day.map(|(day, signed_in)| BusinessDay {
                day,
                signed_in: Timestamp(signed_in),
                signed_out: columns.signed_out_at.map(Timestamp),
            }),
            today: business_day(now, zone).ok_or_else(|| unreadable("time zone"))?,
            last_seen: row.last_seen,
            heard_until: columns.online_until.map(Timestamp),
            report: report.zip(columns.reported_at.map(Timestamp)),
        };
        Ok(Self {
            row,
            facts,
            merchant: columns.merchant_id,
            store: columns.store_id.map(StoreId),
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
    let payment = || {
        Query::select()
            .column(apps::Column::Id)
            .from(apps::Entity)
            .and_where(Expr::col(apps::Column::Payment).eq(true))
            .take()
    };
    let granted = app_grants::Entity::find()
        .filter(app_grants::Column::MerchantId.is_in(merchants))
        .filter(app_grants::Column::AppId.in_subquery(payment()))
        .filter(
            Condition::any()
                .add(app_grants::Column::TerminalId.is_null())
                .add(app_grants::Column::TerminalId.is_in(terminals.iter().copied())),
        )
        .all(db)
        .await?;
    let installed = app_installs::Entity::find()
        .filter(app_installs::Column::TerminalId.is_in(terminals))
        .filter(app_installs::Column::AppId.in_subquery(payment()))
        .all(db)
        .await?;
    let mut grants: HashMap<(Uuid, Uuid), Vec<Grant>> = HashMap::new();
    for grant in granted {
        grants
            .entry((grant.merchant_id, grant.app_id))
            .or_default()
            .push(grant_of(&grant));
    }
    let mut installs: HashMap<(Uuid, Uuid), (InstallState, Timestamp)> = HashMap::new();
    for install in installed {
        let state = install.state.parse().map_err(|_| unreadable("install state"))?;
        installs.insert(
            (install.terminal_id, install.app_id),
            (state, Timestamp(install.reported_at)),
        );
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

fn grant_of(grant: &app_grants::Model) -> Grant {
    let target = match (grant.terminal_id, grant.store_id) {
        (Some(terminal), _) => GrantTarget::Terminal(TerminalId(terminal)),
        (None, Some(store)) => GrantTarget::Store(StoreId(store)),
        (None, None) => GrantTarget::Merchant,
    };
    Grant {
        target,
        starts: Timestamp(grant.starts_at),
        expires: grant.expires_at.map(Timestamp),
        revoked: grant.revoked_at.map(Timestamp),
    }
}
