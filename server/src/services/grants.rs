//! Who may run which app. What is prepared and confirmed is in [`draft`], whom it touches in [`touched`], how it ends in
//! [`end`].

mod draft;
mod end;
mod touched;

use super::catalogue::named;
use super::failure::{Failure, unreadable};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::app_grants::{Column, Entity, Model};
use crate::entities::{merchants, stores, terminals, users};
use app::backend::grants::{GrantQuery, GrantRow, Grants, NewGrants, Preview};
use app::backend::page::{Direction, PAGE_ROWS, Page};
use app::backend::terminals::MerchantRef;
use app::caller::{PlatformAdmin, PlatformViewer};
use app::domain::{
    AppGrantId, Grant, GrantDraftId, GrantTarget, MerchantNo, PackageName, PolicyState, StoreId, TerminalId, Timestamp,
};
use app::error::AppError;
use async_trait::async_trait;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoSimpleExpr, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;
use uuid::Uuid;

pub(super) use end::place_of;

/// Answers [`Grants`].
pub struct GrantService {
    database: Database,
    surroundings: Surroundings,
}

/// A row as the rule wants it.
pub(super) fn grant_of(grant: &Model) -> Grant {
    Grant {
        target: target_of(grant),
        starts: Timestamp(grant.starts_at),
        expires: grant.expires_at.map(Timestamp),
        revoked: grant.revoked_at.map(Timestamp),
    }
}

fn target_of(grant: &Model) -> GrantTarget {
    match (grant.terminal_id, grant.store_id) {
        (Some(terminal), _) => GrantTarget::Terminal(TerminalId(terminal)),
        (None, Some(store)) => GrantTarget::Store(StoreId(store)),
        (None, None) => GrantTarget::Merchant,
    }
}

/// Whether an authorization by itself holds at `now`.
pub(super) fn in_force(now: Timestamp) -> Condition {
    state_is(PolicyState::Granted, now)
}

/// What [`Grant::policy`] says, as the database says it.
fn state_is(state: PolicyState, now: Timestamp) -> Condition {
    let still = |column: Column| Condition::any().add(column.is_null()).add(column.gt(now.0));
    let running = || {
        Condition::all()
            .add(still(Column::ExpiresAt))
            .add(still(Column::RevokedAt))
    };
    let ends = Column::ExpiresAt.into_simple_expr();
    match state {
        PolicyState::Granted => running().add(Column::StartsAt.lte(now.0)),
        PolicyState::NotYet => running().add(Column::StartsAt.gt(now.0)),
        PolicyState::Revoked => Condition::all().add(Column::RevokedAt.lte(now.0)).add(
            Condition::any()
                .add(Column::ExpiresAt.is_null())
                .add(ends.gte(Column::RevokedAt.into_simple_expr())),
        ),
        PolicyState::Expired => Condition::all().add(Column::ExpiresAt.lte(now.0)).add(
            Condition::any()
                .add(Column::RevokedAt.is_null())
                .add(ends.lt(Column::RevokedAt.into_simple_expr())),
        ),
    }
}

/// Names of what authorizations are for, by key.
#[derive(Default)]
pub(super) struct Names {
    pub(super) merchants: HashMap<Uuid, MerchantRef>,
    /// Names of stores.
    pub(super) stores: HashMap<Uuid, String>,
    /// Serial numbers of terminals as printed.
    pub(super) terminals: HashMap<Uuid, String>,
}

impl Names {
    pub(super) async fn of(db: &impl ConnectionTrait, grants: &[Model]) -> Result<Self, Failure> {
        let merchants = merchants::Entity::find()
            .filter(merchants::Column::Id.is_in(grants.iter().map(|grant| grant.merchant_id)))
            .all(db)
            .await?;
        let stores = stores::Entity::find()
            .filter(stores::Column::Id.is_in(grants.iter().filter_map(|grant| grant.store_id)))
            .all(db)
            .await?;
        let terminals = terminals::Entity::find()
            .filter(terminals::Column::Id.is_in(grants.iter().filter_map(|grant| grant.terminal_id)))
            .select_only()
            .columns([terminals::Column::Id, terminals::Column::SnPrinted])
            .into_tuple::<(Uuid, String)>()
            .all(db)
            .await?;
        Ok(Self {
            merchants: merchants.into_iter().map(|row| (row.id, merchant_ref(row))).collect(),
            stores: stores.into_iter().map(|row| (row.id, row.name)).collect(),
            terminals: terminals.into_iter().collect(),
        })
    }

    /// The serial number of the terminal that a grant is for.
    pub(super) fn sn(&self, grant: &Model) -> Option<&String> {
        self.terminals.get(&grant.terminal_id?)
    }

    /// The name of the store that a grant is for.
    pub(super) fn store(&self, grant: &Model) -> Option<&String> {
        self.stores.get(&grant.store_id?)
    }
}

fn merchant_ref(row: merchants::Model) -> MerchantRef {
    MerchantRef {
        number: row.merchant_no,
        name: row.name,
    }
}

impl GrantService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn list_rows(&self, package: &PackageName, query: &GrantQuery) -> Result<Page<GrantRow>, Failure> {
        let nothing = Page {
            rows: Vec::new(),
            previous: None,
            next: None,
        };
        let reader = self.database.reader();
        let Some(app) = named(package).one(reader).await? else {
            return Ok(nothing);
        };
        let now = self.surroundings.now();
        let mut find = Entity::find().filter(Column::AppId.eq(app.id));
        if let Some(number) = &query.merchant_no {
            let Ok(number) = MerchantNo::parse(number) else {
                return Ok(nothing);
            };
            let merchant = merchants::Entity::find()
                .filter(merchants::Column::MerchantNo.eq(number.as_str()))
                .one(reader)
                .await?;
            let Some(merchant) = merchant else {
                return Ok(nothing);
            };
            find = find.filter(Column::MerchantId.eq(merchant.id));
        }
        if let Some(state) = query.state {
            find = find.filter(state_is(state, now));
        }
        // Newest first: the page after a cursor holds smaller keys.
        let before = query.cursor.as_ref().is_some_and(|c| c.direction == Direction::Before);
        if let Some(cursor) = &query.cursor {
            let id = Column::Id;
            find = find.filter(if before { id.gt(cursor.id) } else { id.lt(cursor.id) });
        }
        let find = match before {
            true => find.order_by_asc(Column::Id),
            false => find.order_by_desc(Column::Id),
        };
        let found = find.limit(PAGE_ROWS as u64 + 1).all(reader).await?;
        let page = Page::of(found, query.cursor.as_ref(), |grant| (String::new(), grant.id));
        let names = Names::of(reader, &page.rows).await?;
        let granters: HashMap<Uuid, String> = users::Entity::find()
            .filter(users::Column::Id.is_in(page.rows.iter().filter_map(|grant| grant.granted_by)))
            .select_only()
            .columns([users::Column::Id, users::Column::Login])
            .into_tuple::<(Uuid, String)>()
            .all(reader)
            .await?
            .into_iter()
            .collect();
        let (previous, next) = (page.previous, page.next);
        let rows = page.rows.into_iter().map(|grant| {
            let merchant = names.merchants.get(&grant.merchant_id).cloned();
            Ok(GrantRow {
                id: AppGrantId(grant.id),
                merchant: merchant.ok_or_else(|| unreadable("merchant"))?,
                store: names.store(&grant).cloned(),
                sn: names.sn(&grant).cloned(),
                state: grant_of(&grant).policy(now).state,
                starts: Timestamp(grant.starts_at),
                expires: grant.expires_at.map(Timestamp),
                revoked: grant.revoked_at.map(Timestamp),
                granted_by: grant.granted_by.and_then(|user| granters.get(&user).cloned()),
                created: Timestamp(grant.created_at),
                reason: grant.revoke_reason,
            })
        });
        Ok(Page {
            rows: rows.collect::<Result<_, Failure>>()?,
            previous,
            next,
        })
    }
}

#[async_trait]
impl Grants for GrantService {
    async fn prepare(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        new: &NewGrants,
    ) -> Result<GrantDraftId, AppError> {
        Ok(self.keep(by, package, new).await?)
    }

    async fn preview(&self, by: PlatformAdmin<'_>, id: GrantDraftId) -> Result<Option<Preview>, AppError> {
        Ok(self.look(by, id).await?)
    }

    async fn grant(&self, by: PlatformAdmin<'_>, id: GrantDraftId) -> Result<u64, AppError> {
        Ok(self.confirm(by, id).await?)
    }

    async fn list(
        &self,
        _by: PlatformViewer<'_>,
        package: &PackageName,
        query: &GrantQuery,
    ) -> Result<Page<GrantRow>, AppError> {
        Ok(self.list_rows(package, query).await?)
    }

    async fn revoke(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        ids: &[AppGrantId],
        reason: &str,
    ) -> Result<u64, AppError> {
        Ok(self.take_back(by, package, ids, reason).await?)
    }
}
