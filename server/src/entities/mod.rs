//! The tables, one per file, as rows. Columns that hold one of a list are plain text here; services parse them into
//! domain types, and no row is ever sent to a page or an API.

pub mod activation_codes;
pub mod app_grant_drafts;
pub mod app_grants;
pub mod app_installs;
pub mod app_refusals;
pub mod app_versions;
pub mod apps;
pub mod audit_log;
pub mod batch_items;
pub mod batch_jobs;
pub mod batches;
pub mod device_log;
pub mod floods;
pub mod idempotency_keys;
pub mod import_batches;
pub mod import_changes;
pub mod import_errors;
pub mod import_jobs;
pub mod import_parts;
pub mod import_previews;
pub mod import_stores;
pub mod invitations;
pub mod list_layouts;
pub mod log_boundaries;
pub mod log_heads;
pub mod merchants;
pub mod recovery_codes;
pub mod saved_views;
pub mod second_factors;
pub mod sessions;
pub mod stores;
pub mod terminal_tags;
pub mod terminals;
pub mod throttles;
pub mod users;
