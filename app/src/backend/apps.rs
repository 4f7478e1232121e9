//! The apps that a merchant may run, and where they are.

use super::catalogue::AppRef;
use super::page::{Cursor, Page};
use super::terminals::TerminalRow;
use crate::caller::{Caller, MerchantMember};
use crate::domain::{InstallState, Installed, PackageName, Policy, TerminalId, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// How long before its end an authorization is warned of, milliseconds.
pub const WARN_MS: i64 = 30 * Timestamp::DAY_MS;

/// For whom an authorization is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All terminals.
    Everywhere,
    /// Those in this store.
    Store(String),
    /// This one, by its serial number as printed.
    Terminal(String),
}

/// Where an app may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// For whom.
    pub reach: Reach,
    /// Until when, renewals counted; `None` without end.
    pub until: Option<Timestamp>,
}

/// An app that a merchant may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnApp {
    /// The app.
    pub app: AppRef,
    /// Where it may run: the soonest end first, at most [`ALLOWED_SHOWN`].
    pub allowed: Vec<Allowed>,
    /// Where else it may run.
    pub allowed_more: u64,
    /// On how many terminals it is installed.
    pub installed: u64,
    /// On how many it is being installed.
    pub installing: u64,
    /// On how many installing it has failed.
    pub failed: u64,
    /// The stores with terminals on which it is installed, by name, each with how many; at most [`STORES_SHOWN`].
    pub stores: Vec<(Option<String>, u64)>,
    /// In how many other stores it is.
    pub stores_more: u64,
    /// The installed versions, newest first, each with on how many terminals it is.
    pub versions: Vec<(String, u64)>,
    /// The newest version that was published.
    pub newest: Option<String>,
}

/// Reaches of one app that are named.
pub const ALLOWED_SHOWN: usize = 5;

/// Stores with an app that are named.
pub const STORES_SHOWN: usize = 5;

/// The apps of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnApps {
    /// Those that it may run now, by package name.
    pub page: Page<OwnApp>,
    /// How many authorizations ran out within the last 30 days and were not renewed.
    pub ended: u64,
}

/// Which terminals of an app are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppTerminalQuery {
    /// Only those on which its installation stands there; [`InstallState::Unknown`] for those that said nothing of it.
    pub state: Option<InstallState>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// A terminal with what is decided and known of one app on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppTerminal {
    /// The terminal.
    pub terminal: TerminalRow,
    /// Whether it may run there; `None` where nobody has said anything of it.
    pub policy: Option<Policy>,
    /// Until when it may run there, renewals counted.
    pub until: Option<Timestamp>,
    /// What the terminal last said of it, and when.
    pub install: Option<(Installed, Timestamp)>,
}

/// One app with the terminals that it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAppPage {
    /// The app.
    pub app: OwnApp,
    /// Its newest version's notes in Chinese and in English, and when it was published.
    pub notes: Option<(String, String, Timestamp)>,
    /// The oldest firmware that its newest version runs on.
    pub min_firmware: Option<String>,
    /// The terminals, by serial number.
    pub terminals: Page<AppTerminal>,
}

/// An app on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalApp {
    /// The app.
    pub app: AppRef,
    /// Whether it may run there; `None` where nobody has said anything of it.
    pub policy: Option<Policy>,
    /// Until when it may run there, renewals counted.
    pub until: Option<Timestamp>,
    /// Why it may not any more, where it was taken back and somebody said why.
    pub reason: Option<String>,
    /// What the terminal last said of it, and when.
    pub install: Option<(Installed, Timestamp)>,
    /// The newest version that was published and runs on the terminal's firmware, as far as that is known.
    pub newest: Option<String>,
}

/// The apps that a merchant may run, and where they are.
#[async_trait]
pub trait Apps: Send + Sync {
    /// The apps that the caller's merchant may run now, at least somewhere.
    ///
    /// **Permissions:** [`MerchantMember`].
    async fn list(&self, by: MerchantMember<'_>, cursor: Option<&Cursor>) -> Result<OwnApps, AppError>;

    /// One of them; `None` for an app that the merchant may not run, as for one that there is not.
    ///
    /// **Permissions:** [`MerchantMember`].
    async fn get(
        &self,
        by: MerchantMember<'_>,
        package: &PackageName,
        query: &AppTerminalQuery,
    ) -> Result<Option<OwnAppPage>, AppError>;

    /// The apps of a terminal, by package name: those that something is decided of, and for the platform also those that are
    /// there all the same. Empty for a terminal that is not within the scope.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn of_terminal(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<TerminalApp>, AppError>;
}
