//! The language of the product: values that are right by construction and rules that need nothing but them.
//!
//! Everything here compiles for the server and for the browser alike, and none of it asks a database or a clock.

mod activation_code;
pub mod app_policy;
mod app_version;
mod audit;
mod contact;
mod device_log;
mod ids;
mod install_fault;
mod install_state;
mod invitation;
mod lifecycle;
mod login;
mod look_alikes;
mod manufacturer;
mod merchant_no;
mod merchant_state;
mod name;
mod normalize;
mod operator_no;
mod package_name;
mod password;
mod reason;
mod report;
mod role;
mod search_text;
mod second_factor;
mod serial_number;
mod sn_list;
mod sn_pattern;
mod tag;
mod timestamp;
mod user_state;
mod verdict;

pub use activation_code::{ActivationCode, ActivationCodeError};
pub use app_policy::{Grant, GrantTarget, Policy, PolicyState};
pub use app_version::{AppVersion, AppVersionError, compare_versions};
pub use audit::{AuditAction, TargetKind};
pub use contact::{Email, EmailError, Phone, PhoneError};
pub use device_log::{ActorKind, LogKind, Outcome};
pub use ids::{
    ActivationCodeId, AppGrantId, AppId, AuditEntryId, BatchId, GrantDraftId, ImportBatchId, InvitationId, LogEntryId,
    MerchantId, SavedViewId, StoreId, TerminalId, UserId,
};
pub use install_fault::InstallFault;
pub use install_state::{InstallState, Installed};
pub use invitation::{InvitationToken, InvitationTokenError, Purpose};
pub use lifecycle::{Cause, CauseError, Lifecycle, LifecycleReason, Move, WhyNot, allowed};
pub use login::{Login, LoginError};
pub use look_alikes::look_alikes;
pub use manufacturer::{Manufacturer, ManufacturerError};
pub use merchant_no::{MerchantNo, MerchantNoError};
pub use merchant_state::MerchantState;
pub use name::{Name, NameError};
pub use normalize::is_dash;
pub use operator_no::{OperatorNo, OperatorNoError};
pub use package_name::{PackageName, PackageNameError};
pub use password::{Password, PasswordFault};
pub use reason::{Reason, Told};
pub use report::{Battery, BatteryError, CardReader, Network, Paper, Printer, Report, ReportedApp};
pub use role::Role;
pub use search_text::{name_key, search_text, search_words};
pub use second_factor::{FactorCode, RecoveryCode};
pub use serial_number::{SerialNumber, SerialNumberError};
pub use sn_list::{ListedSn, parse_list};
pub use sn_pattern::{SnPattern, looks_odd};
pub use tag::Tag;
pub use timestamp::Timestamp;
pub use user_state::UserState;
pub use verdict::{Answer, BusinessDay, Check, Checked, Facts, Finding, Obstacle, PaymentApp, Verdict};
