//! The questions that pages may ask, one file per area. The server answers them; see `server/src/services`.

pub mod accounts;
pub mod apps;
pub mod audit;
pub mod batches;
pub mod catalogue;
pub mod codes;
pub mod device_log;
pub mod grants;
pub mod imports;
pub mod invitations;
pub mod lifecycle;
pub mod list_settings;
pub mod merchants;
pub mod page;
pub mod registration;
pub mod second_factor;
pub mod sessions;
pub mod stores;
pub mod terminals;
pub mod trends;
pub mod users;
pub mod verdicts;

use std::sync::Arc;

/// The answering side, as a page finds it in its context.
#[derive(Clone)]
pub struct Backend {
    /// People and how they sign in.
    pub accounts: Arc<dyn accounts::Accounts>,
    /// The apps that a merchant may run.
    pub apps: Arc<dyn apps::Apps>,
    /// What people did.
    pub audit: Arc<dyn audit::Audit>,
    /// Many terminals at once.
    pub batches: Arc<dyn batches::Batches>,
    /// The app catalogue.
    pub catalogue: Arc<dyn catalogue::Catalogue>,
    /// Activation codes.
    pub codes: Arc<dyn codes::Codes>,
    /// What happened to terminals.
    pub device_log: Arc<dyn device_log::DeviceLog>,
    /// Who may run an app.
    pub grants: Arc<dyn grants::Grants>,
    /// Inventory files.
    pub imports: Arc<dyn imports::Imports>,
    /// One-time links with which people set a password.
    pub invitations: Arc<dyn invitations::Invitations>,
    /// Changing terminals.
    pub lifecycle: Arc<dyn lifecycle::Moves>,
    /// How people have arranged the list of terminals.
    pub list_settings: Arc<dyn list_settings::ListSettings>,
    /// Merchants.
    pub merchants: Arc<dyn merchants::Merchants>,
    /// Binding terminals to merchants.
    pub registration: Arc<dyn registration::Registration>,
    /// A person's own sessions.
    pub sessions: Arc<dyn sessions::Sessions>,
    /// The second step of signing in.
    pub second_factor: Arc<dyn second_factor::SecondFactor>,
    /// Stores of a merchant.
    pub stores: Arc<dyn stores::Stores>,
    /// Looking at terminals.
    pub terminals: Arc<dyn terminals::Terminals>,
    /// Whether terminals can take a payment now.
    pub verdicts: Arc<dyn verdicts::Verdicts>,
    /// How registrations went lately.
    pub trends: Arc<dyn trends::Trends>,
    /// Accounts, as those who look after them see them.
    pub users: Arc<dyn users::Users>,
}
