//! Merchants, as the platform looks after them and as each sees itself.

mod input;

use super::audit::{self, AuditEntry};
use super::failure::{Failure, unreadable};
use super::stores::stores_of;
use super::terminals::counts_of;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{merchants, terminals, users};
use app::backend::merchants::{Merchant, MerchantInput, MerchantQuery, MerchantRow, Merchants, REASON_CHARS};
use app::backend::page::{Cursor, Direction, PAGE_ROWS, Page};
use app::caller::{Caller, MerchantMember, PlatformAdmin, PlatformViewer, Scope};
use app::domain::{AuditAction, Lifecycle, MerchantId, MerchantNo, MerchantState, TargetKind, Timestamp};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use input::Facts;
pub(super) use input::changed;
use merchants::Column;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, LockType};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    FromQueryResult, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, SqlErr,
};
use serde_json::json;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// Most words of a search that are looked at.
const SEARCH_WORDS: usize = 8;

/// The states of a terminal that count against the quota.
const COUNTED: [Lifecycle; 2] = [Lifecycle::Registered, Lifecycle::Suspended];

/// Answers [`Merchants`].
pub struct MerchantService {
    database: Database,
    surroundings: Surroundings,
}

#[derive(FromQueryResult)]
struct Used {
    merchant_id: Uuid,
    terminals: i64,
}

impl MerchantService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    /// A page of at most `rows` merchants, by number: what an export reads piece by piece.
    ///
    /// **Permissions:** [`PlatformViewer`].
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn piece(
        &self,
        _by: PlatformViewer<'_>,
        query: &MerchantQuery,
        rows: usize,
    ) -> Result<Page<MerchantRow>, AppError> {
        Ok(self.list_rows(query, rows).await?)
    }

    async fn list_rows(&self, query: &MerchantQuery, most: usize) -> Result<Page<MerchantRow>, Failure> {
        let select = keyset(narrow(merchants::Entity::find(), query), query.cursor.as_ref());
        let found = select.limit(most as u64 + 1).all(self.database.reader()).await?;
        let page = Page::sized(most, found, query.cursor.as_ref(), |merchant| {
            (merchant.merchant_no.clone(), merchant.id)
        });
        let ids: Vec<Uuid> = page.rows.iter().map(|merchant| merchant.id).collect();
        let used = self.used(&ids).await?;
        let rows = page
            .rows
            .iter()
            .map(|merchant| row_of(merchant, used.get(&merchant.id).copied().unwrap_or_default()))
            .collect::<Result<_, _>>()?;
        Ok(Page {
            rows,
            previous: page.previous,
            next: page.next,
        })
    }

    /// How many terminals count against the quotas of merchants, in one query that reads an index alone.
    async fn used(&self, merchants: &[Uuid]) -> Result<HashMap<Uuid, u64>, Failure> {
        let counted = terminals::Entity::find()
            .select_only()
            .column(terminals::Column::MerchantId)
            .expr_as(Expr::col(terminals::Column::Id).count(), "terminals")
            .filter(terminals::Column::MerchantId.is_in(merchants.iter().copied()))
            .filter(terminals::Column::Lifecycle.is_in(COUNTED.map(Lifecycle::code)))
            .group_by(terminals::Column::MerchantId)
            .into_model::<Used>()
            .all(self.database.reader())
            .await?;
        let number = |used: Used| (used.merchant_id, u64::try_from(used.terminals).unwrap_or_default());
        Ok(counted.into_iter().map(number).collect())
    }

    /// All of a merchant. Whoever asks has been let through to this one.
    async fn whole(&self, merchant: merchants::Model) -> Result<Merchant, Failure> {
        let reader = self.database.reader();
        let id = MerchantId(merchant.id);
        let counts = counts_of(reader, Scope::Merchant(id)).await?;
        let users = users::Entity::find()
            .filter(users::Column::MerchantId.eq(merchant.id))
            .filter(users::Column::DisabledAt.is_null())
            .count(reader)
            .await?;
        Ok(Merchant {
            row: row_of(&merchant, counts.registered + counts.suspended)?,
            stores: stores_of(reader, id).await?,
            state_reason: merchant.state_reason,
            time_zone: merchant.time_zone,
            contact_name: merchant.contact_name,
            contact_phone: merchant.contact_phone,
            contact_email: merchant.contact_email,
            created: Timestamp(merchant.created_at),
            counts,
            users,
        })
    }

    async fn find(&self, number: &MerchantNo) -> Result<Option<Merchant>, Failure> {
        let found = merchants::Entity::find()
            .filter(Column::MerchantNo.eq(number.as_str()))
            .one(self.database.reader())
            .await?;
        match found {
            Some(merchant) => Ok(Some(self.whole(merchant).await?)),
            None => Ok(None),
        }
    }

    async fn find_own(&self, by: MerchantMember<'_>) -> Result<Merchant, Failure> {
        let found = merchants::Entity::find_by_id(by.merchant().0)
            .one(self.database.reader())
            .await?;
        self.whole(found.ok_or_else(|| unreadable("merchant of a user"))?).await
    }

    async fn create_one(
        &self,
        by: PlatformAdmin<'_>,
        number: &str,
        input: &MerchantInput,
    ) -> Result<MerchantNo, Failure> {
        let number = MerchantNo::parse(number).map_err(|_| Invalid::MerchantNoMalformed)?;
        let facts = Facts::of(input)?;
        let now = self.surroundings.now().0;
        let mut new = merchants::ActiveModel {
            id: Set(self.surroundings.new_id()),
            merchant_no: Set(number.as_str().to_owned()),
            state: Set(MerchantState::Active.code().to_owned()),
            state_since: Set(now),
            state_reason: Set(None),
            created_at: Set(now),
            ..Default::default()
        };
        facts.clone().put_into(&mut new, now);
        let txn = self.database.begin().await?;
        let merchant = new.insert(&txn).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Invalid::MerchantNoTaken.into(),
            _ => Failure::from(error),
        })?;
        let entry = about(&by, AuditAction::MerchantCreated, &merchant).changed(None, Some(facts.json()));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(number)
    }

    async fn update_one(
        &self,
        by: PlatformAdmin<'_>,
        number: &MerchantNo,
        input: &MerchantInput,
    ) -> Result<(), Failure> {
        let facts = Facts::of(input)?;
        let txn = self.database.begin().await?;
        let merchant = lock(&txn, number).await?;
        let Some((before, after)) = changed(&Facts::stored(&merchant).json(), &facts.json()) else {
            return Ok(());
        };
        let entry = about(&by, AuditAction::MerchantUpdated, &merchant).changed(Some(before), Some(after));
        audit::record(&txn, &self.surroundings, entry).await?;
        let mut changed = merchants::ActiveModel::from(merchant);
        facts.put_into(&mut changed, self.surroundings.now().0);
        changed.update(&txn).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn set_state(
        &self,
        by: PlatformAdmin<'_>,
        number: &MerchantNo,
        state: MerchantState,
        reason: Option<String>,
    ) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let merchant = lock(&txn, number).await?;
        if merchant.state == state.code() {
            return Ok(());
        }
        let action = match state {
            MerchantState::Active => AuditAction::MerchantResumed,
            MerchantState::Suspended => AuditAction::MerchantSuspended,
        };
        let facts = |state: &str, reason: &Option<String>| json!({ "state": state, "reason": reason });
        let entry = about(&by, action, &merchant).changed(
            Some(facts(&merchant.state, &merchant.state_reason)),
            Some(facts(state.code(), &reason)),
        );
        audit::record(&txn, &self.surroundings, entry).await?;
        let now = self.surroundings.now().0;
        let mut changed = merchants::ActiveModel::from(merchant);
        changed.state = Set(state.code().to_owned());
        changed.state_since = Set(now);
        changed.state_reason = Set(reason);
        changed.updated_at = Set(now);
        changed.update(&txn).await?;
        txn.commit().await?;
        Ok(())
    }
}

/// The audit log's entry of what was done to a merchant.
fn about(by: &Caller, action: AuditAction, merchant: &merchants::Model) -> AuditEntry {
    AuditEntry::of(by, action)
        .concerning(Some(MerchantId(merchant.id)))
        .on(TargetKind::Merchant, &merchant.merchant_no)
}

/// Merchants as they are, which nobody changes until the transaction ends. In the order of their keys, so that two who hold
/// several do not wait for each other.
pub(super) async fn hold(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<merchants::Model>, Failure> {
    let held = merchants::Entity::find()
        .filter(Column::Id.is_in(ids))
        .order_by_asc(Column::Id)
        .lock(LockType::NoKeyUpdate);
    Ok(held.all(connection).await?)
}

/// The merchant with a number, locked.
async fn lock(txn: &DatabaseTransaction, number: &MerchantNo) -> Result<merchants::Model, Failure> {
    let found = merchants::Entity::find()
        .filter(Column::MerchantNo.eq(number.as_str()))
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?;
    Ok(found.ok_or(AppError::NotFound)?)
}

/// Why a merchant is suspended, in words that fit into a line.
fn reason_of(text: &str) -> Result<String, Failure> {
    let reason: String = text.nfc().collect::<String>().trim().to_owned();
    let fits = (1..=REASON_CHARS).contains(&reason.chars().count()) && !reason.chars().any(char::is_control);
    fits.then_some(reason).ok_or(Invalid::SuspensionUnexplained.into())
}

/// Narrows the list to what was asked.
fn narrow(mut select: Select<merchants::Entity>, query: &MerchantQuery) -> Select<merchants::Entity> {
    if let Some(state) = query.state {
        select = select.filter(Column::State.eq(state.code()));
    }
    let words = query.search.iter().flat_map(|text| text.split_whitespace());
    for word in words.take(SEARCH_WORDS) {
        let plain: String = word.nfkc().collect::<String>().to_lowercase();
        let escaped = plain.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let lower = |column: Column| Expr::from(Func::lower(Expr::col((merchants::Entity, column))));
        let like = || LikeExpr::new(format!("%{escaped}%")).escape('\\');
        select = select.filter(
            Condition::any()
                .add(lower(Column::MerchantNo).like(like()))
                .add(lower(Column::Name).like(like())),
        );
    }
    select
}

/// Begins at the cursor, by number.
fn keyset(mut select: Select<merchants::Entity>, cursor: Option<&Cursor>) -> Select<merchants::Entity> {
    let before = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
    if let Some(cursor) = cursor {
        select = select.filter(if before {
            Column::MerchantNo.lt(&cursor.key)
        } else {
            Column::MerchantNo.gt(&cursor.key)
        });
    }
    if before {
        select.order_by_desc(Column::MerchantNo)
    } else {
        select.order_by_asc(Column::MerchantNo)
    }
}

fn row_of(merchant: &merchants::Model, used: u64) -> Result<MerchantRow, Failure> {
    Ok(MerchantRow {
        number: MerchantNo::parse(&merchant.merchant_no).map_err(|_| unreadable("merchant number"))?,
        name: merchant.name.clone(),
        state: merchant.state.parse().map_err(|_| unreadable("merchant state"))?,
        state_since: Timestamp(merchant.state_since),
        quota: u64::try_from(merchant.terminal_quota).unwrap_or_default(),
        used,
    })
}

#[async_trait]
impl Merchants for MerchantService {
    async fn list(&self, _by: PlatformViewer<'_>, query: &MerchantQuery) -> Result<Page<MerchantRow>, AppError> {
        Ok(self.list_rows(query, PAGE_ROWS).await?)
    }

    async fn get(&self, _by: PlatformViewer<'_>, number: &MerchantNo) -> Result<Option<Merchant>, AppError> {
        Ok(self.find(number).await?)
    }

    async fn own(&self, by: MerchantMember<'_>) -> Result<Merchant, AppError> {
        Ok(self.find_own(by).await?)
    }

    async fn create(&self, by: PlatformAdmin<'_>, number: &str, input: &MerchantInput) -> Result<MerchantNo, AppError> {
        Ok(self.create_one(by, number, input).await?)
    }

    async fn update(&self, by: PlatformAdmin<'_>, number: &MerchantNo, input: &MerchantInput) -> Result<(), AppError> {
        Ok(self.update_one(by, number, input).await?)
    }

    async fn suspend(&self, by: PlatformAdmin<'_>, number: &MerchantNo, reason: &str) -> Result<(), AppError> {
        let reason = reason_of(reason)?;
        Ok(self
            .set_state(by, number, MerchantState::Suspended, Some(reason))
            .await?)
    }

    async fn resume(&self, by: PlatformAdmin<'_>, number: &MerchantNo) -> Result<(), AppError> {
        Ok(self.set_state(by, number, MerchantState::Active, None).await?)
    }
}
