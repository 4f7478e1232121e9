//! What is to be authorized: kept, looked at, confirmed.

use super::touched::{Line, Target, kind_of, resolve, touches};
use super::{GrantService, Names, grant_of};
use crate::entities::app_grant_drafts::{ActiveModel, Column, Entity, Model};
use crate::entities::{app_grants, apps, merchants, terminals};
use crate::services::audit::{self, AuditEntry};
use crate::services::catalogue::named;
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::failure::{Failure, unreadable};
use app::backend::grants::{GrantKind, MAX_LINES, NewGrants, Preview, PreviewLine};
use app::caller::{Caller, PlatformAdmin};
use app::domain::{
    AuditAction, GrantDraftId, GrantTarget, LogKind, MerchantId, MerchantNo, Outcome, PackageName, TargetKind,
    TerminalId, Timestamp, parse_list,
};
use app::error::{AppError, Invalid};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// How long what was prepared is kept, milliseconds.
const KEPT_MS: i64 = 7 * Timestamp::DAY_MS;

/// Characters of a line that are kept.
const LINE_CHARS: usize = 128;

/// Grants that one statement inserts.
const INSERT_ROWS: usize = 500;

impl GrantService {
    pub(super) async fn keep(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        new: &NewGrants,
    ) -> Result<GrantDraftId, Failure> {
        let user = by.user_id().ok_or(AppError::Forbidden)?;
        let kind: GrantKind = new.kind.parse().map_err(|_| Invalid::Form)?;
        let lines = lines_of(kind, &new.list);
        match lines.len() {
            0 => return Err(Invalid::NoTargets.into()),
            n if n > MAX_LINES => return Err(Invalid::TooMany.into()),
            _ => {}
        }
        let now = self.surroundings.now();
        holds(new.starts, new.expires, now)?;
        let txn = self.database.begin().await?;
        let app = named(package).one(&txn).await?.ok_or(AppError::NotFound)?;
        let merchant_no = match kind {
            GrantKind::Stores => {
                let number = MerchantNo::parse(&new.merchant_no).map_err(|_| Invalid::MerchantUnknown)?;
                let merchant = merchants::Entity::find()
                    .filter(merchants::Column::MerchantNo.eq(number.as_str()))
                    .one(&txn)
                    .await?;
                Some(merchant.ok_or(Invalid::MerchantUnknown)?.merchant_no)
            }
            GrantKind::Merchants | GrantKind::Terminals => None,
        };
        Entity::delete_many()
            .filter(Column::UserId.eq(user.0))
            .filter(Column::CreatedAt.lt(now.plus_ms(-KEPT_MS).0))
            .exec(&txn)
            .await?;
        let id = self.surroundings.new_id();
        Entity::insert(ActiveModel {
            id: Set(id),
            user_id: Set(user.0),
            app_id: Set(app.id),
            kind: Set(kind.code().to_owned()),
            merchant_no: Set(merchant_no),
            lines: Set(json!(lines).to_string()),
            starts_at: Set(new.starts.map(|at| at.0)),
            expires_at: Set(new.expires.map(|at| at.0)),
            created_at: Set(now.0),
            done_at: Set(None),
        })
        .exec_without_returning(&txn)
        .await?;
        txn.commit().await?;
        Ok(GrantDraftId(id))
    }

    pub(super) async fn look(&self, by: PlatformAdmin<'_>, id: GrantDraftId) -> Result<Option<Preview>, Failure> {
        let reader = self.database.reader();
        let draft = Entity::find_by_id(id.0).one(reader).await?;
        let Some(draft) = draft.filter(|draft| is_own(&by, draft)) else {
            return Ok(None);
        };
        let app = apps::Entity::find_by_id(draft.app_id).one(reader).await?;
        let app = app.ok_or_else(|| unreadable("app"))?;
        let now = self.surroundings.now();
        let lines = resolve(reader, &draft).await?;
        let touched = touches(reader, &draft, &lines, now).await?;
        Ok(Some(Preview {
            package: PackageName::parse(&app.package).map_err(|_| unreadable("package name"))?,
            names: (app.name_zh, app.name_en),
            kind: kind_of(&draft)?,
            starts: draft.starts_at.map(Timestamp),
            expires: draft.expires_at.map(Timestamp),
            lines: lines
                .into_iter()
                .zip(touched)
                .map(|(line, touches)| PreviewLine {
                    typed: line.typed,
                    touches,
                })
                .collect(),
            done: draft.done_at.map(Timestamp),
        }))
    }

    pub(super) async fn confirm(&self, by: PlatformAdmin<'_>, id: GrantDraftId) -> Result<u64, Failure> {
        let txn = self.database.begin().await?;
        let draft = Entity::find_by_id(id.0)
            .lock(LockType::NoKeyUpdate)
            .one(&txn)
            .await?
            .filter(|draft| is_own(&by, draft))
            .ok_or(AppError::NotFound)?;
        if draft.done_at.is_some() {
            return Err(Invalid::AlreadyDone.into());
        }
        let now = self.surroundings.now();
        holds(draft.starts_at.map(Timestamp), draft.expires_at.map(Timestamp), now)?;
        lock_listed(&txn, &draft).await?;
        let app = apps::Entity::find_by_id(draft.app_id).one(&txn).await?;
        let app = app.ok_or_else(|| unreadable("app"))?;
        let lines = resolve(&txn, &draft).await?;
        let grants: Vec<app_grants::Model> = lines
            .iter()
            .filter_map(|Line { target, .. }| target.as_ref().ok())
            .map(|target| self.new_grant(&by, &draft, target, now))
            .collect();
        if grants.is_empty() {
            return Err(Invalid::NoTargets.into());
        }
        for rows in grants.chunks(INSERT_ROWS) {
            let rows = rows.iter().map(|row| row.clone().into_active_model().reset_all());
            app_grants::Entity::insert_many(rows)
                .exec_without_returning(&txn)
                .await?;
        }
        Entity::update_many()
            .col_expr(Column::DoneAt, now.0.into())
            .filter(Column::Id.eq(draft.id))
            .exec(&txn)
            .await?;
        let told = Told {
            action: AuditAction::AppGranted,
            kind: LogKind::AppGranted,
            outcome: Outcome::Success,
            package: &app.package,
        };
        self.tell(&txn, &by, &told, &grants).await?;
        txn.commit().await?;
        Ok(grants.len() as u64)
    }

    fn new_grant(&self, by: &Caller, draft: &Model, target: &Target, now: Timestamp) -> app_grants::Model {
        app_grants::Model {
            id: self.surroundings.new_id(),
            app_id: draft.app_id,
            merchant_id: target.merchant.id,
            store_id: target.store.as_ref().map(|store| store.id),
            terminal_id: target.terminal.as_ref().map(|terminal| terminal.id),
            // The newest start decides: one that lay before now could lose against what it is meant to renew.
            starts_at: draft.starts_at.map_or(now, |at| Timestamp(at).max(now)).0,
            expires_at: draft.expires_at,
            revoked_at: None,
            revoke_reason: None,
            granted_by: by.user_id().map(|user| user.0),
            created_at: now.0,
            expiry_told_at: None,
        }
    }

    /// Writes into both logs what a person did with authorizations of an app.
    pub(super) async fn tell(
        &self,
        txn: &DatabaseTransaction,
        by: &Caller,
        told: &Told<'_>,
        grants: &[app_grants::Model],
    ) -> Result<(), Failure> {
        let names = Names::of(txn, grants).await?;
        let mut entries = Vec::with_capacity(grants.len());
        for grant in grants {
            let detail = detail_of(told.package, &names, grant);
            let (before, after) = match told.action {
                AuditAction::AppGranted => (None, detail.clone()),
                _ => {
                    let mut after = detail.clone();
                    after["revoked"] = json!(true);
                    (Some(json!({ "revoked": false })), after)
                }
            };
            let entry = AuditEntry::of(by, told.action)
                .concerning(Some(MerchantId(grant.merchant_id)))
                .on(TargetKind::App, told.package)
                .changed(before, Some(after));
            audit::record(txn, &self.surroundings, entry).await?;
            let entry = NewEntry::of(
                &self.surroundings,
                by.request(),
                Actor::caller(by),
                told.kind,
                told.outcome,
            );
            entries.push(entry_of(entry, &names, grant, detail));
        }
        chain::append(txn, &self.surroundings, entries).await?;
        Ok(())
    }
}

/// What both logs say of authorizations of an app.
pub(super) struct Told<'a> {
    pub(super) action: AuditAction,
    pub(super) kind: LogKind,
    pub(super) outcome: Outcome,
    pub(super) package: &'a str,
}

/// What the log keeps of an authorization.
pub(super) fn detail_of(package: &str, names: &Names, grant: &app_grants::Model) -> Value {
    let target = match grant_of(grant).target {
        GrantTarget::Merchant => "merchant",
        GrantTarget::Store(_) => "store",
        GrantTarget::Terminal(_) => "terminal",
    };
    let mut detail = json!({ "package": package, "target": target, "starts_at": grant.starts_at });
    let more = [
        ("store", names.store(grant).map(|name| json!(name))),
        ("sn", names.sn(grant).map(|sn| json!(sn))),
        ("expires_at", grant.expires_at.map(|at| json!(at))),
        ("reason", grant.revoke_reason.as_ref().map(|reason| json!(reason))),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            detail[name] = value;
        }
    }
    detail
}

/// An entry about an authorization, in the chain of its merchant.
pub(super) fn entry_of(entry: NewEntry, names: &Names, grant: &app_grants::Model, detail: Value) -> NewEntry {
    NewEntry {
        merchant: Some(MerchantId(grant.merchant_id)),
        terminal: grant.terminal_id.map(TerminalId),
        sn_sent: names.sn(grant).cloned(),
        detail,
        ..entry
    }
}

/// That it ends after it has begun, and not before now.
fn holds(starts: Option<Timestamp>, expires: Option<Timestamp>, now: Timestamp) -> Result<(), Failure> {
    let begins = starts.map_or(now, |at| at.max(now));
    match expires {
        Some(ends) if ends <= begins => Err(Invalid::Period.into()),
        _ => Ok(()),
    }
}

fn is_own(by: &Caller, draft: &Model) -> bool {
    by.user_id().is_some_and(|user| user.0 == draft.user_id)
}

/// Locks the terminals that a draft lists, in the order of their keys, so that none goes to another merchant meanwhile.
async fn lock_listed(txn: &DatabaseTransaction, draft: &Model) -> Result<(), Failure> {
    if kind_of(draft)? != GrantKind::Terminals {
        return Ok(());
    }
    let typed: Vec<String> = serde_json::from_str(&draft.lines).map_err(|_| unreadable("list"))?;
    let listed = parse_list(&typed.join("\n"));
    let sns: Vec<String> = listed
        .into_iter()
        .flat_map(|one| one.sn)
        .map(|sn| sn.to_string())
        .collect();
    let _locked: Vec<Uuid> = terminals::Entity::find()
        .filter(terminals::Column::Sn.is_in(sns))
        .order_by_asc(terminals::Column::Id)
        .select_only()
        .column(terminals::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple()
        .all(txn)
        .await?;
    Ok(())
}

/// The lines of a list as it was typed.
fn lines_of(kind: GrantKind, list: &str) -> Vec<String> {
    let kept = |text: &str| {
        let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        text.chars().take(LINE_CHARS).map(shown).collect::<String>()
    };
    if kind == GrantKind::Terminals {
        return parse_list(list).iter().map(|listed| kept(&listed.typed)).collect();
    }
    // A store's name may have blanks in it, a merchant's number has none.
    let parts = |c: char| {
        matches!(c, '\n' | '\r' | '\t' | ',' | ';' | '，' | '；' | '、')
            || (kind == GrantKind::Merchants && c.is_whitespace())
    };
    list.split(parts)
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(kept)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_it_is_pasted() {
        let of = |kind, list| lines_of(kind, list).join("|");
        assert_eq!(
            of(GrantKind::Merchants, "8982\n 8983，8984 8985\r\n"),
            "8982|8983|8984|8985"
        );
        assert_eq!(
            of(GrantKind::Stores, "西湖 一店\n\n滨江店、城西店"),
            "西湖 一店|滨江店|城西店"
        );
        assert_eq!(
            of(GrantKind::Terminals, "161-203-824\n5310294937"),
            "161-203-824|5310294937"
        );
        assert_eq!(of(GrantKind::Stores, " \n,"), "");
        assert_eq!(
            lines_of(GrantKind::Stores, &"店".repeat(500))[0].chars().count(),
            LINE_CHARS
        );
    }

    #[test]
    fn a_period_ends_after_it_begins() {
        let at = Timestamp;
        for (starts, expires, good) in [
            (None, None, true),
            (None, Some(101), true),
            (None, Some(100), false),
            (Some(50), Some(100), false),
            (Some(50), Some(150), true),
            (Some(200), Some(150), false),
            (Some(200), Some(200), false),
            (Some(200), None, true),
        ] {
            let held = holds(starts.map(at), expires.map(at), at(100));
            assert_eq!(held.is_ok(), good, "{starts:?} {expires:?}");
        }
    }
}
