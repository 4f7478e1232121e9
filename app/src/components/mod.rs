//! What pages are made of. Everything here is rendered on the server; what runs in the browser is in [`crate::islands`].
//!
//! Most are plain functions: a component with properties costs a page more than its markup.

pub(crate) mod account_state;
pub(crate) mod app_words;
pub(crate) mod audit_table;
pub(crate) mod change;
pub(crate) mod chart;
pub(crate) mod code_panel;
pub(crate) mod display;
pub(crate) mod empty;
pub(crate) mod export_links;
pub(crate) mod facts;
pub(crate) mod failure;
pub(crate) mod field;
pub(crate) mod format;
pub(crate) mod html;
pub(crate) mod icon;
pub(crate) mod layout;
pub(crate) mod link_panel;
pub(crate) mod log_entry;
pub(crate) mod log_table;
pub(crate) mod merchant_state;
pub(crate) mod pager;
pub(crate) mod phone_fold;
pub(crate) mod qr;
pub(crate) mod scan;
pub(crate) mod sentence;
pub(crate) mod sn_field;
pub(crate) mod stacked_table;
pub(crate) mod state_badge;
pub(crate) mod stencil;
pub(crate) mod support;
pub(crate) mod terminal_actions;
pub(crate) mod terminal_apps;
pub(crate) mod terminal_codes;
pub(crate) mod text_area;
pub(crate) mod user_agent;
pub(crate) mod verdict;
pub(crate) mod words;
