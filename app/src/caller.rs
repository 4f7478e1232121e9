//! Who asks, and over what. A service takes a [`Caller`] or one of the handles that only a caller can give, so that what
//! was not allowed cannot be called.
//!
//! The matrix of PRODUCT section 1, in one place:
//!
//! | handle | owner | clerk | admin | support |
//! |---|---|---|---|---|
//! | [`Caller`] (look, search, within scope) | own merchant | own merchant | all | all |
//! | [`Registrar`] (register a terminal) | own merchant | own merchant | all | – |
//! | [`CodeIssuer`] (issue an activation code) | own merchant | – | all | all |
//! | [`Manager`] (change a terminal: rename, suspend, …; which, says [`crate::domain::Move::is_for`]) | own merchant | – | all | – |
//! | [`MerchantMember`] (look at the apps that the own merchant may run, and at its registration) | own merchant | own merchant | – | – |
//! | [`PlatformViewer`] (the pages under 系统管理, the app catalogue and who may run what) | – | – | all | all |
//! | [`PlatformAdmin`] (import, change the app catalogue, authorize and revoke apps, and the like) | – | – | all | – |
//! | [`AccountViewer`] (look at accounts) | own clerks | – | all | all |
//! | [`AccountManager`] (disable an account, reset its password) | own clerks | – | all | – |
//! | [`StaffManager`] (invite clerks) | own merchant | – | – | – |
//! | [`StoreManager`] (add, rename and close stores) | own merchant | – | all | – |

use crate::domain::{MerchantId, Role, UserId};
use crate::error::AppError;
use chrono_tz::Tz;
use std::ops::Deref;

/// The rows that a caller may touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every merchant's, and what belongs to none.
    Platform,
    /// One merchant's.
    Merchant(MerchantId),
}

/// Where a request came from, for the logs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestInfo {
    /// The client's address as text, when there is one.
    pub address: Option<String>,
    /// The request's id, which ties log lines, log entries and problem reports together.
    pub id: String,
    /// What the client calls itself (`User-Agent`, RFC 9110), cut to a sane length.
    pub user_agent: Option<String>,
    /// A name for the session that does not open it.
    pub session: Option<String>,
}

/// A person who has signed in, or Tillkeeper's own command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    user: Option<UserId>,
    login: String,
    role: Role,
    scope: Scope,
    zone: Tz,
    request: RequestInfo,
}

/// The time zone of the platform, and of whoever is not known.
pub const PLATFORM_ZONE: Tz = Tz::Asia__Shanghai;

impl Caller {
    /// A signed-in user. A role of the platform has the platform's scope; a merchant's role has the merchant's, and is
    /// nobody without one.
    pub fn user(
        user: UserId,
        login: String,
        role: Role,
        merchant: Option<MerchantId>,
        request: RequestInfo,
    ) -> Option<Self> {
        let scope = match (role.is_platform(), merchant) {
            (true, _) => Scope::Platform,
            (false, Some(merchant)) => Scope::Merchant(merchant),
            (false, None) => return None,
        };
        Some(Self {
            user: Some(user),
            login,
            role,
            scope,
            zone: PLATFORM_ZONE,
            request,
        })
    }

    /// The same in a session that has just begun.
    pub fn in_session(mut self, name: String) -> Self {
        self.request.session = Some(name);
        self
    }

    /// The same with days that begin where its merchant is.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Self {
        Self { zone, ..self }
    }

    /// The command line: whoever can run it has the database file anyway.
    pub fn system(command: &str) -> Self {
        Self {
            user: None,
            login: "tillkeeper".to_owned(),
            role: Role::PlatformAdmin,
            scope: Scope::Platform,
            zone: PLATFORM_ZONE,
            request: RequestInfo {
                id: command.to_owned(),
                ..RequestInfo::default()
            },
        }
    }

    /// The user's key; `None` for the command line.
    pub fn user_id(&self) -> Option<UserId> {
        self.user
    }

    /// The user's login.
    pub fn login(&self) -> &str {
        &self.login
    }

    /// The user's role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What the caller may touch.
    pub fn scope(&self) -> Scope {
        self.scope
    }

    /// In which instants are told: the time zone of the merchant, or the platform's.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Where this request came from.
    pub fn request(&self) -> &RequestInfo {
        &self.request
    }

    /// The handle of those who may register terminals.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for platform support.
    pub fn registrar(&self) -> Result<Registrar<'_>, AppError> {
        match self.role {
            Role::MerchantOwner | Role::MerchantClerk | Role::PlatformAdmin => Ok(Registrar(self)),
            Role::PlatformSupport => Err(AppError::Forbidden),
        }
    }

    /// The handle of those who may issue activation codes.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for clerks.
    pub fn code_issuer(&self) -> Result<CodeIssuer<'_>, AppError> {
        match self.role {
            Role::MerchantOwner | Role::PlatformAdmin | Role::PlatformSupport => Ok(CodeIssuer(self)),
            Role::MerchantClerk => Err(AppError::Forbidden),
        }
    }

    /// The handle of those who may change terminals. Which changes are theirs is told by [`crate::domain::Move::is_for`].
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for clerks and platform support.
    pub fn manager(&self) -> Result<Manager<'_>, AppError> {
        match self.role {
            Role::MerchantOwner | Role::PlatformAdmin => Ok(Manager(self)),
            Role::MerchantClerk | Role::PlatformSupport => Err(AppError::Forbidden),
        }
    }

    /// The handle of those who belong to a merchant.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for platform users, who belong to none.
    pub fn merchant_member(&self) -> Result<MerchantMember<'_>, AppError> {
        match self.scope {
            Scope::Merchant(merchant) => Ok(MerchantMember { caller: self, merchant }),
            Scope::Platform => Err(AppError::NotFound),
        }
    }

    /// The handle of those who see the pages of the platform.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for merchants, who are not told that there is such a page.
    pub fn platform_viewer(&self) -> Result<PlatformViewer<'_>, AppError> {
        if self.role.is_platform() {
            Ok(PlatformViewer(self))
        } else {
            Err(AppError::NotFound)
        }
    }

    /// The handle of platform administrators.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for merchants, [`AppError::Forbidden`] for platform support.
    pub fn platform_admin(&self) -> Result<PlatformAdmin<'_>, AppError> {
        match self.role {
            Role::PlatformAdmin => Ok(PlatformAdmin(self)),
            Role::PlatformSupport => Err(AppError::Forbidden),
            Role::MerchantOwner | Role::MerchantClerk => Err(AppError::NotFound),
        }
    }

    /// The handle of those who see accounts.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for clerks.
    pub fn account_viewer(&self) -> Result<AccountViewer<'_>, AppError> {
        match self.role {
            Role::MerchantOwner | Role::PlatformAdmin | Role::PlatformSupport => Ok(AccountViewer(self)),
            Role::MerchantClerk => Err(AppError::Forbidden),
        }
    }

    /// The handle of those who look after accounts.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for clerks and platform support.
    pub fn account_manager(&self) -> Result<AccountManager<'_>, AppError> {
        match self.role {
            Role::MerchantOwner | Role::PlatformAdmin => Ok(AccountManager(self)),
            Role::MerchantClerk | Role::PlatformSupport => Err(AppError::Forbidden),
        }
    }

    /// The handle of those who look after stores.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for clerks and platform support.
    pub fn store_manager(&self) -> Result<StoreManager<'_>, AppError> {
        match self.role {
            Role::MerchantOwner | Role::PlatformAdmin => Ok(StoreManager(self)),
            Role::MerchantClerk | Role::PlatformSupport => Err(AppError::Forbidden),
        }
    }

    /// The handle of owners, who invite clerks.
    ///
    /// # Errors
    /// [`AppError::Forbidden`] for clerks, [`AppError::NotFound`] for platform users, who have no staff.
    pub fn staff_manager(&self) -> Result<StaffManager<'_>, AppError> {
        match (self.role, self.scope) {
            (Role::MerchantOwner, Scope::Merchant(merchant)) => Ok(StaffManager { caller: self, merchant }),
            (Role::MerchantClerk, _) => Err(AppError::Forbidden),
            _ => Err(AppError::NotFound),
        }
    }
}

/// An owner, who invites clerks and looks after them.
#[derive(Clone, Copy, Debug)]
pub struct StaffManager<'a> {
    caller: &'a Caller,
    merchant: MerchantId,
}

impl StaffManager<'_> {
    /// The merchant whose owner it is.
    pub fn merchant(&self) -> MerchantId {
        self.merchant
    }
}

impl Deref for StaffManager<'_> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        self.caller
    }
}

/// An owner or a clerk, within the own merchant.
#[derive(Clone, Copy, Debug)]
pub struct MerchantMember<'a> {
    caller: &'a Caller,
    merchant: MerchantId,
}

impl MerchantMember<'_> {
    /// The merchant that it belongs to.
    pub fn merchant(&self) -> MerchantId {
        self.merchant
    }
}

impl Deref for MerchantMember<'_> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        self.caller
    }
}

macro_rules! handles {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'a>(&'a Caller);

        impl Deref for $name<'_> {
            type Target = Caller;

            fn deref(&self) -> &Caller {
                self.0
            }
        }
    )*};
}

handles! {
    /// A caller who may register terminals.
    Registrar,
    /// A caller who may issue activation codes.
    CodeIssuer,
    /// A caller who may change terminals.
    Manager,
    /// A caller who sees every merchant.
    PlatformViewer,
    /// A caller who may change everything.
    PlatformAdmin,
    /// A caller who sees accounts.
    AccountViewer,
    /// A caller who looks after accounts.
    AccountManager,
    /// A caller who looks after stores.
    StoreManager,
}
