//! The pages, one file each: its view and its server functions.
//!
//! Before a page is rendered or a server function is called, the server puts into the context:
//! [`crate::backend::Backend`], `Option<`[`crate::caller::Caller`]`>` and [`crate::request::Rendering`].

mod account;
mod app;
mod apps;
mod audit;
mod batch;
mod batch_preview;
mod batch_result;
mod catalogue;
mod catalogue_app;
mod catalogue_grants;
mod codes;
mod device;
mod device_facts;
mod device_timeline;
mod devices;
mod devices_filters;
mod devices_layout;
mod devices_select;
mod devices_table;
mod devices_views;
mod file_words;
mod find;
mod grant_preview;
mod guard;
mod help;
mod home;
mod home_care;
mod home_imports;
mod home_trend;
mod import;
mod import_errors;
mod import_mapping;
mod import_preview;
mod import_progress;
mod import_report;
mod import_steps;
mod logs;
mod logs_form;
mod merchant;
mod merchant_form;
mod merchants;
mod not_found;
mod palette;
mod progress;
mod register;
mod register_many;
mod registration;
mod security;
mod sign_in;
mod sign_in_code;
mod staff;
mod stores;
mod terminal_change;
mod trouble;
mod user;
mod users;
mod welcome;

use crate::request::address;

pub use account::{PASSWORD_PATH as ACCOUNT_PASSWORD, PATH as ACCOUNT};
pub use audit::asked as audit_asked;
pub use devices::TERMINALS;
pub use devices_filters::asked as terminals_asked;
pub use file_words::{
    TerminalWords, audit_headings, audit_words, merchant_headings, merchant_words, terminal_headings, terminal_words,
};
pub use import_errors::{REJECTS as IMPORT_REJECTS, error_heading, error_words};
pub use logs::{asked as log_asked, headings as log_headings, words as log_words};
pub use merchants::asked as merchants_asked;

use account::{AccountPage, EndOtherSessions, EndSession};
use app::AppPage;
use apps::AppsPage;
use audit::AuditPage;
use batch::{BatchCodes, BatchPage, CancelBatch, ChangeBatch, ChooseTerminals};
use catalogue::{CataloguePage, CreateApp};
use catalogue_app::{CatalogueAppPage, SaveVersion, UpdateApp};
use catalogue_grants::{PrepareGrants, RevokeGrants};
pub(crate) use codes::{CounterCode, RevokeCode};
use device::{DevicePage, IssueCode};
use devices::{DevicesPage, TerminalsPage};
use devices_layout::SaveLayout;
use devices_views::{DeleteView, RenameView, SaveView};
use find::FindPage;
use grant_preview::{ConfirmGrants, GrantPreviewPage};
use help::{HelpPage, HelpTopicPage};
use home::HomePage;
use import::{ImportPage, ImportTerminals};
use import_report::ImportReportPage;
use import_steps::{CancelImport, ConfirmImport, MapImport, UndoImport};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::server_fn::axum::register_explicit;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};
use logs::LogsPage;
use merchant::{MerchantPage, ResumeMerchant, SuspendMerchant, UpdateMerchant};
use merchants::{CreateMerchant, MerchantsPage};
use not_found::NotFoundPage;
use palette::PalettePage;
use register::{RegisterPage, RegisterTerminal};
use register_many::RegisterMany;
use registration::RegistrationPage;
pub use security::SECURITY;
use security::{BeginFactor, ConfirmFactor, DisableFactor, RenewCodes, SecurityPage};
use sign_in::SignInPage;
use sign_in_code::SignInCodePage;
use staff::{InviteClerk, RenewInvitation, StaffPage, WithdrawInvitation};
use stores::{CloseStore, CreateStore, ReopenStore, StoresPage, UpdateStore};
pub(crate) use terminal_change::{ChangeTerminal, needs_confirmation};
pub use trouble::Trouble;
pub(crate) use trouble::{TroublePage, words as trouble_words};
use user::{ChangeRole, EnableUser, ResetFactor, ResetUser, UserPage};
use users::{CreateUser, UsersPage};
use welcome::{AcceptInvitation, WelcomePage};

/// The forms that carry a file: they are sent in parts and in no other way.
pub const UPLOADS: [&str; 2] = [ImportTerminals::PATH, RegisterMany::PATH];

/// Every page by its address.
#[component]
pub fn App() -> impl IntoView {
    view! {
        <Router>
            <FlatRoutes fallback=NotFoundPage>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                <Route path=path!("/devices") view=DevicesPage ssr=SsrMode::Async />
                <Route path=path!("/devices/find") view=FindPage ssr=SsrMode::Async />
                <Route path=path!("/devices/register") view=RegisterPage ssr=SsrMode::Async />
                <Route path=path!("/devices/:sn") view=DevicePage ssr=SsrMode::Async />
                <Route path=path!("/help") view=HelpPage ssr=SsrMode::Async />
                <Route path=path!("/help/:topic") view=HelpTopicPage ssr=SsrMode::Async />
                <Route path=path!("/apps") view=AppsPage ssr=SsrMode::Async />
                <Route path=path!("/apps/:package") view=AppPage ssr=SsrMode::Async />
                <Route path=path!("/audit") view=AuditPage ssr=SsrMode::Async />
                <Route path=path!("/batches/:id") view=BatchPage ssr=SsrMode::Async />
                <Route path=path!("/catalogue") view=CataloguePage ssr=SsrMode::Async />
                <Route path=path!("/catalogue/:package") view=CatalogueAppPage ssr=SsrMode::Async />
                <Route
                    path=path!("/catalogue/:package/authorize/:draft")
                    view=GrantPreviewPage
                    ssr=SsrMode::Async
                />
                <Route path=path!("/logs") view=LogsPage ssr=SsrMode::Async />
                <Route path=path!("/merchants") view=MerchantsPage ssr=SsrMode::Async />
                <Route path=path!("/merchants/:number") view=MerchantPage ssr=SsrMode::Async />
                <Route path=path!("/palette") view=PalettePage ssr=SsrMode::Async />
                <Route path=path!("/settings/account") view=AccountPage ssr=SsrMode::Async />
                <Route path=path!("/sign-in/code") view=SignInCodePage ssr=SsrMode::Async />
                <Route path=path!("/settings/security") view=SecurityPage ssr=SsrMode::Async />
                <Route path=path!("/settings/registration") view=RegistrationPage ssr=SsrMode::Async />
                <Route path=path!("/settings/stores") view=StoresPage ssr=SsrMode::Async />
                <Route path=path!("/settings/staff") view=StaffPage ssr=SsrMode::Async />
                <Route path=path!("/terminals") view=TerminalsPage ssr=SsrMode::Async />
                <Route path=path!("/terminals/import") view=ImportPage ssr=SsrMode::Async />
                <Route path=path!("/terminals/import/:id") view=ImportReportPage ssr=SsrMode::Async />
                <Route path=path!("/users") view=UsersPage ssr=SsrMode::Async />
                <Route path=path!("/users/:login") view=UserPage ssr=SsrMode::Async />
                <Route path=path!("/welcome/:token") view=WelcomePage ssr=SsrMode::Async />
            </FlatRoutes>
        </Router>
    }
}

/// Makes the server functions known to the server, whatever the linker leaves out.
pub fn register_actions() {
    register_explicit::<RegisterTerminal>();
    register_explicit::<IssueCode>();
    register_explicit::<EndSession>();
    register_explicit::<EndOtherSessions>();
    register_explicit::<CounterCode>();
    register_explicit::<SaveView>();
    register_explicit::<RenameView>();
    register_explicit::<DeleteView>();
    register_explicit::<SaveLayout>();
    register_explicit::<ChooseTerminals>();
    register_explicit::<ChangeBatch>();
    register_explicit::<BatchCodes>();
    register_explicit::<CancelBatch>();
    register_explicit::<RegisterMany>();
    register_explicit::<RevokeCode>();
    register_explicit::<ChangeTerminal>();
    register_explicit::<ImportTerminals>();
    register_explicit::<MapImport>();
    register_explicit::<ConfirmImport>();
    register_explicit::<CancelImport>();
    register_explicit::<UndoImport>();
    register_explicit::<CreateUser>();
    register_explicit::<CreateMerchant>();
    register_explicit::<UpdateMerchant>();
    register_explicit::<SuspendMerchant>();
    register_explicit::<ResumeMerchant>();
    register_explicit::<CreateStore>();
    register_explicit::<UpdateStore>();
    register_explicit::<CloseStore>();
    register_explicit::<ReopenStore>();
    register_explicit::<ResetUser>();
    register_explicit::<EnableUser>();
    register_explicit::<ChangeRole>();
    register_explicit::<InviteClerk>();
    register_explicit::<RenewInvitation>();
    register_explicit::<WithdrawInvitation>();
    register_explicit::<AcceptInvitation>();
    register_explicit::<BeginFactor>();
    register_explicit::<ConfirmFactor>();
    register_explicit::<RenewCodes>();
    register_explicit::<DisableFactor>();
    register_explicit::<ResetFactor>();
    register_explicit::<CreateApp>();
    register_explicit::<UpdateApp>();
    register_explicit::<SaveVersion>();
    register_explicit::<PrepareGrants>();
    register_explicit::<ConfirmGrants>();
    register_explicit::<RevokeGrants>();
}

pub(crate) use help::{help_address, help_topic_address};

/// The address of an app's page: the catalogue's for the platform, a merchant's own otherwise.
pub(crate) fn app_address(package: &str, platform: bool) -> String {
    let list = if platform { "/catalogue" } else { "/apps" };
    format!("{list}/{}", urlencoding::encode(package))
}

/// The address of a terminal's page. A serial number may have a slash.
pub(crate) fn device_address(sn: &str, manufacturer: Option<&str>) -> String {
    let path = format!("/devices/{}", urlencoding::encode(sn));
    address(&path, [("manufacturer", manufacturer.unwrap_or_default())])
}
