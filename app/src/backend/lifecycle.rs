//! Changing terminals: the moves of [`crate::domain::Move`] except registering, which is in [`super::registration`].

use crate::caller::{Caller, Manager};
use crate::domain::{Cause, Lifecycle, MerchantNo, Move, Name, SerialNumber, StoreId, TerminalId};
use crate::error::AppError;
use async_trait::async_trait;

/// A move with all that it needs to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// [`Move::Assign`]
    Assign {
        /// To which merchant.
        merchant: MerchantNo,
        /// To which of its stores.
        store: Option<Name>,
    },
    /// [`Move::Unregister`]
    Unregister,
    /// [`Move::MoveMerchant`]
    MoveMerchant {
        /// To which merchant.
        merchant: MerchantNo,
        /// To which of its stores.
        store: Option<Name>,
    },
    /// [`Move::MoveStore`], to no store with `None`.
    MoveStore(Option<StoreId>),
    /// [`Move::Rename`]
    Rename(Name),
    /// [`Move::Suspend`]
    Suspend(Cause),
    /// [`Move::Resume`]
    Resume,
    /// [`Move::Retire`]
    Retire(Cause),
    /// [`Move::Replace`], by the terminal with this serial number and of the same maker where several have it.
    Replace(SerialNumber),
}

impl Change {
    /// Which move it is.
    pub fn wanted(&self) -> Move {
        match self {
            Self::Assign { .. } => Move::Assign,
            Self::Unregister => Move::Unregister,
            Self::MoveMerchant { .. } => Move::MoveMerchant,
            Self::MoveStore(_) => Move::MoveStore,
            Self::Rename(_) => Move::Rename,
            Self::Suspend(_) => Move::Suspend,
            Self::Resume => Move::Resume,
            Self::Retire(_) => Move::Retire,
            Self::Replace(_) => Move::Replace,
        }
    }
}

/// Changing terminals.
#[async_trait]
pub trait Moves: Send + Sync {
    /// Does one move to one terminal, with its log entry. `seen` is the state that the person saw when deciding.
    ///
    /// **Permissions:** [`Manager`], within its scope; of the moves, those that [`Move::is_for`] its role.
    ///
    /// # Errors
    /// [`AppError::NotFound`] outside the caller's scope, [`AppError::Forbidden`] for a move that is not the role's,
    /// [`crate::error::Invalid::Changed`] when the terminal is not in the state that was seen,
    /// [`crate::error::Invalid::NotInThisState`] when that state does not allow the move, [`AppError::Refused`] with
    /// [`crate::domain::Reason::MerchantSuspended`] for a merchant that is stopped, and the
    /// [`crate::error::Invalid`] that says what of the change is not right.
    async fn change(
        &self,
        by: Manager<'_>,
        terminal: TerminalId,
        seen: Lifecycle,
        change: &Change,
    ) -> Result<(), AppError>;

    /// The stores of a terminal's merchant, by name.
    ///
    /// **Permissions:** any caller, within its scope; empty for a terminal that is not there or has no merchant.
    async fn stores(&self, caller: &Caller, terminal: TerminalId) -> Result<Vec<(StoreId, String)>, AppError>;
}
