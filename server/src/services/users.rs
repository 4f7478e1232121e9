//! Accounts, as those who look after them see and change them.

use super::audit::{self, AuditEntry};
use super::failure::{Failure, unreadable};
use super::links::{self, NewLink};
use super::scope::users_in;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{merchants, sessions, users};
use app::backend::invitations::IssuedLink;
use app::backend::page::{Cursor, Direction, PAGE_ROWS, Page};
use app::backend::terminals::MerchantRef;
use app::backend::users::{NewAccount, UserQuery, UserRow, Users};
use app::caller::{AccountManager, AccountViewer, Caller, PlatformAdmin, Scope};
use app::domain::{
    AuditAction, Login, MerchantId, MerchantNo, Name, Purpose, Role, TargetKind, Timestamp, UserId, UserState,
};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, LockType, Order, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, SqlErr,
};
use serde_json::{Value, json};
use unicode_normalization::UnicodeNormalization;
use users::Column;
use uuid::Uuid;

/// Most words of a search that are looked at.
const SEARCH_WORDS: usize = 8;

/// Answers [`Users`].
pub struct UserService {
    database: Database,
    surroundings: Surroundings,
}

#[derive(FromQueryResult)]
struct Listed {
    id: Uuid,
    login: String,
    display_name: String,
    role: String,
    password_hash: Option<String>,
    disabled_at: Option<i64>,
    created_at: i64,
    last_signed_in_at: Option<i64>,
    merchant_no: Option<String>,
    merchant_name: Option<String>,
}

impl UserService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn list_rows(&self, by: AccountViewer<'_>, query: &UserQuery) -> Result<Page<UserRow>, Failure> {
        let mut select = listed(by.scope());
        if !narrow(&mut select, query) {
            return Ok(Page {
                rows: Vec::new(),
                previous: None,
                next: None,
            });
        }
        keyset(&mut select, query.cursor.as_ref());
        let found = self.database.reader().query_all(&select).await?;
        let rows = found
            .iter()
            .map(|row| {
                let row = Listed::from_query_result(row, "")?;
                Ok((row.id, row_of(row)?))
            })
            .collect::<Result<Vec<_>, Failure>>()?;
        let page = Page::of(rows, query.cursor.as_ref(), |(id, row)| {
            (row.login.as_str().to_owned(), *id)
        });
        Ok(page.map(|(_, row)| row))
    }

    async fn find(&self, by: AccountViewer<'_>, login: &Login) -> Result<Option<UserRow>, Failure> {
        let mut select = listed(by.scope());
        select.and_where(column(Column::Login).eq(login.as_str()));
        let found = self.database.reader().query_one(&select).await?;
        found
            .map(|row| row_of(Listed::from_query_result(&row, "")?))
            .transpose()
    }

    async fn create_one(&self, by: PlatformAdmin<'_>, new: &NewAccount) -> Result<IssuedLink, Failure> {
        let login = Login::parse(&new.login).map_err(|_| Invalid::LoginMalformed)?;
        let name = Name::parse(&new.name).map_err(|_| Invalid::NameMalformed)?;
        let role: Role = new.role.parse().map_err(|_| Invalid::Form)?;
        let number = new.merchant_no.trim();
        if role.is_platform() != number.is_empty() {
            return Err(Invalid::RoleAndMerchant.into());
        }
        let txn = self.database.begin().await?;
        let merchant = match number {
            "" => None,
            number => {
                let number = MerchantNo::parse(number).map_err(|_| Invalid::MerchantUnknown)?;
                let merchant = merchants::Entity::find()
                    .filter(merchants::Column::MerchantNo.eq(number.as_str()))
                    .one(&txn)
                    .await?;
                Some(merchant.ok_or(Invalid::MerchantUnknown)?.id)
            }
        };
        let now = self.surroundings.now().0;
        let user = users::ActiveModel {
            id: Set(self.surroundings.new_id()),
            login: Set(login.as_str().to_owned()),
            login_skeleton: Set(Some(login.skeleton())),
            display_name: Set(name.as_str().to_owned()),
            role: Set(role.code().to_owned()),
            merchant_id: Set(merchant),
            password_hash: Set(None),
            locale: Set(None),
            disabled_at: Set(None),
            password_changed_at: Set(None),
            last_signed_in_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let user = user.insert(&txn).await.map_err(|error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Invalid::LoginTaken.into(),
            _ => Failure::from(error),
        })?;
        let is =
            json!({ "role": user.role, "name": user.display_name, "merchant": (!number.is_empty()).then_some(number) });
        self.write_down(&txn, &by, AuditAction::UserCreated, &user, (None, Some(is)))
            .await?;
        let link = NewLink::of_user(Purpose::Invite, &user, &by)?;
        let link = links::issue(&txn, &self.surroundings, link).await?;
        txn.commit().await?;
        Ok(link)
    }

    async fn reset_one(&self, by: AccountManager<'_>, login: &Login) -> Result<IssuedLink, Failure> {
        let txn = self.database.begin().await?;
        let user = lock(&txn, &by, login).await?;
        if user.disabled_at.is_some() {
            return Err(Invalid::AccountDisabled.into());
        }
        let purpose = match user.password_changed_at {
            Some(_) => Purpose::Reset,
            None => Purpose::Invite,
        };
        let state = |user: &users::Model| {
            let state = UserState::of(user.password_hash.is_some(), user.disabled_at.is_some());
            Some(json!({ "state": state.code() }))
        };
        let invited = users::Model {
            password_hash: None,
            ..user.clone()
        };
        let change = (state(&user), state(&invited));
        self.write_down(&txn, &by, AuditAction::InvitationCreated, &user, change)
            .await?;
        links::withdraw_of_user(&txn, &self.surroundings, user.id).await?;
        let link = NewLink::of_user(purpose, &user, &by)?;
        let link = links::issue(&txn, &self.surroundings, link).await?;
        let mut changed = users::ActiveModel::from(user);
        changed.password_hash = Set(None);
        self.change(&txn, changed).await?;
        txn.commit().await?;
        Ok(link)
    }

    async fn enable(&self, by: AccountManager<'_>, login: &Login, enabled: bool) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let administrators = lock_administrators(&txn, &by).await?;
        let user = lock(&txn, &by, login).await?;
        if user.disabled_at.is_none() == enabled {
            return Ok(());
        }
        if !enabled {
            another_of(&administrators, &user)?;
            links::withdraw_of_user(&txn, &self.surroundings, user.id).await?;
        }
        let action = if enabled {
            AuditAction::UserEnabled
        } else {
            AuditAction::UserDisabled
        };
        let state = |enabled: bool| {
            let state = UserState::of(user.password_hash.is_some(), !enabled);
            Some(json!({ "state": state.code() }))
        };
        let change = (state(!enabled), state(enabled));
        self.write_down(&txn, &by, action, &user, change).await?;
        let mut changed = users::ActiveModel::from(user);
        changed.disabled_at = Set((!enabled).then(|| self.surroundings.now().0));
        self.change(&txn, changed).await?;
        txn.commit().await?;
        Ok(())
    }

    async fn change_role(&self, by: PlatformAdmin<'_>, login: &Login, role: Role) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let administrators = lock_administrators(&txn, &by).await?;
        let user = lock(&txn, &by, login).await?;
        let before: Role = user.role.parse().map_err(|_| unreadable("role"))?;
        if before == role {
            return Ok(());
        }
        if before.other_of_side() != role {
            return Err(Invalid::RoleAndMerchant.into());
        }
        another_of(&administrators, &user)?;
        let entry = AuditEntry::of(&by, AuditAction::UserRoleChanged)
            .concerning(user.merchant_id.map(MerchantId))
            .on(TargetKind::User, &user.login)
            .changed(
                Some(json!({ "role": before.code() })),
                Some(json!({ "role": role.code() })),
            );
        audit::record(&txn, &self.surroundings, entry).await?;
        let mut changed = users::ActiveModel::from(user);
        changed.role = Set(role.code().to_owned());
        self.change(&txn, changed).await?;
        txn.commit().await?;
        Ok(())
    }

    /// Writes into the audit log what is done to an account, with the state before and after.
    async fn write_down(
        &self,
        txn: &DatabaseTransaction,
        by: &Caller,
        action: AuditAction,
        user: &users::Model,
        (before, after): (Option<Value>, Option<Value>),
    ) -> Result<(), Failure> {
        let entry = AuditEntry::of(by, action)
            .concerning(user.merchant_id.map(MerchantId))
            .on(TargetKind::User, &user.login)
            .changed(before, after);
        Ok(audit::record(txn, &self.surroundings, entry).await?)
    }

    /// Writes what was changed and ends the account's sessions.
    async fn change(&self, txn: &DatabaseTransaction, mut user: users::ActiveModel) -> Result<(), Failure> {
        user.updated_at = Set(self.surroundings.now().0);
        let user = user.update(txn).await?;
        sessions::Entity::delete_many()
            .filter(sessions::Column::UserId.eq(user.id))
            .exec(txn)
            .await?;
        Ok(())
    }
}

fn column(column: Column) -> Expr {
    Expr::col((users::Entity, column))
}

/// The account with a login, locked, when it is within the caller's scope and not the caller's own.
async fn lock(txn: &DatabaseTransaction, by: &Caller, login: &Login) -> Result<users::Model, Failure> {
    let mut found = users::Entity::find().filter(Column::Login.eq(login.as_str()));
    if let Scope::Merchant(merchant) = by.scope() {
        found = found
            .filter(Column::MerchantId.eq(merchant.0))
            .filter(Column::Role.eq(Role::MerchantClerk.code()));
    }
    let user = found.lock(LockType::NoKeyUpdate).one(txn).await?;
    let user = user.ok_or(AppError::NotFound)?;
    if by.user_id() == Some(UserId(user.id)) {
        return Err(Invalid::OwnAccount.into());
    }
    Ok(user)
}

/// The platform's administrators, locked before any other account and in one order, so that two who disable each other
/// come one after the other. A merchant touches none of them.
async fn lock_administrators(txn: &DatabaseTransaction, by: &Caller) -> Result<Vec<users::Model>, Failure> {
    if by.scope() != Scope::Platform {
        return Ok(Vec::new());
    }
    Ok(users::Entity::find()
        .filter(Column::Role.eq(Role::PlatformAdmin.code()))
        .order_by_asc(Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(txn)
        .await?)
}

/// Refuses to take the last administrator who can sign in away.
fn another_of(administrators: &[users::Model], user: &users::Model) -> Result<(), Failure> {
    let can_sign_in = |other: &users::Model| other.disabled_at.is_none() && other.password_hash.is_some();
    let another = administrators
        .iter()
        .any(|other| other.id != user.id && can_sign_in(other));
    if another || user.role != Role::PlatformAdmin.code() {
        return Ok(());
    }
    Err(Invalid::LastAdministrator.into())
}

/// The accounts of a scope with the columns that a list shows.
fn listed(scope: Scope) -> SelectStatement {
    let mut select = users_in(scope);
    for shown in [
        Column::Id,
        Column::Login,
        Column::DisplayName,
        Column::Role,
        Column::PasswordHash,
        Column::DisabledAt,
        Column::CreatedAt,
        Column::LastSignedInAt,
    ] {
        select.column((users::Entity, shown));
    }
    select
}

/// Narrows the list to what was asked; `false` when nothing can match.
fn narrow(select: &mut SelectStatement, query: &UserQuery) -> bool {
    if let Some(role) = query.role {
        select.and_where(column(Column::Role).eq(role.code()));
    }
    if let Some(state) = query.state {
        let disabled = column(Column::DisabledAt);
        select.and_where(match state {
            UserState::Disabled => disabled.is_not_null(),
            UserState::Active => disabled.is_null().and(column(Column::PasswordHash).is_not_null()),
            UserState::Invited => disabled.is_null().and(column(Column::PasswordHash).is_null()),
        });
    }
    if let Some(number) = &query.merchant_no {
        let Ok(number) = MerchantNo::parse(number) else {
            return false;
        };
        let of = Expr::col((merchants::Entity, merchants::Column::MerchantNo));
        select.and_where(of.eq(number.as_str()));
    }
    let words = query.search.iter().flat_map(|text| text.split_whitespace());
    for word in words.take(SEARCH_WORDS) {
        let plain: String = word.nfkc().collect::<String>().to_lowercase();
        let escaped = plain.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let like = || LikeExpr::new(format!("%{escaped}%")).escape('\\');
        let lower = |expr: Expr| Expr::from(Func::lower(expr));
        let merchant = |column| Expr::col((merchants::Entity, column));
        select.cond_where(
            Condition::any()
                .add(column(Column::Login).like(like()))
                .add(lower(column(Column::DisplayName)).like(like()))
                .add(lower(merchant(merchants::Column::Name)).like(like()))
                .add(lower(merchant(merchants::Column::MerchantNo)).like(like())),
        );
    }
    true
}

/// Asks for one row more than a page from the cursor on, by login.
fn keyset(select: &mut SelectStatement, cursor: Option<&Cursor>) {
    let before = cursor.is_some_and(|cursor| cursor.direction == Direction::Before);
    if let Some(cursor) = cursor {
        let login = column(Column::Login);
        let key = cursor.key.as_str();
        select.and_where(if before { login.lt(key) } else { login.gt(key) });
    }
    let order = if before { Order::Desc } else { Order::Asc };
    select
        .order_by((users::Entity, Column::Login), order)
        .limit(PAGE_ROWS as u64 + 1);
}

fn row_of(row: Listed) -> Result<UserRow, Failure> {
    Ok(UserRow {
        login: Login::parse(&row.login).map_err(|_| unreadable("login"))?,
        name: row.display_name,
        role: row.role.parse().map_err(|_| unreadable("role"))?,
        merchant: row
            .merchant_no
            .zip(row.merchant_name)
            .map(|(number, name)| MerchantRef { number, name }),
        state: UserState::of(row.password_hash.is_some(), row.disabled_at.is_some()),
        created: Timestamp(row.created_at),
        last_signed_in: row.last_signed_in_at.map(Timestamp),
    })
}

#[async_trait]
impl Users for UserService {
    async fn list(&self, by: AccountViewer<'_>, query: &UserQuery) -> Result<Page<UserRow>, AppError> {
        Ok(self.list_rows(by, query).await?)
    }

    async fn get(&self, by: AccountViewer<'_>, login: &Login) -> Result<Option<UserRow>, AppError> {
        Ok(self.find(by, login).await?)
    }

    async fn create(&self, by: PlatformAdmin<'_>, new: &NewAccount) -> Result<IssuedLink, AppError> {
        Ok(self.create_one(by, new).await?)
    }

    async fn reset(&self, by: AccountManager<'_>, login: &Login) -> Result<IssuedLink, AppError> {
        Ok(self.reset_one(by, login).await?)
    }

    async fn set_enabled(&self, by: AccountManager<'_>, login: &Login, enabled: bool) -> Result<(), AppError> {
        Ok(self.enable(by, login, enabled).await?)
    }

    async fn set_role(&self, by: PlatformAdmin<'_>, login: &Login, role: Role) -> Result<(), AppError> {
        Ok(self.change_role(by, login, role).await?)
    }
}
