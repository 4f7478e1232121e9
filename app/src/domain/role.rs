//! Who people are.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A user's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// 商户管理员
    MerchantOwner,
    /// 店员
    MerchantClerk,
    /// 平台管理员
    PlatformAdmin,
    /// 平台客服
    PlatformSupport,
}

impl Role {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The other role of the same side: platform or merchant.
    pub fn other_of_side(self) -> Self {
        match self {
            Self::MerchantOwner => Self::MerchantClerk,
            Self::MerchantClerk => Self::MerchantOwner,
            Self::PlatformAdmin => Self::PlatformSupport,
            Self::PlatformSupport => Self::PlatformAdmin,
        }
    }

    /// Whether users of this role see every merchant.
    pub fn is_platform(self) -> bool {
        matches!(self, Self::PlatformAdmin | Self::PlatformSupport)
    }
}
