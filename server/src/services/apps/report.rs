//! What terminals say of their apps: each one's own report, and the lists that come with heartbeats.
//!
//! The log is told of what changes, and not of what is said again. A report of an app that may not run is not kept: it is
//! told to the log, once for each version and state, as far as [`REFUSALS`] apps of a terminal.

use super::on_terminal::{Place, decide, grants_for};
use super::{AppService, installed_of};
use crate::clock::Surroundings;
use crate::entities::{app_grants, app_installs, app_refusals, apps, terminals};
use crate::services::catalogue::named;
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::failure::Failure;
use crate::services::grants::grant_of;
use crate::services::presence;
use crate::services::tokens::Device;
use app::domain::app_policy::effective;
use app::domain::{
    Grant, InstallState, Installed, LogKind, Outcome, PackageName, Policy, ReportedApp, StoreId, Timestamp,
};
use app::error::AppError;
use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// Most apps that may not run and that the log is told of, per terminal.
const REFUSALS: u64 = 64;

/// Parameters of one statement, far under SQLite's 32,766.
const CHUNK: usize = 1_000;

/// What is said in the log of a report of an app that may not run.
const NOT_AUTHORIZED: &str = "not_authorized";

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reported {
    /// It is what is known now, as of this instant.
    Kept(Timestamp),
    /// The app may not run on this terminal.
    NotAuthorized,
}

impl AppService {
    /// Takes in what a terminal says of an app on it. Saying it again changes nothing. That an app was removed may be said
    /// of any.
    ///
    /// **Permissions:** [`Device`].
    ///
    /// # Errors
    /// [`AppError::Refused`] for a terminal that was stopped a moment ago; [`AppError::Internal`].
    pub async fn report(&self, by: &Device, package: &PackageName, said: &Installed) -> Result<Reported, AppError> {
        Ok(self.take_in(by, package, said).await?)
    }

    async fn take_in(&self, by: &Device, package: &PackageName, said: &Installed) -> Result<Reported, Failure> {
        let txn = self.database.begin().await?;
        let terminal = presence::lock(&txn, by).await?;
        let place = Place::of(&terminal).ok_or(AppError::SignInRequired)?;
        let now = self.surroundings.now();
        let writer = Writer {
            txn: &txn,
            surroundings: &self.surroundings,
            device: by,
            at: now,
        };
        let app = named(package).one(&txn).await?;
        let known = match &app {
            None => None,
            Some(app) => {
                let row = app_installs::Entity::find_by_id((terminal.id, app.id))
                    .one(&txn)
                    .await?;
                row.as_ref().map(installed_of).transpose()?.map(|(known, _)| known)
            }
        };
        let removed = said.state == InstallState::Removed;
        let may = match &app {
            None => false,
            Some(app) => {
                let grants: Vec<Grant> = grants_for(&txn, &place, Some(app.id))
                    .await?
                    .iter()
                    .map(grant_of)
                    .collect();
                decide(&grants, &place, now).is_some_and(Policy::allows)
            }
        };
        let mut entries = Vec::new();
        let outcome = match app.filter(|_| may || removed) {
            Some(app) => {
                writer.forget_refusal(package.as_str()).await?;
                entries.extend(writer.keep(app.id, package.as_str(), known.as_ref(), said).await?);
                Reported::Kept(now)
            }
            None if removed => {
                writer.forget_refusal(package.as_str()).await?;
                Reported::Kept(now)
            }
            None => {
                entries.extend(writer.refuse(package.as_str(), said).await?);
                Reported::NotAuthorized
            }
        };
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(outcome)
    }
}

/// A list of the apps on a terminal that came with a heartbeat.
pub(in crate::services) struct Listed<'a> {
    pub(in crate::services) device: &'a Device,
    pub(in crate::services) at: Timestamp,
    pub(in crate::services) apps: &'a [ReportedApp],
}

/// Takes in the apps that terminals list with their heartbeats, as part of a transaction that has locked the terminals and
/// seen that they are still their merchants'. Answers what the log has to say. Apps that the catalogue does not have are the
/// terminal's own business.
///
/// # Errors
/// What the database says.
pub(in crate::services) async fn hear(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    lists: &[Listed<'_>],
) -> Result<Vec<NewEntry>, DbErr> {
    let news = news(txn, lists).await?;
    if news.is_empty() {
        return Ok(Vec::new());
    }
    let rules = Rules::of(txn, &news).await?;
    let mut entries = Vec::new();
    for change in news {
        let device = change.list.device;
        let writer = Writer {
            txn,
            surroundings,
            device,
            at: change.list.at,
        };
        let removed = change.is.state == InstallState::Removed;
        if removed || rules.allow(device, change.app, change.list.at) {
            writer.forget_refusal(&change.package).await?;
            entries.extend(
                writer
                    .keep(change.app, &change.package, change.was.as_ref(), &change.is)
                    .await?,
            );
        } else {
            entries.extend(writer.refuse(&change.package, &change.is).await?);
        }
    }
    Ok(entries)
}

/// Something that a list says and that was not known.
struct News<'a> {
    list: &'a Listed<'a>,
    app: Uuid,
    package: String,
    was: Option<Installed>,
    is: Installed,
}

async fn news<'a>(txn: &DatabaseTransaction, lists: &'a [Listed<'a>]) -> Result<Vec<News<'a>>, DbErr> {
    let listed: BTreeSet<&str> = lists
        .iter()
        .flat_map(|list| list.apps)
        .map(|app| app.package.as_str())
        .collect();
    let listed: Vec<&str> = listed.into_iter().collect();
    let mut catalogue: HashMap<Uuid, String> = HashMap::new();
    for packages in listed.chunks(CHUNK) {
        let found = apps::Entity::find()
            .filter(apps::Column::Package.is_in(packages.iter().copied()))
            .all(txn)
            .await?;
        catalogue.extend(found.into_iter().map(|app| (app.id, app.package)));
    }
    let terminals = lists.iter().map(|list| list.device.terminal.0);
    let installs = app_installs::Entity::find()
        .filter(app_installs::Column::TerminalId.is_in(terminals))
        .all(txn)
        .await?;
    let unlisted: BTreeSet<Uuid> = installs
        .iter()
        .map(|install| install.app_id)
        .filter(|app| !catalogue.contains_key(app))
        .collect();
    if !unlisted.is_empty() {
        let found = apps::Entity::find()
            .filter(apps::Column::Id.is_in(unlisted))
            .all(txn)
            .await?;
        catalogue.extend(found.into_iter().map(|app| (app.id, app.package)));
    }
    let mut known: HashMap<Uuid, BTreeMap<Uuid, Installed>> = HashMap::new();
    for install in &installs {
        let (installed, _) = installed_of(install).map_err(|_| DbErr::Custom("an install state".to_owned()))?;
        known
            .entry(install.terminal_id)
            .or_default()
            .insert(install.app_id, installed);
    }
    let by_package: HashMap<&str, Uuid> = catalogue.iter().map(|(id, package)| (package.as_str(), *id)).collect();
    let mut news = Vec::new();
    for list in lists {
        let mut there: BTreeMap<Uuid, &str> = BTreeMap::new();
        for app in list.apps {
            if let Some(id) = by_package.get(app.package.as_str()) {
                there.insert(*id, app.version.as_str());
            }
        }
        let before = known.remove(&list.device.terminal.0).unwrap_or_default();
        let all: BTreeSet<Uuid> = there.keys().chain(before.keys()).copied().collect();
        for app in all {
            let was = before.get(&app);
            let Some(is) = Installed::listed(was, there.get(&app).copied()) else {
                continue;
            };
            news.push(News {
                list,
                app,
                package: catalogue.get(&app).cloned().unwrap_or_default(),
                was: was.cloned(),
                is,
            });
        }
    }
    Ok(news)
}

/// What is decided of the apps that there is news of.
struct Rules {
    grants: Vec<app_grants::Model>,
    stores: HashMap<Uuid, Option<Uuid>>,
}

impl Rules {
    async fn of(txn: &DatabaseTransaction, news: &[News<'_>]) -> Result<Self, DbErr> {
        let merchants: BTreeSet<Uuid> = news.iter().map(|one| one.list.device.merchant.0).collect();
        let apps: BTreeSet<Uuid> = news.iter().map(|one| one.app).collect();
        let places: BTreeSet<Uuid> = news.iter().map(|one| one.list.device.terminal.0).collect();
        let mut grants = Vec::new();
        for which in [
            app_grants::Column::MerchantId
                .is_in(merchants)
                .and(app_grants::Column::TerminalId.is_null()),
            app_grants::Column::TerminalId.is_in(places.iter().copied()),
        ] {
            let found = app_grants::Entity::find()
                .filter(which)
                .filter(app_grants::Column::AppId.is_in(apps.iter().copied()))
                .all(txn)
                .await?;
            grants.extend(found);
        }
        grants.sort_by_key(|grant| grant.id);
        let stores = terminals::Entity::find()
            .filter(terminals::Column::Id.is_in(places))
            .select_only()
            .columns([terminals::Column::Id, terminals::Column::StoreId])
            .into_tuple::<(Uuid, Option<Uuid>)>()
            .all(txn)
            .await?;
        Ok(Self {
            grants,
            stores: stores.into_iter().collect(),
        })
    }

    fn allow(&self, device: &Device, app: Uuid, at: Timestamp) -> bool {
        let own = |grant: &&app_grants::Model| grant.app_id == app && grant.merchant_id == device.merchant.0;
        let grants: Vec<Grant> = self.grants.iter().filter(own).map(grant_of).collect();
        let store = self.stores.get(&device.terminal.0).copied().flatten().map(StoreId);
        effective(&grants, store, device.terminal, at).is_some_and(Policy::allows)
    }
}

/// Writes what one terminal said.
struct Writer<'a> {
    txn: &'a DatabaseTransaction,
    surroundings: &'a Surroundings,
    device: &'a Device,
    at: Timestamp,
}

impl Writer<'_> {
    /// Keeps what is said of an app. Answers what the log has to say, which is nothing where nothing changed.
    async fn keep(
        &self,
        app: Uuid,
        package: &str,
        known: Option<&Installed>,
        said: &Installed,
    ) -> Result<Option<NewEntry>, DbErr> {
        use app_installs::Column;
        let was = known.map_or(InstallState::Unknown, |known| known.state);
        let removed = said.state == InstallState::Removed;
        if removed && matches!(was, InstallState::Unknown | InstallState::Removed) {
            return Ok(None);
        }
        let mut now = said.clone();
        if removed {
            now.version = now.version.or_else(|| known.and_then(|known| known.version.clone()));
        }
        let row = app_installs::ActiveModel {
            terminal_id: Set(self.device.terminal.0),
            app_id: Set(app),
            merchant_id: Set(self.device.merchant.0),
            state: Set(now.state.code().to_owned()),
            version: Set(now.version.clone()),
            error_code: Set(now.error_code.clone()),
            reported_at: Set(self.at.0),
        };
        let newer = OnConflict::columns([Column::TerminalId, Column::AppId])
            .update_columns([Column::State, Column::Version, Column::ErrorCode, Column::ReportedAt])
            .to_owned();
        app_installs::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(self.txn)
            .await?;
        let told = match now.state {
            InstallState::Installed => (LogKind::AppInstalled, Outcome::Success),
            InstallState::Failed => (LogKind::AppFailed, Outcome::Failure),
            InstallState::Removed => (LogKind::AppRemoved, Outcome::Info),
            InstallState::Unknown | InstallState::Installing => return Ok(None),
        };
        if known == Some(&now) {
            return Ok(None);
        }
        let mut detail = detail_of(package, &now);
        if let Some(before) = known.filter(|known| known.state == InstallState::Installed) {
            detail["version_before"] = json!(before.version);
        }
        Ok(Some(self.entry(told, detail)))
    }

    /// That the terminal says something of an app that may not run on it. Answers what the log has to say of it, once.
    async fn refuse(&self, package: &str, said: &Installed) -> Result<Option<NewEntry>, DbErr> {
        use app_refusals::Column;
        let id = (self.device.terminal.0, package.to_owned());
        let known = app_refusals::Entity::find_by_id(id).one(self.txn).await?;
        let same = |row: &app_refusals::Model| row.state == said.state.code() && row.version == said.version;
        if known.as_ref().is_some_and(same) {
            return Ok(None);
        }
        let of_terminal = Column::TerminalId.eq(self.device.terminal.0);
        let told = app_refusals::Entity::find().filter(of_terminal).count(self.txn).await?;
        if known.is_none() && told >= REFUSALS {
            return Ok(None);
        }
        let row = app_refusals::ActiveModel {
            terminal_id: Set(self.device.terminal.0),
            package: Set(package.to_owned()),
            state: Set(said.state.code().to_owned()),
            version: Set(said.version.clone()),
            reported_at: Set(self.at.0),
        };
        let newer = OnConflict::columns([Column::TerminalId, Column::Package])
            .update_columns([Column::State, Column::Version, Column::ReportedAt])
            .to_owned();
        app_refusals::Entity::insert(row)
            .on_conflict(newer)
            .exec_without_returning(self.txn)
            .await?;
        let mut detail = detail_of(package, said);
        detail["reason"] = json!(NOT_AUTHORIZED);
        Ok(Some(self.entry((LogKind::AppFailed, Outcome::Failure), detail)))
    }

    /// The next report of the app that may not run is news again.
    async fn forget_refusal(&self, package: &str) -> Result<(), DbErr> {
        app_refusals::Entity::delete_by_id((self.device.terminal.0, package.to_owned()))
            .exec(self.txn)
            .await?;
        Ok(())
    }

    fn entry(&self, (kind, outcome): (LogKind, Outcome), detail: Value) -> NewEntry {
        let actor = Actor::terminal(Some(self.device.terminal));
        NewEntry {
            merchant: Some(self.device.merchant),
            occurred: self.at,
            terminal: Some(self.device.terminal),
            sn_sent: Some(self.device.sn_printed.clone()),
            detail,
            ..NewEntry::of(self.surroundings, &self.device.request, actor, kind, outcome)
        }
    }
}

fn detail_of(package: &str, said: &Installed) -> Value {
    let mut detail = json!({ "package": package, "state": said.state.code() });
    if let Some(version) = &said.version {
        detail["version"] = json!(version);
    }
    if let Some(code) = &said.error_code {
        detail["error_code"] = json!(code);
    }
    detail
}
