//! The questions that pages may ask, one file per area. The server answers them; see `server/src/services`.

pub mod accounts;
pub mod audit;
pub mod device_log;
pub mod imports;
pub mod page;
pub mod registration;
pub mod sessions;
pub mod terminals;
pub mod verdicts;

use std::sync::Arc;

/// The answering side, as a page finds it in its context.
#[derive(Clone)]
pub struct Backend {
    /// People and how they sign in.
    pub accounts: Arc<dyn accounts::Accounts>,
    /// What people did.
    pub audit: Arc<dyn audit::Audit>,
    /// What happened to terminals.
    pub device_log: Arc<dyn device_log::DeviceLog>,
    /// Inventory files.
    pub imports: Arc<dyn imports::Imports>,
    /// Binding terminals to merchants.
    pub registration: Arc<dyn registration::Registration>,
    /// A person's own sessions.
    pub sessions: Arc<dyn sessions::Sessions>,
    /// Looking at terminals.
    pub terminals: Arc<dyn terminals::Terminals>,
    /// Whether terminals can take a payment now.
    pub verdicts: Arc<dyn verdicts::Verdicts>,
}
