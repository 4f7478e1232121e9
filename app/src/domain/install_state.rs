//! What a terminal says of an app on it: PRODUCT section 3, App install.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Where an app's installation on a terminal stands, as the terminal last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum InstallState {
    /// The terminal has said nothing of it.
    Unknown,
    /// It is being fetched or set up.
    Installing,
    /// It is there.
    Installed,
    /// It could not be installed.
    Failed,
    /// It was there and is not any more.
    Removed,
}

impl InstallState {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}
