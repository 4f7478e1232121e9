//! Stores of a merchant.

use crate::caller::{Caller, StoreManager};
use crate::domain::{MerchantNo, StoreId, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// Most characters of a store's address.
pub const ADDRESS_CHARS: usize = 200;

/// A store as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRow {
    /// Its key.
    pub id: StoreId,
    /// Its name, unique within the merchant.
    pub name: String,
    /// Where it is.
    pub address: Option<String>,
    /// Since when it is closed.
    pub closed: Option<Timestamp>,
    /// Terminals in it that are not retired.
    pub terminals: u64,
}

/// What is known of a store, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreInput {
    /// Its name.
    pub name: String,
    /// Where it is; may be empty.
    pub address: String,
}

/// What closing a store came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// It is closed, and stays for what was in it.
    Closed,
    /// Nothing ever was in it, and it is gone.
    Removed,
}

/// Stores of a merchant.
#[async_trait]
pub trait Stores: Send + Sync {
    /// A merchant's stores by name, open ones first: the caller's own merchant's, or for the platform those of the merchant
    /// with a number. Nothing for a number that is not within the scope, and nothing for the platform without one.
    ///
    /// **Permissions:** any caller, within its scope.
    async fn list(&self, caller: &Caller, merchant: Option<&MerchantNo>) -> Result<Vec<StoreRow>, AppError>;

    /// Adds a store to the caller's own merchant, or for the platform to the one with a number.
    ///
    /// **Permissions:** [`StoreManager`], within its scope.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the scope, [`crate::error::Invalid::Name`],
    /// [`crate::error::Invalid::AddressMalformed`], [`crate::error::Invalid::StoreTaken`].
    async fn create(
        &self,
        by: StoreManager<'_>,
        merchant: Option<&MerchantNo>,
        input: &StoreInput,
    ) -> Result<StoreId, AppError>;

    /// Changes a store's name and address.
    ///
    /// **Permissions:** [`StoreManager`], within its scope.
    ///
    /// # Errors
    /// As [`Stores::create`].
    async fn update(&self, by: StoreManager<'_>, store: StoreId, input: &StoreInput) -> Result<(), AppError>;

    /// Closes a store in which no terminal stands. One that nothing refers to is removed.
    ///
    /// **Permissions:** [`StoreManager`], within its scope.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the scope, [`crate::error::Invalid::StoreInUse`].
    async fn close(&self, by: StoreManager<'_>, store: StoreId) -> Result<Closing, AppError>;

    /// Opens a closed store again.
    ///
    /// **Permissions:** [`StoreManager`], within its scope.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the scope.
    async fn reopen(&self, by: StoreManager<'_>, store: StoreId) -> Result<(), AppError>;
}
