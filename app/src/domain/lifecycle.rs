//! The first of a terminal's four axes: PRODUCT section 3, Lifecycle.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Where a terminal stands between the platform's inventory and the scrap heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Lifecycle {
    /// In the platform's inventory, no merchant.
    Unassigned,
    /// Given to a merchant, not registered.
    Awaiting,
    /// Bound to its merchant.
    Registered,
    /// Bound, but stopped for a reason.
    Suspended,
    /// Out of use for good; its serial number may come back as a new record.
    Retired,
}

impl Lifecycle {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why a terminal was suspended or retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LifecycleReason {
    /// It broke.
    Damaged,
    /// Nobody knows where it is.
    Lost,
    /// Somebody took it.
    Stolen,
    /// Somebody opened or changed it.
    Tampered,
    /// It went back to its owner.
    Returned,
    /// Another terminal does its work now.
    Replaced,
    /// Its maker no longer supports it.
    EndOfLife,
    /// Anything else, told in words.
    Other,
}

impl LifecycleReason {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}
