//! The apps that a merchant may run, as the merchant sees them.

use super::AppService;
use crate::entities::{app_grants, app_installs, apps, stores, terminals};
use crate::services::catalogue::{app_ref, count, named, newest, versions_of};
use crate::services::failure::{Failure, unreadable};
use crate::services::grants::{Names, grant_of, in_force, place_of};
use crate::services::terminals::{keyset, listed, row_of};
use app::backend::apps::{
    ALLOWED_SHOWN, Allowed, AppTerminal, AppTerminalQuery, OwnApp, OwnAppPage, OwnApps, Reach, STORES_SHOWN, WARN_MS,
};
use app::backend::page::{Cursor, Direction, PAGE_ROWS, Page};
use app::caller::{MerchantMember, Scope};
use app::domain::app_policy::{allowed_until, effective};
use app::domain::{
    Grant, GrantTarget, InstallState, Installed, Lifecycle, MerchantId, PackageName, Policy, StoreId, Timestamp,
    compare_versions,
};
use sea_orm::sea_query::{Alias, Condition as Cond, Expr, ExprTrait, JoinType, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// How many terminals of a store have an app in a state and a version.
#[derive(FromQueryResult)]
struct Group {
    app_id: Uuid,
    state: String,
    version: Option<String>,
    store_id: Option<Uuid>,
    terminals: i64,
}

/// What a row of the terminals of an app has besides the terminal.
#[derive(FromQueryResult)]
struct There {
    store_id: Option<Uuid>,
    install_state: Option<String>,
    install_version: Option<String>,
    error_code: Option<String>,
    install_reported_at: Option<i64>,
}

impl AppService {
    pub(super) async fn own_apps(&self, by: MerchantMember<'_>, cursor: Option<&Cursor>) -> Result<OwnApps, Failure> {
        let now = self.surroundings.now();
        let reader = self.database.reader();
        let before = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
        let mut find = apps::Entity::find().filter(apps::Column::Id.in_subquery(allowed_to(by.merchant(), now)));
        if let Some(cursor) = cursor {
            let (package, key) = (apps::Column::Package, cursor.key.as_str());
            find = find.filter(if before { package.lt(key) } else { package.gt(key) });
        }
        let find = match before {
            true => find.order_by_desc(apps::Column::Package),
            false => find.order_by_asc(apps::Column::Package),
        };
        let found = find.limit(PAGE_ROWS as u64 + 1).all(reader).await?;
        let page = Page::of(found, cursor, |app| (app.package.clone(), app.id));
        let rows = self.described(by.merchant(), &page.rows, now).await?;
        Ok(OwnApps {
            page: Page {
                rows,
                previous: page.previous,
                next: page.next,
            },
            ended: self.ended_lately(by.merchant(), now).await?,
        })
    }

    pub(super) async fn own_app(
        &self,
        by: MerchantMember<'_>,
        package: &PackageName,
        query: &AppTerminalQuery,
    ) -> Result<Option<OwnAppPage>, Failure> {
        let now = self.surroundings.now();
        let reader = self.database.reader();
        let found = named(package)
            .filter(apps::Column::Id.in_subquery(allowed_to(by.merchant(), now)))
            .one(reader)
            .await?;
        let Some(app) = found else {
            return Ok(None);
        };
        let mut described = self.described(by.merchant(), std::slice::from_ref(&app), now).await?;
        let Some(own) = described.pop() else {
            return Ok(None);
        };
        let versions = versions_of(reader, &[app.id]).await?;
        let newest = newest(versions.get(&app.id).map_or(&[], Vec::as_slice), None);
        Ok(Some(OwnAppPage {
            app: own,
            notes: newest.map(|version| {
                let published = Timestamp(version.published_at);
                (version.notes_zh.clone(), version.notes_en.clone(), published)
            }),
            min_firmware: newest.and_then(|version| version.min_firmware.clone()),
            terminals: self.terminals_of(by, app.id, query, now).await?,
        }))
    }

    /// The apps with where they may run and where they are.
    async fn described(
        &self,
        merchant: MerchantId,
        found: &[apps::Model],
        now: Timestamp,
    ) -> Result<Vec<OwnApp>, Failure> {
        let reader = self.database.reader();
        let ids: Vec<Uuid> = found.iter().map(|app| app.id).collect();
        let grants = app_grants::Entity::find()
            .filter(app_grants::Column::MerchantId.eq(merchant.0))
            .filter(app_grants::Column::AppId.is_in(ids.iter().copied()))
            .order_by_asc(app_grants::Column::Id)
            .all(reader)
            .await?;
        let names = Names::of(reader, &grants).await?;
        let versions = versions_of(reader, &ids).await?;
        let groups = self.groups(merchant, &ids).await?;
        let stores: BTreeSet<Uuid> = groups.iter().filter_map(|group| group.store_id).collect();
        let stores: HashMap<Uuid, String> = stores::Entity::find()
            .filter(stores::Column::Id.is_in(stores))
            .all(reader)
            .await?
            .into_iter()
            .map(|store| (store.id, store.name))
            .collect();
        found
            .iter()
            .map(|app| {
                let of_app = grants.iter().filter(|grant| grant.app_id == app.id);
                let rows: Vec<Grant> = of_app.map(grant_of).collect();
                let (allowed, allowed_more) = reaches(&rows, &names, now);
                let mut own = OwnApp {
                    app: app_ref(app)?,
                    allowed,
                    allowed_more,
                    installed: 0,
                    installing: 0,
                    failed: 0,
                    stores: Vec::new(),
                    stores_more: 0,
                    versions: Vec::new(),
                    newest: newest(versions.get(&app.id).map_or(&[], Vec::as_slice), None)
                        .map(|version| version.version.clone()),
                };
                add_up(&mut own, groups.iter().filter(|group| group.app_id == app.id), &stores)?;
                Ok(own)
            })
            .collect()
    }

    async fn groups(&self, merchant: MerchantId, ids: &[Uuid]) -> Result<Vec<Group>, Failure> {
        use app_installs::Column;
        let install = |column| Expr::col((app_installs::Entity, column));
        let terminal = |column| Expr::col((terminals::Entity, column));
        let mut select = Query::select();
        select
            .from(app_installs::Entity)
            .join(
                JoinType::InnerJoin,
                terminals::Entity,
                terminal(terminals::Column::Id).equals((app_installs::Entity, Column::TerminalId)),
            )
            .expr_as(terminal(terminals::Column::Id).count(), Alias::new("terminals"))
            .and_where(install(Column::MerchantId).eq(merchant.0))
            .and_where(install(Column::AppId).is_in(ids.iter().copied()))
            .and_where(terminal(terminals::Column::Lifecycle).ne(Lifecycle::Retired.code()));
        for column in [Column::AppId, Column::State, Column::Version] {
            select
                .column((app_installs::Entity, column))
                .group_by_col((app_installs::Entity, column));
        }
        let store = (terminals::Entity, terminals::Column::StoreId);
        select.column(store).group_by_col(store);
        let found = self.database.reader().query_all(&select).await?;
        let groups = found.iter().map(|row| Ok(Group::from_query_result(row, "")?));
        groups.collect()
    }

    /// How many authorizations ran out lately and were not renewed.
    async fn ended_lately(&self, merchant: MerchantId, now: Timestamp) -> Result<u64, Failure> {
        use app_grants::Column;
        let ended = app_grants::Entity::find()
            .filter(Column::MerchantId.eq(merchant.0))
            .filter(Column::ExpiresAt.gt(now.plus_ms(-WARN_MS).0))
            .filter(Column::ExpiresAt.lte(now.0))
            .filter(Column::RevokedAt.is_null())
            .all(self.database.reader())
            .await?;
        if ended.is_empty() {
            return Ok(0);
        }
        let all = app_grants::Entity::find()
            .filter(Column::MerchantId.eq(merchant.0))
            .filter(Column::AppId.is_in(ended.iter().map(|grant| grant.app_id)))
            .all(self.database.reader())
            .await?;
        let mut seen: Vec<(Uuid, GrantTarget)> = Vec::new();
        for grant in &ended {
            let (app, target) = (grant.app_id, grant_of(grant).target);
            let same: Vec<Grant> = all
                .iter()
                .filter(|other| other.app_id == app)
                .map(grant_of)
                .filter(|other| other.target == target)
                .collect();
            let (store, terminal) = place_of(target);
            let renewed = effective(&same, store, terminal, now).is_some_and(Policy::allows);
            if !renewed && !seen.contains(&(app, target)) {
                seen.push((app, target));
            }
        }
        Ok(seen.len() as u64)
    }

    /// The terminals that an app concerns, by serial number: those that something is decided for, and those that have said
    /// something of it.
    async fn terminals_of(
        &self,
        by: MerchantMember<'_>,
        app: Uuid,
        query: &AppTerminalQuery,
        now: Timestamp,
    ) -> Result<Page<AppTerminal>, Failure> {
        let reader = self.database.reader();
        let scope = Scope::Merchant(by.merchant());
        let grants: Vec<Grant> = app_grants::Entity::find()
            .filter(app_grants::Column::MerchantId.eq(by.merchant().0))
            .filter(app_grants::Column::AppId.eq(app))
            .order_by_asc(app_grants::Column::Id)
            .all(reader)
            .await?
            .iter()
            .map(grant_of)
            .collect();
        let mut select = listed(scope);
        join_install(&mut select, app, query.state);
        if let Some(meant) = meant(&grants) {
            select.cond_where(meant);
        }
        keyset(&mut select, query.cursor.as_ref(), terminals::Column::Sn);
        let found = reader.query_all(&select).await?;
        let rows = found.iter().map(|row| {
            let terminal = row_of(row, scope)?;
            let there = There::from_query_result(row, "")?;
            let store = there.store_id.map(StoreId);
            let install = there.install_state.zip(there.install_reported_at);
            let install = install.map(|(state, at)| {
                let state = state.parse().map_err(|_| unreadable("install state"))?;
                let installed = Installed {
                    state,
                    version: there.install_version.clone(),
                    error_code: there.error_code.clone(),
                };
                Ok::<_, Failure>((installed, Timestamp(at)))
            });
            let own: Vec<Grant> = grants
                .iter()
                .filter(|grant| match grant.target {
                    GrantTarget::Merchant => true,
                    GrantTarget::Store(of) => Some(of) == store,
                    GrantTarget::Terminal(of) => of == terminal.id,
                })
                .copied()
                .collect();
            Ok(AppTerminal {
                policy: effective(&own, store, terminal.id, now),
                until: allowed_until(&own, store, terminal.id, now),
                install: install.transpose()?,
                terminal,
            })
        });
        let rows = rows.collect::<Result<Vec<_>, Failure>>()?;
        Ok(Page::of(rows, query.cursor.as_ref(), |row| {
            (row.terminal.sn.as_str().to_owned(), row.terminal.id.0)
        }))
    }
}

/// The apps that a merchant may run now, at least somewhere.
fn allowed_to(merchant: MerchantId, now: Timestamp) -> SelectStatement {
    Query::select()
        .column(app_grants::Column::AppId)
        .from(app_grants::Entity)
        .and_where(app_grants::Column::MerchantId.eq(merchant.0))
        .cond_where(in_force(now))
        .take()
}

/// Joins what terminals said of an app, and narrows to those on which its installation stands at `state`.
fn join_install(select: &mut SelectStatement, app: Uuid, state: Option<InstallState>) {
    use app_installs::Column;
    let install = |column| Expr::col((app_installs::Entity, column));
    let of_app = Cond::all()
        .add(install(Column::TerminalId).equals((terminals::Entity, terminals::Column::Id)))
        .add(install(Column::AppId).eq(app));
    select
        .join(JoinType::LeftJoin, app_installs::Entity, of_app)
        .column((terminals::Entity, terminals::Column::StoreId))
        .expr_as(install(Column::State), Alias::new("install_state"))
        .expr_as(install(Column::Version), Alias::new("install_version"))
        .expr_as(install(Column::ErrorCode), Alias::new("error_code"))
        .expr_as(install(Column::ReportedAt), Alias::new("install_reported_at"))
        .and_where(Expr::col((terminals::Entity, terminals::Column::Lifecycle)).ne(Lifecycle::Retired.code()));
    match state {
        None => {}
        Some(InstallState::Unknown) => {
            let unknown = InstallState::Unknown.code();
            select.cond_where(
                Cond::any()
                    .add(install(Column::State).is_null())
                    .add(install(Column::State).eq(unknown)),
            );
        }
        Some(state) => {
            select.and_where(install(Column::State).eq(state.code()));
        }
    }
}

/// Which terminals an app concerns; `None` for all of the merchant's.
fn meant(grants: &[Grant]) -> Option<Cond> {
    let mut stores = Vec::new();
    let mut own = Vec::new();
    for grant in grants {
        match grant.target {
            GrantTarget::Merchant => return None,
            GrantTarget::Store(store) => stores.push(store.0),
            GrantTarget::Terminal(terminal) => own.push(terminal.0),
        }
    }
    let terminal = |column| Expr::col((terminals::Entity, column));
    let said = Expr::col((app_installs::Entity, app_installs::Column::TerminalId)).is_not_null();
    Some(
        Cond::any()
            .add(terminal(terminals::Column::StoreId).is_in(stores))
            .add(terminal(terminals::Column::Id).is_in(own))
            .add(said),
    )
}

/// Where an app may run now, the soonest end first, and how many more such places there are.
fn reaches(grants: &[Grant], names: &Names, now: Timestamp) -> (Vec<Allowed>, u64) {
    let mut by_target: HashMap<GrantTarget, Vec<Grant>> = HashMap::new();
    for grant in grants {
        by_target.entry(grant.target).or_default().push(*grant);
    }
    let mut allowed: Vec<Allowed> = by_target
        .into_iter()
        .filter_map(|(target, same)| {
            let (store, terminal) = place_of(target);
            effective(&same, store, terminal, now).filter(|policy| policy.allows())?;
            let reach = match target {
                GrantTarget::Merchant => Reach::Everywhere,
                GrantTarget::Store(store) => Reach::Store(names.stores.get(&store.0)?.clone()),
                GrantTarget::Terminal(terminal) => Reach::Terminal(names.terminals.get(&terminal.0)?.clone()),
            };
            Some(Allowed {
                reach,
                until: allowed_until(&same, store, terminal, now),
            })
        })
        .collect();
    allowed.sort_by_cached_key(|allowed| (allowed.until.is_none(), allowed.until, rank(&allowed.reach)));
    let more = allowed.len().saturating_sub(ALLOWED_SHOWN);
    allowed.truncate(ALLOWED_SHOWN);
    (allowed, more as u64)
}

/// The order in which reaches that end at the same time are named.
fn rank(reach: &Reach) -> (u8, String) {
    match reach {
        Reach::Everywhere => (0, String::new()),
        Reach::Store(name) => (1, name.clone()),
        Reach::Terminal(sn) => (2, sn.clone()),
    }
}

/// Adds up where an app is.
fn add_up<'a>(
    own: &mut OwnApp,
    groups: impl Iterator<Item = &'a Group>,
    names: &HashMap<Uuid, String>,
) -> Result<(), Failure> {
    let mut stores: BTreeMap<Option<String>, u64> = BTreeMap::new();
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    for group in groups {
        let terminals = count(group.terminals);
        match group.state.parse().map_err(|_| unreadable("install state"))? {
            InstallState::Installed => {
                own.installed += terminals;
                let store = group.store_id.and_then(|store| names.get(&store).cloned());
                *stores.entry(store).or_default() += terminals;
                if let Some(version) = &group.version {
                    *versions.entry(version.clone()).or_default() += terminals;
                }
            }
            InstallState::Installing => own.installing += terminals,
            InstallState::Failed => own.failed += terminals,
            InstallState::Unknown | InstallState::Removed => {}
        }
    }
    own.stores_more = stores.len().saturating_sub(STORES_SHOWN) as u64;
    own.stores = stores.into_iter().take(STORES_SHOWN).collect();
    own.versions = versions.into_iter().collect();
    own.versions.sort_by(|(a, _), (b, _)| compare_versions(b, a));
    Ok(())
}
