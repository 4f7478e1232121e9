//! The apps that a merchant may run, and where they are. A merchant's own view is in [`own`], a terminal's in
//! [`on_terminal`], what terminals report in [`report`].

mod on_terminal;
mod own;
pub mod report;

use super::failure::{Failure, unreadable};
use super::tokens::Device;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{app_installs, terminals};
use app::backend::apps::{AppTerminalQuery, Apps, OwnAppPage, OwnApps, TerminalApp};
use app::backend::page::Cursor;
use app::caller::{Caller, MerchantMember, Scope};
use app::domain::{Installed, PackageName, TerminalId, Timestamp};
use app::error::AppError;
use async_trait::async_trait;
use on_terminal::Place;
use sea_orm::EntityTrait;

/// Answers [`Apps`].
pub struct AppService {
    database: Database,
    surroundings: Surroundings,
}

/// What a row says of an app on a terminal, and when that was told.
fn installed_of(row: &app_installs::Model) -> Result<(Installed, Timestamp), Failure> {
    let installed = Installed {
        state: row.state.parse().map_err(|_| unreadable("install state"))?,
        version: row.version.clone(),
        error_code: row.error_code.clone(),
    };
    Ok((installed, Timestamp(row.reported_at)))
}

impl AppService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    /// What a terminal may run and what it may no longer, by package name.
    ///
    /// **Permissions:** [`Device`].
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn of_itself(&self, by: &Device) -> Result<Vec<TerminalApp>, AppError> {
        let scope = Scope::Merchant(by.merchant);
        Ok(self.on(scope, by.terminal, false).await?)
    }

    async fn on(&self, scope: Scope, terminal: TerminalId, all: bool) -> Result<Vec<TerminalApp>, Failure> {
        let reader = self.database.reader();
        let terminal = terminals::Entity::find_by_id(terminal.0).one(reader).await?;
        let place = terminal.and_then(|row| Place::of(&row));
        match place.filter(|place| scope == Scope::Platform || scope == Scope::Merchant(place.merchant)) {
            Some(place) => on_terminal::apps(reader, &place, self.surroundings.now(), all).await,
            None => Ok(Vec::new()),
        }
    }
}

#[async_trait]
impl Apps for AppService {
    async fn list(&self, by: MerchantMember<'_>, cursor: Option<&Cursor>) -> Result<OwnApps, AppError> {
        Ok(self.own_apps(by, cursor).await?)
    }

    async fn get(
        &self,
        by: MerchantMember<'_>,
        package: &PackageName,
        query: &AppTerminalQuery,
    ) -> Result<Option<OwnAppPage>, AppError> {
        Ok(self.own_app(by, package, query).await?)
    }

    async fn of_terminal(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<TerminalApp>, AppError> {
        Ok(self.on(caller.scope(), terminal, caller.role().is_platform()).await?)
    }
}
