//! The apps of one terminal: what is decided of each, and what the terminal said of it.

use super::installed_of;
use crate::entities::{app_grants, app_installs, apps, terminals};
use crate::services::catalogue::{app_ref, newest, versions_of};
use crate::services::failure::Failure;
use crate::services::grants::grant_of;
use app::backend::apps::TerminalApp;
use app::domain::app_policy::{allowed_until, effective};
use app::domain::{Grant, MerchantId, Policy, PolicyState, StoreId, TerminalId, Timestamp};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

/// A terminal, as the rule looks at it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) terminal: TerminalId,
    pub(super) merchant: MerchantId,
    pub(super) store: Option<StoreId>,
    firmware: Option<String>,
}

impl Place {
    /// `None` for a terminal that is nobody's.
    pub(super) fn of(row: &terminals::Model) -> Option<Self> {
        Some(Self {
            terminal: TerminalId(row.id),
            merchant: MerchantId(row.merchant_id?),
            store: row.store_id.map(StoreId),
            firmware: row.firmware.clone(),
        })
    }
}

/// The authorizations that can mean a terminal.
pub(super) async fn grants_for(
    db: &impl ConnectionTrait,
    place: &Place,
    app: Option<Uuid>,
) -> Result<Vec<app_grants::Model>, Failure> {
    use app_grants::Column;
    // Two steps into an index each: a merchant may have as many authorizations of single terminals as it has terminals.
    let wide = Column::MerchantId
        .eq(place.merchant.0)
        .and(Column::TerminalId.is_null());
    let own = Column::TerminalId
        .eq(place.terminal.0)
        .and(Column::MerchantId.eq(place.merchant.0));
    let mut found = Vec::new();
    for which in [wide, own] {
        let mut find = app_grants::Entity::find().filter(which);
        if let Some(app) = app {
            find = find.filter(Column::AppId.eq(app));
        }
        found.extend(find.all(db).await?);
    }
    found.sort_by_key(|grant| grant.id);
    Ok(found)
}

/// What is decided of one app on a terminal.
pub(super) fn decide(grants: &[Grant], place: &Place, now: Timestamp) -> Option<Policy> {
    effective(grants, place.store, place.terminal, now)
}

/// The apps that something is decided of, by package name; with `all` also those that are there all the same.
pub(super) async fn apps(
    db: &impl ConnectionTrait,
    place: &Place,
    now: Timestamp,
    all: bool,
) -> Result<Vec<TerminalApp>, Failure> {
    let grants = grants_for(db, place, None).await?;
    let installs = app_installs::Entity::find()
        .filter(app_installs::Column::TerminalId.eq(place.terminal.0))
        .all(db)
        .await?;
    let ids: Vec<Uuid> = grants
        .iter()
        .map(|grant| grant.app_id)
        .chain(installs.iter().map(|install| install.app_id))
        .collect();
    let found = apps::Entity::find()
        .filter(apps::Column::Id.is_in(ids.iter().copied()))
        .order_by_asc(apps::Column::Package)
        .all(db)
        .await?;
    let versions = versions_of(db, &ids).await?;
    let mut told = Vec::with_capacity(found.len());
    for app in found {
        let rows: Vec<_> = grants.iter().filter(|grant| grant.app_id == app.id).collect();
        let of_app: Vec<Grant> = rows.iter().map(|grant| grant_of(grant)).collect();
        let policy = decide(&of_app, place, now);
        let install = installs.iter().find(|install| install.app_id == app.id);
        if policy.is_none() && !(all && install.is_some()) {
            continue;
        }
        let revoked = policy.filter(|policy| policy.state == PolicyState::Revoked);
        let reason = revoked.and_then(|policy| {
            let grant = rows
                .iter()
                .find(|grant| grant.revoked_at.map(Timestamp) == policy.since);
            grant.and_then(|grant| grant.revoke_reason.clone())
        });
        let versions = versions.get(&app.id).map_or(&[][..], Vec::as_slice);
        told.push(TerminalApp {
            app: app_ref(&app)?,
            policy,
            until: allowed_until(&of_app, place.store, place.terminal, now),
            reason,
            install: install.map(installed_of).transpose()?,
            newest: newest(versions, place.firmware.as_deref()).map(|version| version.version.clone()),
        });
    }
    Ok(told)
}
