//! What is to be done with a batch, as it is kept for whoever goes on with it.

use crate::services::failure::{Failure, unreadable};
use app::backend::batches::{BatchChange, Work};
use app::backend::lifecycle::Change;
use app::domain::{Cause, MerchantNo, Move, Name, StoreId, Tag};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A [`BatchChange`] as it is stored.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    work: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merchant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
}

/// The text that [`read`] reads.
pub(super) fn stored(change: &BatchChange) -> Result<String, Failure> {
    let mut stored = Stored {
        work: change.work().code().to_owned(),
        ..Stored::default()
    };
    match change {
        BatchChange::Tag(tag) | BatchChange::Untag(tag) => stored.tag = Some(tag.to_string()),
        BatchChange::Move(Change::Assign { merchant, store } | Change::MoveMerchant { merchant, store }) => {
            stored.merchant = Some(merchant.to_string());
            stored.store_name = store.as_ref().map(ToString::to_string);
        }
        BatchChange::Move(Change::MoveStore(store)) => stored.store = store.map(|store| store.0),
        BatchChange::Move(Change::Suspend(cause) | Change::Retire(cause)) => {
            stored.reason = Some(cause.reason().code().to_owned());
            stored.note = cause.note().map(str::to_owned);
        }
        BatchChange::Move(Change::Resume | Change::Unregister) => {}
        BatchChange::Move(Change::Rename(_) | Change::Replace(_)) => {
            return Err(Failure::Broken("a move for one terminal alone".to_owned()));
        }
    }
    serde_json::to_string(&stored).map_err(|error| Failure::Broken(error.to_string()))
}

/// What a stored text asks for.
pub(super) fn read(text: &str) -> Result<BatchChange, Failure> {
    let stored = serde_json::from_str(text).ok();
    stored
        .and_then(|stored| change(&stored))
        .ok_or_else(|| unreadable("bulk action"))
}

fn change(stored: &Stored) -> Option<BatchChange> {
    let tag = || stored.tag.as_deref().and_then(Tag::parse);
    let wanted = match Work::parse(&stored.work)? {
        Work::Tag => return tag().map(BatchChange::Tag),
        Work::Untag => return tag().map(BatchChange::Untag),
        Work::Move(wanted) => wanted,
        Work::Register | Work::IssueCodes => return None,
    };
    let merchant = || MerchantNo::parse(stored.merchant.as_deref()?).ok();
    let store = match &stored.store_name {
        None => None,
        Some(name) => Some(Name::parse(name).ok()?),
    };
    let cause = || Cause::parse(stored.reason.as_deref()?, stored.note.as_deref().unwrap_or_default()).ok();
    let change = match wanted {
        Move::Assign => Change::Assign {
            merchant: merchant()?,
            store,
        },
        Move::MoveMerchant => Change::MoveMerchant {
            merchant: merchant()?,
            store,
        },
        Move::MoveStore => Change::MoveStore(stored.store.map(StoreId)),
        Move::Unregister => Change::Unregister,
        Move::Suspend => Change::Suspend(cause()?),
        Move::Resume => Change::Resume,
        Move::Retire => Change::Retire(cause()?),
        Move::Register | Move::Rename | Move::Replace => return None,
    };
    Some(BatchChange::Move(change))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        let merchant = MerchantNo::parse("898269350000008").unwrap();
        let store = Some(Name::parse("西湖店").unwrap());
        let cause = Cause::parse("other", "批量清理").unwrap();
        for change in [
            BatchChange::Tag(Tag::parse("备机").unwrap()),
            BatchChange::Untag(Tag::parse("备机").unwrap()),
            BatchChange::Move(Change::Assign {
                merchant: merchant.clone(),
                store: store.clone(),
            }),
            BatchChange::Move(Change::MoveMerchant { merchant, store: None }),
            BatchChange::Move(Change::MoveStore(None)),
            BatchChange::Move(Change::MoveStore(Some(StoreId(Uuid::from_u128(7))))),
            BatchChange::Move(Change::Suspend(cause.clone())),
            BatchChange::Move(Change::Retire(cause)),
            BatchChange::Move(Change::Resume),
        ] {
            assert_eq!(read(&stored(&change).unwrap()).unwrap(), change);
        }
        for broken in ["", "{}", r#"{"work":"suspend"}"#, r#"{"work":"register"}"#] {
            assert!(read(broken).is_err(), "{broken}");
        }
        assert!(stored(&BatchChange::Move(Change::Rename(Name::parse("甲").unwrap()))).is_err());
    }
}
