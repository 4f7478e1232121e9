//! The app catalogue: which apps there are and in which versions.

mod versions;

use super::audit::{self, AuditEntry};
use super::failure::{Failure, unreadable};
use super::grants::in_force;
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{app_grants, app_versions, apps};
use app::backend::catalogue::{
    AppRef, Catalogue, CatalogueApp, CatalogueQuery, CatalogueRow, NewApp, NewVersion, VERSIONS_SHOWN, VersionRow,
};
use app::backend::page::{Direction, PAGE_ROWS, Page};
use app::caller::{PlatformAdmin, PlatformViewer};
use app::domain::{AuditAction, InstallState, Name, PackageName, TargetKind, Timestamp, compare_versions};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, LockType};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait,
    FromQueryResult, QueryFilter, QueryOrder, QuerySelect, SqlErr, Statement,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

pub(super) use versions::{newest, versions_of};

/// Most words of a search that are looked at.
const SEARCH_WORDS: usize = 8;

/// Installations are counted up to here; a page that says "more" costs no more than one that says this.
pub const COUNTED: u64 = 10_000;

/// Answers [`Catalogue`].
pub struct CatalogueService {
    database: Database,
    surroundings: Surroundings,
}

#[derive(FromQueryResult)]
struct Counted {
    app_id: Uuid,
    merchants: i64,
}

impl CatalogueService {
    pub(super) fn new(database: Database, surroundings: Surroundings) -> Self {
        Self { database, surroundings }
    }

    async fn list_rows(&self, query: &CatalogueQuery) -> Result<Page<CatalogueRow>, Failure> {
        let mut find = apps::Entity::find();
        if let Some(payment) = query.payment {
            find = find.filter(apps::Column::Payment.eq(payment));
        }
        let words = query.search.iter().flat_map(|text| text.split_whitespace());
        for word in words.take(SEARCH_WORDS) {
            find = find.filter(mentions(word));
        }
        let before = query.cursor.as_ref().is_some_and(|c| c.direction == Direction::Before);
        if let Some(cursor) = &query.cursor {
            let (package, key) = (apps::Column::Package, cursor.key.as_str());
            find = find.filter(if before { package.lt(key) } else { package.gt(key) });
        }
        let find = match before {
            true => find.order_by_desc(apps::Column::Package),
            false => find.order_by_asc(apps::Column::Package),
        };
        let reader = self.database.reader();
        let found = find.limit(PAGE_ROWS as u64 + 1).all(reader).await?;
        let page = Page::of(found, query.cursor.as_ref(), |app| (app.package.clone(), app.id));
        let ids: Vec<Uuid> = page.rows.iter().map(|app| app.id).collect();
        let versions = versions_of(reader, &ids).await?;
        let merchants: HashMap<Uuid, i64> = app_grants::Entity::find()
            .select_only()
            .column(app_grants::Column::AppId)
            .expr_as(Expr::col(app_grants::Column::MerchantId).count_distinct(), "merchants")
            .filter(app_grants::Column::AppId.is_in(ids))
            .filter(in_force(self.surroundings.now()))
            .group_by(app_grants::Column::AppId)
            .into_model::<Counted>()
            .all(reader)
            .await?
            .into_iter()
            .map(|counted| (counted.app_id, counted.merchants))
            .collect();
        let (previous, next) = (page.previous, page.next);
        let rows = page.rows.into_iter().map(|app| {
            let newest = newest(versions.get(&app.id).map_or(&[], Vec::as_slice), None);
            Ok(CatalogueRow {
                newest: newest.map(|version| (version.version.clone(), Timestamp(version.published_at))),
                merchants: count(merchants.get(&app.id).copied().unwrap_or_default()),
                app: app_ref(&app)?,
            })
        });
        Ok(Page {
            rows: rows.collect::<Result<_, Failure>>()?,
            previous,
            next,
        })
    }

    async fn find(&self, package: &PackageName) -> Result<Option<CatalogueApp>, Failure> {
        let reader = self.database.reader();
        let Some(app) = named(package).one(reader).await? else {
            return Ok(None);
        };
        let mut versions = app_versions::Entity::find()
            .filter(app_versions::Column::AppId.eq(app.id))
            .order_by_desc(app_versions::Column::PublishedAt)
            .order_by_desc(app_versions::Column::Id)
            .limit(VERSIONS_SHOWN as u64)
            .all(reader)
            .await?;
        versions.sort_by(|a, b| compare_versions(&b.version, &a.version));
        Ok(Some(CatalogueApp {
            created: Timestamp(app.created_at),
            updated: Timestamp(app.updated_at),
            installed: self.installs(app.id, InstallState::Installed).await?,
            failed: self.installs(app.id, InstallState::Failed).await?,
            app: app_ref(&app)?,
            versions: versions
                .into_iter()
                .map(|version| VersionRow {
                    version: version.version,
                    notes_zh: version.notes_zh,
                    notes_en: version.notes_en,
                    min_firmware: version.min_firmware,
                    published: Timestamp(version.published_at),
                })
                .collect(),
        }))
    }

    /// On how many terminals an app is in a state, as far as [`COUNTED`] and one more.
    async fn installs(&self, app: Uuid, state: InstallState) -> Result<u64, Failure> {
        let reader = self.database.reader();
        let sql = format!(
            "SELECT count(*) AS found FROM (SELECT 1 FROM app_installs WHERE app_id = $1 AND state = $2 LIMIT {}) AS counted",
            COUNTED + 1
        );
        let values = [app.into(), state.code().into()];
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let found = reader.query_one_raw(statement).await?;
        let found: Option<i64> = found.map(|row| row.try_get("", "found")).transpose()?;
        Ok(count(found.unwrap_or_default()))
    }

    async fn create_app(&self, by: PlatformAdmin<'_>, new: &NewApp) -> Result<PackageName, Failure> {
        let package = PackageName::parse(&new.package).map_err(|_| Invalid::PackageMalformed)?;
        let said = Said::parse(new)?;
        let now = self.surroundings.now().0;
        let txn = self.database.begin().await?;
        let app = apps::ActiveModel {
            id: Set(self.surroundings.new_id()),
            package: Set(package.as_str().to_owned()),
            name_zh: Set(said.name_zh.as_str().to_owned()),
            name_en: Set(said.name_en.as_str().to_owned()),
            publisher: Set(said.publisher.as_str().to_owned()),
            payment: Set(said.payment),
            created_at: Set(now),
            updated_at: Set(now),
        };
        let app = app
            .insert(&txn)
            .await
            .map_err(|error| taken(error, Invalid::PackageTaken))?;
        let entry = AuditEntry::of(&by, AuditAction::AppCreated)
            .on(TargetKind::App, &app.package)
            .changed(None, Some(Value::Object(facts(&app))));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(package)
    }

    async fn update_app(&self, by: PlatformAdmin<'_>, package: &PackageName, new: &NewApp) -> Result<(), Failure> {
        let said = Said::parse(new)?;
        let txn = self.database.begin().await?;
        let before = lock(&txn, package).await?;
        let mut after = before.clone();
        after.name_zh = said.name_zh.as_str().to_owned();
        after.name_en = said.name_en.as_str().to_owned();
        after.publisher = said.publisher.as_str().to_owned();
        after.payment = said.payment;
        if after == before {
            return Ok(());
        }
        after.updated_at = self.surroundings.now().0;
        let (was, is) = changes(facts(&before), facts(&after));
        apps::ActiveModel::from(after).reset_all().update(&txn).await?;
        let entry = AuditEntry::of(&by, AuditAction::AppUpdated)
            .on(TargetKind::App, &before.package)
            .changed(Some(was), Some(is));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(())
    }
}

/// What is said of an app, checked.
struct Said {
    name_zh: Name,
    name_en: Name,
    publisher: Name,
    payment: bool,
}

impl Said {
    fn parse(new: &NewApp) -> Result<Self, Failure> {
        let name = |text: &str| Name::parse(text).map_err(|_| Invalid::Name);
        Ok(Self {
            name_zh: name(&new.name_zh)?,
            name_en: name(&new.name_en)?,
            publisher: name(&new.publisher)?,
            payment: new.payment,
        })
    }
}

fn facts(app: &apps::Model) -> Map<String, Value> {
    let facts = [
        ("name_zh", json!(app.name_zh)),
        ("name_en", json!(app.name_en)),
        ("publisher", json!(app.publisher)),
        ("payment", json!(app.payment)),
    ];
    facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
}

/// What differs, before and after.
fn changes(mut before: Map<String, Value>, mut after: Map<String, Value>) -> (Value, Value) {
    before.retain(|name, was| after.get(name) != Some(was));
    after.retain(|name, _| before.contains_key(name));
    (Value::Object(before), Value::Object(after))
}

/// Somebody has made the same row; else the database failed.
fn taken(error: sea_orm::DbErr, invalid: Invalid) -> Failure {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => invalid.into(),
        _ => error.into(),
    }
}

/// The app with a package name.
pub(super) fn named(package: &PackageName) -> sea_orm::Select<apps::Entity> {
    apps::Entity::find().filter(apps::Column::Package.eq(package.as_str()))
}

async fn lock(txn: &DatabaseTransaction, package: &PackageName) -> Result<apps::Model, Failure> {
    let app = named(package).lock(LockType::NoKeyUpdate).one(txn).await?;
    Ok(app.ok_or(AppError::NotFound)?)
}

/// An app, as it is named beside something else.
pub(super) fn app_ref(app: &apps::Model) -> Result<AppRef, Failure> {
    Ok(AppRef {
        package: PackageName::parse(&app.package).map_err(|_| unreadable("package name"))?,
        name_zh: app.name_zh.clone(),
        name_en: app.name_en.clone(),
        publisher: app.publisher.clone(),
        payment: app.payment,
    })
}

/// A count as it comes from the database.
pub(super) fn count(found: i64) -> u64 {
    u64::try_from(found).unwrap_or_default()
}

/// Whether a word is part of what an app is known by. Wildcards in it are text.
fn mentions(word: &str) -> Condition {
    let plain: String = word.nfkc().collect::<String>().to_lowercase();
    let escaped = plain.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let columns = [
        apps::Column::Package,
        apps::Column::NameZh,
        apps::Column::NameEn,
        apps::Column::Publisher,
    ];
    columns.into_iter().fold(Condition::any(), |any, column| {
        let lower = Expr::from(Func::lower(Expr::col((apps::Entity, column))));
        any.add(lower.like(LikeExpr::new(format!("%{escaped}%")).escape('\\')))
    })
}

#[async_trait]
impl Catalogue for CatalogueService {
    async fn list(&self, _by: PlatformViewer<'_>, query: &CatalogueQuery) -> Result<Page<CatalogueRow>, AppError> {
        Ok(self.list_rows(query).await?)
    }

    async fn get(&self, _by: PlatformViewer<'_>, package: &PackageName) -> Result<Option<CatalogueApp>, AppError> {
        Ok(self.find(package).await?)
    }

    async fn create(&self, by: PlatformAdmin<'_>, new: &NewApp) -> Result<PackageName, AppError> {
        Ok(self.create_app(by, new).await?)
    }

    async fn update(&self, by: PlatformAdmin<'_>, package: &PackageName, app: &NewApp) -> Result<(), AppError> {
        Ok(self.update_app(by, package, app).await?)
    }

    async fn add_version(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        new: &NewVersion,
    ) -> Result<(), AppError> {
        Ok(self.publish(by, package, new).await?)
    }

    async fn update_version(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        version: &NewVersion,
    ) -> Result<(), AppError> {
        Ok(self.change_version(by, package, version).await?)
    }
}
