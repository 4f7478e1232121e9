//! The forms that change a terminal; they stand on its page, see [`crate::components::terminal_actions`].
#![expect(
    clippy::too_many_arguments,
    reason = "the arguments of a server function are the fields of its forms"
)]

use super::device_address;
use crate::backend::lifecycle::Change;
use crate::domain::{Cause, CauseError, Lifecycle, MerchantNo, Move, Name, SerialNumber, StoreId, TerminalId};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, action, actor, redirect_with};
use leptos::prelude::*;

/// What a form says of a move. Each move reads the fields it needs.
#[derive(Default)]
pub(crate) struct Told<'a> {
    pub(crate) name: &'a str,
    pub(crate) store: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) note: &'a str,
    pub(crate) merchant_no: &'a str,
    pub(crate) replacement: &'a str,
}

/// Does one move to a terminal; leads back to its page, with what was done or why not.
#[server(prefix = "/actions", endpoint = "terminal")]
pub async fn change_terminal(
    #[server(default)] terminal: String,
    #[server(default)] sn: String,
    #[server(default)] manufacturer: String,
    #[server(default)] seen: String,
    #[server(default)] wanted: String,
    #[server(default)] confirmed: String,
    #[server(default)] name: String,
    #[server(default)] store: String,
    #[server(default)] reason: String,
    #[server(default)] note: String,
    #[server(default)] merchant_no: String,
    #[server(default)] replacement: String,
) -> Result<(), ServerFnError> {
    let sn: String = sn.chars().take(200).collect();
    let maker = Some(manufacturer.as_str()).filter(|maker| !maker.is_empty());
    let path = device_address(&sn, maker);
    action(path.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.manager()?;
        let malformed = AppError::Invalid(Invalid::Form);
        let sn = SerialNumber::parse(&sn)?;
        let terminal: TerminalId = terminal.parse().map_err(|_| malformed.clone())?;
        let seen: Lifecycle = seen.parse().map_err(|_| malformed.clone())?;
        let wanted: Move = wanted.parse().map_err(|_| malformed.clone())?;
        if needs_confirmation(wanted) && confirmed != "true" {
            return Err(malformed);
        }
        let told = Told {
            name: &name,
            store: &store,
            reason: &reason,
            note: &note,
            merchant_no: &merchant_no,
            replacement: &replacement,
        };
        let change = change_of(wanted, &told)?;
        backend.lifecycle.change(by, terminal, seen, &change).await?;
        let flash = Flash::Moved {
            wanted: wanted.code().to_owned(),
            sn: sn.to_string(),
        };
        Ok(redirect_with(path, flash))
    })
    .await
}

/// Whether a form for a move has a box to tick first: the moves that stop a terminal.
pub(crate) fn needs_confirmation(wanted: Move) -> bool {
    matches!(
        wanted,
        Move::Suspend | Move::Retire | Move::Unregister | Move::MoveMerchant | Move::Replace
    )
}

/// The change that a form asks for.
///
/// # Errors
/// The [`Invalid`] that says what is not right.
pub(crate) fn change_of(wanted: Move, told: &Told<'_>) -> Result<Change, AppError> {
    let cause = || {
        Cause::parse(told.reason, told.note).map_err(|error| match error {
            CauseError::Reason => Invalid::ReasonRequired,
            CauseError::Note => Invalid::NoteRequired,
        })
    };
    let merchant = || MerchantNo::parse(told.merchant_no).map_err(|_| Invalid::MerchantUnknown);
    let store = || match told.store.trim() {
        "" => Ok(None),
        name => Name::parse(name).map(Some).map_err(|_| Invalid::StoreUnknown),
    };
    let change = match wanted {
        Move::Register => Err(Invalid::Form),
        Move::Assign => merchant().and_then(|merchant| {
            Ok(Change::Assign {
                merchant,
                store: store()?,
            })
        }),
        Move::MoveMerchant => merchant().and_then(|merchant| {
            Ok(Change::MoveMerchant {
                merchant,
                store: store()?,
            })
        }),
        Move::Unregister => Ok(Change::Unregister),
        Move::MoveStore => match told.store.trim() {
            "" => Ok(Change::MoveStore(None)),
            id => id
                .parse::<StoreId>()
                .map(|id| Change::MoveStore(Some(id)))
                .map_err(|_| Invalid::StoreUnknown),
        },
        Move::Rename => Name::parse(told.name).map(Change::Rename).map_err(|_| Invalid::Name),
        Move::Suspend => cause().map(Change::Suspend),
        Move::Resume => Ok(Change::Resume),
        Move::Retire => cause().map(Change::Retire),
        Move::Replace => return Ok(Change::Replace(SerialNumber::parse(told.replacement)?)),
    };
    change.map_err(AppError::Invalid)
}
