//! How an authorization ends: a person takes it back, or its time is over.

use super::draft::{Told, detail_of, entry_of};
use super::{GrantService, Names, grant_of, target_of};
use crate::entities::app_grants::{Column, Entity, Model};
use crate::entities::apps;
use crate::services::catalogue::named;
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::failure::Failure;
use app::backend::grants::MAX_LINES;
use app::caller::{Caller, PlatformAdmin};
use app::domain::app_policy::effective;
use app::domain::{
    AppGrantId, AuditAction, Cause, Grant, GrantTarget, LogKind, Outcome, PackageName, Policy, StoreId, TerminalId,
    Timestamp,
};
use app::error::{AppError, Invalid};
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Authorizations that one transaction tells of.
const SWEPT_AT_ONCE: u64 = 100;

impl GrantService {
    pub(super) async fn take_back(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        ids: &[AppGrantId],
        reason: &str,
    ) -> Result<u64, Failure> {
        let shown: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let reason = shown.trim();
        if reason.is_empty() || reason.chars().count() > Cause::MAX_CHARS {
            return Err(Invalid::RevokeReason.into());
        }
        if ids.len() > MAX_LINES {
            return Err(Invalid::TooMany.into());
        }
        let txn = self.database.begin().await?;
        let app = named(package).one(&txn).await?.ok_or(AppError::NotFound)?;
        let now = self.surroundings.now();
        let mut grants = Entity::find()
            .filter(Column::AppId.eq(app.id))
            .filter(Column::Id.is_in(ids.iter().map(|id| id.0)))
            .order_by_asc(Column::Id)
            .lock(LockType::NoKeyUpdate)
            .all(&txn)
            .await?;
        grants.retain(|grant| grant.revoked_at.is_none() && grant.expires_at.is_none_or(|ends| ends > now.0));
        if grants.is_empty() {
            return Err(Invalid::NoTargets.into());
        }
        Entity::update_many()
            .col_expr(Column::RevokedAt, now.0.into())
            .col_expr(Column::RevokeReason, reason.into())
            .filter(Column::Id.is_in(grants.iter().map(|grant| grant.id)))
            .exec(&txn)
            .await?;
        for grant in &mut grants {
            grant.revoke_reason = Some(reason.to_owned());
        }
        let told = Told {
            action: AuditAction::AppRevoked,
            kind: LogKind::AppRevoked,
            outcome: Outcome::Success,
            package: &app.package,
        };
        self.tell(&txn, &by, &told, &grants).await?;
        txn.commit().await?;
        Ok(grants.len() as u64)
    }

    /// Tells the log of the authorizations whose time is over, and says how many those were. One that was renewed in time
    /// has not ended anything, and nothing is told of it. An app may not run from the instant of the end on, whether or not
    /// that has been told.
    ///
    /// **Permissions:** the server itself.
    ///
    /// # Errors
    /// [`AppError::Internal`]; what was told before stays told.
    pub async fn sweep(&self) -> Result<u64, AppError> {
        let mut swept = 0;
        loop {
            match self.sweep_some().await? {
                0 => return Ok(swept),
                some => swept += some,
            }
        }
    }

    async fn sweep_some(&self) -> Result<u64, Failure> {
        let now = self.surroundings.now();
        let txn = self.database.begin().await?;
        let over = Entity::find()
            .filter(Column::ExpiresAt.lte(now.0))
            .filter(Column::ExpiryToldAt.is_null())
            .filter(Column::RevokedAt.is_null())
            .order_by_asc(Column::ExpiresAt)
            .limit(SWEPT_AT_ONCE)
            // What another server tells of just now is told.
            .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
            .all(&txn)
            .await?;
        Entity::update_many()
            .col_expr(Column::ExpiryToldAt, now.0.into())
            .filter(Column::Id.is_in(over.iter().map(|grant| grant.id)))
            .exec(&txn)
            .await?;
        let names = Names::of(&txn, &over).await?;
        let packages = packages_of(&txn, &over).await?;
        let system = Caller::system("sweep");
        let mut entries = Vec::new();
        for grant in &over {
            let Some(package) = packages.get(&grant.app_id) else {
                continue;
            };
            if renewed(&txn, grant, now).await? {
                continue;
            }
            let entry = NewEntry {
                occurred: grant.expires_at.map_or(now, Timestamp),
                ..NewEntry::of(
                    &self.surroundings,
                    system.request(),
                    Actor::caller(&system),
                    LogKind::AppExpired,
                    Outcome::Info,
                )
            };
            entries.push(entry_of(entry, &names, grant, detail_of(package, &names, grant)));
        }
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(over.len() as u64)
    }
}

async fn packages_of(txn: &DatabaseTransaction, grants: &[Model]) -> Result<HashMap<Uuid, String>, Failure> {
    let ids: BTreeSet<Uuid> = grants.iter().map(|grant| grant.app_id).collect();
    let found = apps::Entity::find()
        .filter(apps::Column::Id.is_in(ids))
        .select_only()
        .columns([apps::Column::Id, apps::Column::Package])
        .into_tuple::<(Uuid, String)>()
        .all(txn)
        .await?;
    Ok(found.into_iter().collect())
}

/// Whether another authorization of the same app for the same holds now.
async fn renewed(txn: &DatabaseTransaction, ended: &Model, now: Timestamp) -> Result<bool, Failure> {
    let others = Entity::find()
        .filter(Column::AppId.eq(ended.app_id))
        .filter(Column::MerchantId.eq(ended.merchant_id))
        .all(txn)
        .await?;
    let target = target_of(ended);
    let same: Vec<Grant> = others
        .iter()
        .map(grant_of)
        .filter(|grant| grant.target == target)
        .collect();
    let (store, terminal) = place_of(target);
    Ok(effective(&same, store, terminal, now).is_some_and(Policy::allows))
}

/// A place that a target means.
pub(in crate::services) fn place_of(target: GrantTarget) -> (Option<StoreId>, TerminalId) {
    match target {
        GrantTarget::Merchant => (None, TerminalId(Uuid::nil())),
        GrantTarget::Store(store) => (Some(store), TerminalId(Uuid::nil())),
        GrantTarget::Terminal(terminal) => (None, terminal),
    }
}
