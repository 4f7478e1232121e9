//! Whether an account can be used.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// An account's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum UserState {
    /// Signs in.
    Active,
    /// Has no password yet.
    Invited,
    /// May not sign in.
    Disabled,
}

impl UserState {
    /// The stable code, as in addresses.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The state of an account with or without a password, disabled or not.
    pub fn of(has_password: bool, disabled: bool) -> Self {
        match (disabled, has_password) {
            (true, _) => Self::Disabled,
            (false, true) => Self::Active,
            (false, false) => Self::Invited,
        }
    }
}
