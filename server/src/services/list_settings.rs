//! How somebody has arranged the list of terminals. Everything here is the caller's own: every statement names the user.

use super::failure::Failure;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::saved_views::Column;
use crate::entities::{list_layouts, saved_views, users};
use app::backend::list_settings::{Arrangement, Layout, ListSettings, MAX_VIEWS, Saved, SavedView, VIEW_BYTES};
use app::caller::{Caller, Scope};
use app::domain::{Name, SavedViewId, UserId};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, LockType, OnConflict, Query, SelectStatement, UnionType};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QuerySelect};

/// Answers [`ListSettings`].
pub struct ListSettingsService {
    database: Database,
    surroundings: Surroundings,
}

/// What a row of [`arranged`] is.
const VIEW: i32 = 0;
const LAYOUT: i32 = 1;

impl ListSettingsService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn arrangement(&self, caller: &Caller) -> Result<Arrangement, Failure> {
        let mut arrangement = Arrangement::default();
        let Some(user) = caller.user_id() else {
            return Ok(arrangement);
        };
        let asked = arranged(user, list_of(caller));
        for row in self.database.reader().query_all(&asked).await? {
            let text: String = row.try_get_by_index(3)?;
            let part: i32 = row.try_get_by_index(0)?;
            match part {
                LAYOUT => arrangement.layout = Layout::parse(&text),
                _ => arrangement.views.push(SavedView {
                    id: SavedViewId(row.try_get_by_index(1)?),
                    name: row.try_get_by_index(2)?,
                    query: text,
                }),
            }
        }
        arrangement.views.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(arrangement)
    }

    async fn save(&self, caller: &Caller, name: &str, query: &str) -> Result<Saved, Failure> {
        let user = user_of(caller)?;
        let name = name_of(name)?;
        if query.len() > VIEW_BYTES {
            return Err(Invalid::Form.into());
        }
        let list = list_of(caller);
        let now = self.surroundings.now().0;
        let txn = self.database.begin().await?;
        // Of two that are saved at once, the second one counts the first.
        users::Entity::find_by_id(user.0)
            .lock(LockType::NoKeyUpdate)
            .one(&txn)
            .await?
            .ok_or(AppError::NotFound)?;
        let own = saved_views::Entity::find()
            .filter(Column::UserId.eq(user.0))
            .filter(Column::List.eq(list));
        let replaced = saved_views::Entity::update_many()
            .col_expr(Column::Query, query.into())
            .col_expr(Column::UpdatedAt, now.into())
            .filter(Column::UserId.eq(user.0))
            .filter(Column::List.eq(list))
            .filter(Column::Name.eq(name.as_str()))
            .exec(&txn)
            .await?;
        if replaced.rows_affected > 0 {
            txn.commit().await?;
            return Ok(Saved::Replaced);
        }
        if own.count(&txn).await? >= MAX_VIEWS as u64 {
            return Err(Invalid::TooManyViews.into());
        }
        saved_views::Entity::insert(saved_views::ActiveModel {
            id: Set(self.surroundings.new_id()),
            user_id: Set(user.0),
            list: Set(list.to_owned()),
            name: Set(name.as_str().to_owned()),
            query: Set(query.to_owned()),
            created_at: Set(now),
            updated_at: Set(now),
        })
        .exec_without_returning(&txn)
        .await?;
        txn.commit().await?;
        Ok(Saved::Added)
    }

    async fn rename(&self, caller: &Caller, view: SavedViewId, name: &str) -> Result<(), Failure> {
        let user = user_of(caller)?;
        let name = name_of(name)?;
        let renamed = saved_views::Entity::update_many()
            .col_expr(Column::Name, name.as_str().into())
            .col_expr(Column::UpdatedAt, self.surroundings.now().0.into())
            .filter(Column::Id.eq(view.0))
            .filter(Column::UserId.eq(user.0))
            .exec(self.database.writer())
            .await;
        match renamed.map_err(Failure::from) {
            Ok(renamed) => found(renamed.rows_affected),
            Err(Failure::Raced(_)) => Err(Invalid::ViewTaken.into()),
            Err(failure) => Err(failure),
        }
    }

    async fn delete(&self, caller: &Caller, view: SavedViewId) -> Result<(), Failure> {
        let user = user_of(caller)?;
        let deleted = saved_views::Entity::delete_many()
            .filter(Column::Id.eq(view.0))
            .filter(Column::UserId.eq(user.0))
            .exec(self.database.writer())
            .await?;
        found(deleted.rows_affected)
    }

    async fn lay_out(&self, caller: &Caller, layout: &Layout) -> Result<(), Failure> {
        let row = list_layouts::ActiveModel {
            user_id: Set(user_of(caller)?.0),
            list: Set(list_of(caller).to_owned()),
            layout: Set(layout.to_string()),
        };
        let same = [list_layouts::Column::UserId, list_layouts::Column::List];
        let replaces = OnConflict::columns(same)
            .update_column(list_layouts::Column::Layout)
            .to_owned();
        list_layouts::Entity::insert(row)
            .on_conflict(replaces)
            .exec_without_returning(self.database.writer())
            .await?;
        Ok(())
    }
}

/// The list that somebody sees. Whoever comes to another scope finds what was kept for the list there.
fn list_of(caller: &Caller) -> &'static str {
    match caller.scope() {
        Scope::Merchant(_) => "devices",
        Scope::Platform => "terminals",
    }
}

fn user_of(caller: &Caller) -> Result<UserId, Failure> {
    Ok(caller.user_id().ok_or(AppError::Forbidden)?)
}

fn name_of(text: &str) -> Result<Name, Failure> {
    Name::parse(text).map_err(|_| Invalid::Name.into())
}

fn found(rows: u64) -> Result<(), Failure> {
    match rows {
        0 => Err(AppError::NotFound.into()),
        _ => Ok(()),
    }
}

/// Views and layout in one question, which every page of the list asks: what it is, a key, a name, the text.
fn arranged(user: UserId, list: &str) -> SelectStatement {
    let layout = Query::select()
        .expr(Expr::cust(LAYOUT.to_string()))
        .column(list_layouts::Column::UserId)
        .column(list_layouts::Column::List)
        .column(list_layouts::Column::Layout)
        .from(list_layouts::Entity)
        .and_where(Expr::col(list_layouts::Column::UserId).eq(user.0))
        .and_where(Expr::col(list_layouts::Column::List).eq(list))
        .take();
    Query::select()
        .expr(Expr::cust(VIEW.to_string()))
        .columns([Column::Id, Column::Name, Column::Query])
        .from(saved_views::Entity)
        .and_where(Expr::col(Column::UserId).eq(user.0))
        .and_where(Expr::col(Column::List).eq(list))
        .union(UnionType::All, layout)
        .take()
}

#[async_trait]
impl ListSettings for ListSettingsService {
    async fn get(&self, caller: &Caller) -> Result<Arrangement, AppError> {
        Ok(self.arrangement(caller).await?)
    }

    async fn save_view(&self, caller: &Caller, name: &str, query: &str) -> Result<Saved, AppError> {
        Ok(self.save(caller, name, query).await?)
    }

    async fn rename_view(&self, caller: &Caller, view: SavedViewId, name: &str) -> Result<(), AppError> {
        Ok(self.rename(caller, view, name).await?)
    }

    async fn delete_view(&self, caller: &Caller, view: SavedViewId) -> Result<(), AppError> {
        Ok(self.delete(caller, view).await?)
    }

    async fn set_layout(&self, caller: &Caller, layout: &Layout) -> Result<(), AppError> {
        Ok(self.lay_out(caller, layout).await?)
    }
}
