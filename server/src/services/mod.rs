//! The answers: each file implements one of the traits of `app::backend` with rules and queries, within the caller's scope.

pub mod accounts;
pub mod apps;
pub mod audit;
mod batch;
pub mod batches;
pub mod boundaries;
pub(crate) mod business_day;
pub mod catalogue;
pub mod chain;
pub mod chain_verify;
pub mod checkpoints;
pub mod codes;
pub mod device_log;
mod failure;
pub mod grants;
pub mod idempotency;
pub mod imports;
pub mod invitations;
mod jobs;
pub mod lifecycle;
mod links;
pub mod list_settings;
pub mod merchants;
pub mod passwords;
pub mod presence;
pub mod registration;
pub mod retention;
mod scope;
pub mod second_factor;
pub mod sessions;
pub mod stores;
pub mod terminals;
pub mod throttle;
pub mod tokens;
pub mod trends;
pub mod users;
pub mod verdicts;

use crate::clock::Surroundings;
use crate::database::Database;
use app::backend::Backend;
use app::caller::{Caller, RequestInfo};
use app::domain::{ActorKind, TerminalId};
use passwords::{PasswordError, Passwords};
use std::ops::Deref;
use std::sync::Arc;

pub use failure::Failure;

/// All services over one database; cheap to clone, which every layer of a request does.
#[derive(Clone)]
pub struct Services(Arc<All>);

impl Deref for Services {
    type Target = All;

    fn deref(&self) -> &All {
        &self.0
    }
}

/// Each service once.
pub struct All {
    /// People and how they sign in.
    pub accounts: Arc<accounts::AccountService>,
    /// The apps that a merchant may run.
    pub apps: Arc<apps::AppService>,
    /// What people did.
    pub audit: Arc<audit::AuditService>,
    /// Many terminals at once.
    pub batches: Arc<batches::BatchService>,
    /// The app catalogue.
    pub catalogue: Arc<catalogue::CatalogueService>,
    /// Activation codes.
    pub codes: Arc<codes::CodeService>,
    /// What happened to terminals.
    pub device_log: Arc<device_log::DeviceLogService>,
    /// Who may run an app.
    pub grants: Arc<grants::GrantService>,
    /// Answers kept for those who ask twice.
    pub idempotency: Arc<idempotency::IdempotencyService>,
    /// Inventory files.
    pub imports: Arc<imports::ImportService>,
    /// Hearing terminals.
    pub presence: Arc<presence::PresenceService>,
    /// One-time links with which people set a password.
    pub invitations: Arc<invitations::InvitationService>,
    /// Changing terminals.
    pub lifecycle: Arc<lifecycle::MoveService>,
    /// How people have arranged the list of terminals.
    pub list_settings: Arc<list_settings::ListSettingsService>,
    /// Merchants.
    pub merchants: Arc<merchants::MerchantService>,
    /// Binding terminals to merchants.
    pub registration: Arc<registration::RegistrationService>,
    /// A person's own sessions.
    pub sessions: Arc<sessions::SessionService>,
    /// The second step of signing in.
    pub second_factor: Arc<second_factor::SecondFactorService>,
    /// Stores of a merchant.
    pub stores: Arc<stores::StoreService>,
    /// Looking at terminals.
    pub terminals: Arc<terminals::TerminalService>,
    /// Whose token it is.
    pub tokens: Arc<tokens::TokenService>,
    /// How registrations went lately.
    pub trends: Arc<trends::TrendService>,
    /// Whether terminals can take a payment now.
    pub verdicts: Arc<verdicts::VerdictService>,
    /// Accounts, as those who look after them see them.
    pub users: Arc<users::UserService>,
}

impl Services {
    /// # Errors
    /// [`PasswordError`] when the hashing library refuses its parameters.
    pub fn new(database: Database, surroundings: Surroundings) -> Result<Self, PasswordError> {
        let passwords = Passwords::new(&surroundings)?;
        let codes = Arc::new(codes::CodeService::new(database.clone(), surroundings.clone()));
        let registration = Arc::new(registration::RegistrationService::new(
            database.clone(),
            surroundings.clone(),
            codes.clone(),
        ));
        let terminals = Arc::new(terminals::TerminalService::new(database.clone(), surroundings.clone()));
        let verdicts = Arc::new(verdicts::VerdictService::new(
            database.clone(),
            surroundings.clone(),
            terminals.clone(),
        ));
        Ok(Self(Arc::new(All {
            accounts: Arc::new(accounts::AccountService::new(
                database.clone(),
                surroundings.clone(),
                passwords.clone(),
            )),
            apps: Arc::new(apps::AppService::new(database.clone(), surroundings.clone())),
            audit: Arc::new(audit::AuditService::new(database.clone(), surroundings.clone())),
            batches: Arc::new(batches::BatchService::new(
                database.clone(),
                surroundings.clone(),
                codes.clone(),
                registration.clone(),
                terminals.clone(),
                verdicts.clone(),
            )),
            catalogue: Arc::new(catalogue::CatalogueService::new(database.clone(), surroundings.clone())),
            codes,
            grants: Arc::new(grants::GrantService::new(database.clone(), surroundings.clone())),
            device_log: Arc::new(device_log::DeviceLogService::new(database.clone())),
            idempotency: Arc::new(idempotency::IdempotencyService::new(
                database.clone(),
                surroundings.clone(),
            )),
            imports: Arc::new(imports::ImportService::new(database.clone(), surroundings.clone())),
            lifecycle: Arc::new(lifecycle::MoveService::new(database.clone(), surroundings.clone())),
            presence: Arc::new(presence::PresenceService::new(database.clone(), surroundings.clone())),
            invitations: Arc::new(invitations::InvitationService::new(
                database.clone(),
                surroundings.clone(),
                passwords,
            )),
            list_settings: Arc::new(list_settings::ListSettingsService::new(
                database.clone(),
                surroundings.clone(),
            )),
            merchants: Arc::new(merchants::MerchantService::new(database.clone(), surroundings.clone())),
            registration,
            sessions: Arc::new(sessions::SessionService::new(database.clone(), surroundings.clone())),
            second_factor: Arc::new(second_factor::SecondFactorService::new(
                database.clone(),
                surroundings.clone(),
            )),
            stores: Arc::new(stores::StoreService::new(database.clone(), surroundings.clone())),
            terminals,
            tokens: Arc::new(tokens::TokenService::new(database.clone())),
            trends: Arc::new(trends::TrendService::new(database.clone(), surroundings.clone())),
            verdicts,
            users: Arc::new(users::UserService::new(database, surroundings)),
        })))
    }

    /// The same, as pages see it.
    pub fn backend(&self) -> Backend {
        Backend {
            accounts: self.accounts.clone(),
            apps: self.apps.clone(),
            audit: self.audit.clone(),
            batches: self.batches.clone(),
            catalogue: self.catalogue.clone(),
            codes: self.codes.clone(),
            device_log: self.device_log.clone(),
            grants: self.grants.clone(),
            imports: self.imports.clone(),
            invitations: self.invitations.clone(),
            lifecycle: self.lifecycle.clone(),
            list_settings: self.list_settings.clone(),
            merchants: self.merchants.clone(),
            registration: self.registration.clone(),
            sessions: self.sessions.clone(),
            second_factor: self.second_factor.clone(),
            stores: self.stores.clone(),
            terminals: self.terminals.clone(),
            trends: self.trends.clone(),
            verdicts: self.verdicts.clone(),
            users: self.users.clone(),
        }
    }
}

impl chain::Actor {
    /// The person who asks, or the command line.
    pub fn caller(caller: &Caller) -> Self {
        Self {
            kind: if caller.user_id().is_some() {
                ActorKind::User
            } else {
                ActorKind::System
            },
            id: caller.user_id().map(|user| user.0),
            label: Some(caller.login().to_owned()),
        }
    }

    /// A terminal, which may be one that nobody knows.
    pub fn terminal(terminal: Option<TerminalId>) -> Self {
        Self {
            kind: ActorKind::Terminal,
            id: terminal.map(|terminal| terminal.0),
            label: None,
        }
    }
}

impl chain::NewEntry {
    /// An entry with what the request says of itself; the rest is for the caller to fill in.
    pub fn of(
        surroundings: &Surroundings,
        request: &RequestInfo,
        actor: chain::Actor,
        kind: app::domain::LogKind,
        outcome: app::domain::Outcome,
    ) -> Self {
        Self {
            merchant: None,
            occurred: surroundings.now(),
            sn_sent: None,
            terminal: None,
            kind,
            outcome,
            reason: None,
            told: None,
            actor,
            address: request.address.clone(),
            correlation: request.id.clone(),
            detail: serde_json::json!({}),
        }
    }
}
