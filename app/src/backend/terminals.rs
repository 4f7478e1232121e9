//! Looking at terminals.

use super::page::{Cursor, Page};
use crate::caller::Caller;
use crate::domain::{Lifecycle, LifecycleReason, Manufacturer, Obstacle, SerialNumber, StoreId, TerminalId, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;
use std::fmt;
use std::str::FromStr;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What a list of terminals is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalQuery {
    /// Words, each of which must be part of the serial number, the name, the store or the merchant.
    pub search: Option<String>,
    /// Only terminals in one of these states; empty for all.
    pub lifecycles: Vec<Lifecycle>,
    /// Only terminals of this store.
    pub store: Option<StoreId>,
    /// Only terminals of the merchant with this number.
    pub merchant: Option<String>,
    /// Only terminals of this maker.
    pub manufacturer: Option<Manufacturer>,
    /// Only terminals of this model.
    pub model: Option<String>,
    /// Only terminals with this tag.
    pub tag: Option<String>,
    /// Only terminals that are, or are not, heard from.
    pub connection: Option<Connection>,
    /// Only terminals whose verdict says this first: one of [`OBSTACLES_LISTED`].
    pub obstacle: Option<Obstacle>,
    /// Only terminals last heard from at this instant or later.
    pub seen_from: Option<Timestamp>,
    /// Only terminals last heard from before this instant.
    pub seen_until: Option<Timestamp>,
    /// Only terminals registered at this instant or later.
    pub registered_from: Option<Timestamp>,
    /// Only terminals registered before this instant.
    pub registered_until: Option<Timestamp>,
    /// In which order; without one, what is searched for comes newest first and everything else by serial number.
    pub sort: Option<TerminalSort>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// What a list of terminals can be sorted by. What has no value comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum SortKey {
    /// Serial number.
    Sn,
    /// Name.
    Name,
    /// When it was last heard from.
    LastSeen,
    /// When it was registered.
    Registered,
}

/// In which order a list comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSort {
    /// By what.
    pub by: SortKey,
    /// The last first.
    pub descending: bool,
}

/// A terminal's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Connection {
    /// It was never heard from.
    Never,
    /// It was heard from within the expected time.
    Online,
    /// It was heard from, but not lately.
    Offline,
}

/// The obstacles that a list can be narrowed to, in the order of the checks: all that a terminal can have which is there.
pub const OBSTACLES_LISTED: [Obstacle; 17] = [
    Obstacle::Retired,
    Obstacle::Suspended,
    Obstacle::MerchantStopped,
    Obstacle::NotAssigned,
    Obstacle::NotRegistered,
    Obstacle::NotConnected,
    Obstacle::AppNotAuthorized,
    Obstacle::AppExpired,
    Obstacle::AppNotInstalled,
    Obstacle::AppInstallFailed,
    Obstacle::NotSignedIn,
    Obstacle::SignedOut,
    Obstacle::Silent,
    Obstacle::NetworkDown,
    Obstacle::CardReaderFault,
    Obstacle::PrinterFault,
    Obstacle::PaperOut,
];

/// How many terminals a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Exactly(u64),
    /// About so many.
    About(u64),
}

impl TerminalQuery {
    /// Whether the list is narrowed to anything.
    pub fn is_narrowed(&self) -> bool {
        let everything = Self {
            cursor: self.cursor.clone(),
            sort: self.sort,
            ..Self::default()
        };
        *self != everything
    }
}

impl SortKey {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl Connection {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// `name`, or `-name` for the last first.
impl fmt::Display for TerminalSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.descending { "-" } else { "" };
        write!(f, "{sign}{}", self.by.code())
    }
}

impl FromStr for TerminalSort {
    type Err = strum::ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let by = text.strip_prefix('-').unwrap_or(text).parse()?;
        Ok(Self {
            by,
            descending: text.starts_with('-'),
        })
    }
}

/// A terminal as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalRow {
    /// Its key.
    pub id: TerminalId,
    /// Its serial number.
    pub sn: SerialNumber,
    /// The serial number as it was printed or imported.
    pub sn_printed: String,
    /// Who made it.
    pub manufacturer: Manufacturer,
    /// What it is.
    pub model: String,
    /// What its people call it.
    pub name: String,
    /// Whose it is, when it is anybody's.
    pub merchant: Option<MerchantRef>,
    /// Where it stands, when that is known.
    pub store: Option<String>,
    /// Its state.
    pub lifecycle: Lifecycle,
    /// When it was last heard from.
    pub last_seen: Option<Timestamp>,
}

/// A merchant, as it is named beside something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerchantRef {
    /// Its number with the platform.
    pub number: String,
    /// Its name.
    pub name: String,
}

/// A terminal with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// What a list shows.
    pub row: TerminalRow,
    /// Why it is suspended or retired.
    pub lifecycle_reason: Option<LifecycleReason>,
    /// The same in words.
    pub lifecycle_note: Option<String>,
    /// Remarks from the inventory.
    pub note: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Version of its main app.
    pub app_version: Option<String>,
    /// When its record was made.
    pub created: Timestamp,
    /// When it was registered.
    pub registered: Option<Timestamp>,
    /// When it got the token with which it talks to the platform.
    pub connected: Option<Timestamp>,
    /// When somebody last signed in at it.
    pub signed_in: Option<Timestamp>,
    /// Until when the activation code that is out for it works.
    pub code_expires: Option<Timestamp>,
}

/// How many terminals are in which state, within a scope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TerminalCounts {
    /// [`Lifecycle::Unassigned`]; always 0 for a merchant.
    pub unassigned: u64,
    /// [`Lifecycle::Awaiting`]
    pub awaiting: u64,
    /// [`Lifecycle::Registered`]
    pub registered: u64,
    /// [`Lifecycle::Suspended`]
    pub suspended: u64,
    /// [`Lifecycle::Retired`]
    pub retired: u64,
}

impl TerminalCounts {
    /// Terminals that are not registered yet: 未注册.
    pub fn unregistered(&self) -> u64 {
        self.unassigned + self.awaiting
    }

    /// How many are in a state.
    pub fn of(&self, state: Lifecycle) -> u64 {
        match state {
            Lifecycle::Unassigned => self.unassigned,
            Lifecycle::Awaiting => self.awaiting,
            Lifecycle::Registered => self.registered,
            Lifecycle::Suspended => self.suspended,
            Lifecycle::Retired => self.retired,
        }
    }

    /// The place where that stands.
    pub fn of_mut(&mut self, state: Lifecycle) -> &mut u64 {
        match state {
            Lifecycle::Unassigned => &mut self.unassigned,
            Lifecycle::Awaiting => &mut self.awaiting,
            Lifecycle::Registered => &mut self.registered,
            Lifecycle::Suspended => &mut self.suspended,
            Lifecycle::Retired => &mut self.retired,
        }
    }

    /// All of them.
    pub fn all(&self) -> u64 {
        self.unregistered() + self.registered + self.suspended + self.retired
    }
}

/// What a list of terminals can be narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TerminalFilters {
    /// The stores of the caller's merchant; empty for the platform.
    pub stores: Vec<(StoreId, String)>,
    /// The models there are.
    pub models: Vec<String>,
}

/// Terminals that are offered for a serial number that there is not.
pub const LOOK_ALIKES: usize = 5;

/// Looking at terminals.
#[async_trait]
pub trait Terminals: Send + Sync {
    /// A page of terminals. A search for a whole serial number has that terminal first. Of [`TerminalQuery::obstacle`] it
    /// only knows what cannot have it; [`super::verdicts::Verdicts::page`] decides.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn list(&self, caller: &Caller, query: &TerminalQuery) -> Result<Page<TerminalRow>, AppError>;

    /// What the list can be narrowed to.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn filters(&self, caller: &Caller) -> Result<TerminalFilters, AppError>;

    /// How many terminals are in which state.
    ///
    /// **Permissions:** any caller, within its scope. Of a platform with many terminals it may be a minute old.
    async fn counts(&self, caller: &Caller) -> Result<TerminalCounts, AppError>;

    /// The terminals with a serial number, live ones first: none, one, or one per manufacturer and retired record.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn get(
        &self,
        caller: &Caller,
        sn: &SerialNumber,
        manufacturer: Option<&Manufacturer>,
    ) -> Result<Vec<Terminal>, AppError>;

    /// At most [`LOOK_ALIKES`] terminals whose serial numbers look like one that there is not: misread characters, one key
    /// too many, too few or beside the right one. The likeliest come first.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn look_alikes(&self, caller: &Caller, sn: &SerialNumber) -> Result<Vec<TerminalRow>, AppError>;
}
