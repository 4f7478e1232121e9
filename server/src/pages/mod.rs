//! Pages and forms, as axum meets them: what belongs to HTTP around what `app` renders.

mod account;
mod audit_export;
mod csv_export;
mod export;
mod import_rejects;
mod language;
mod log_export;
mod merchants_export;
mod own_session;
mod preferences;
mod remembered;
mod render;
mod sign_in;
mod terminals_export;
mod turned_away;
mod xlsx_export;

pub use account::change_password;
pub use audit_export::AuditExport;
pub use export::{csv, workbook};
pub use import_rejects::import_rejects;
pub use language::language;
pub use log_export::LogExport;
pub use merchants_export::MerchantsExport;
pub use preferences::preferences;
pub use render::{action, page, rendering, trouble};
pub use sign_in::{sign_in, sign_in_code, sign_out};
pub use terminals_export::TerminalsExport;
