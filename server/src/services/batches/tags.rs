//! Putting a tag on a terminal and taking it off.

use crate::clock::Surroundings;
use crate::entities::{terminal_tags, terminals};
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::Failure;
use app::caller::Manager;
use app::domain::{AuditAction, Lifecycle, MerchantId, Tag, TargetKind};
use app::error::Invalid;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde_json::json;

/// Puts a tag on a terminal whose row is locked, or takes it off; one that it has, or has not, changes nothing.
///
/// **Permissions:** [`Manager`]; the row comes from within its scope.
pub(super) async fn tag(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    by: Manager<'_>,
    row: &terminals::Model,
    tag: &Tag,
    on: bool,
) -> Result<(), Failure> {
    if row.lifecycle == Lifecycle::Retired.code() {
        return Err(Invalid::NotInThisState.into());
    }
    let has = terminal_tags::Entity::find()
        .filter(terminal_tags::Column::TerminalId.eq(row.id))
        .all(txn)
        .await?;
    if has.iter().any(|has| has.tag == tag.as_str()) == on {
        return Ok(());
    }
    if on && has.len() >= Tag::MOST {
        return Err(Invalid::TooManyTags.into());
    }
    let key = (row.id, tag.as_str().to_owned());
    let (action, before, after) = if on {
        terminal_tags::Entity::insert(terminal_tags::ActiveModel {
            terminal_id: Set(key.0),
            tag: Set(key.1),
        })
        .exec_without_returning(txn)
        .await?;
        (AuditAction::TerminalTagged, None, Some(tag))
    } else {
        terminal_tags::Entity::delete_by_id(key).exec(txn).await?;
        (AuditAction::TerminalUntagged, Some(tag), None)
    };
    let told = |tag: Option<&Tag>| Some(json!({ "tag": tag.map(Tag::as_str) }));
    let entry = AuditEntry::of(&by, action)
        .concerning(row.merchant_id.map(MerchantId))
        .on(TargetKind::Terminal, &row.sn)
        .changed(told(before), told(after));
    audit::record(txn, surroundings, entry).await?;
    Ok(())
}
