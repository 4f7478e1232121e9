//! Whether a merchant may register terminals and take payments.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A merchant's state with the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum MerchantState {
    /// It may.
    Active,
    /// It may not, until the platform says otherwise.
    Suspended,
}

impl MerchantState {
    /// The stable code, as stored and in addresses.
    pub fn code(self) -> &'static str {
        self.into()
    }
}
