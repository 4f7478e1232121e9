//! The versions of apps.

use super::{CatalogueService, changes, lock, taken};
use crate::entities::app_versions;
use crate::services::audit::{self, AuditEntry};
use crate::services::failure::Failure;
use app::backend::catalogue::{NOTES_CHARS, NewVersion};
use app::caller::PlatformAdmin;
use app::domain::{AppVersion, AuditAction, PackageName, TargetKind, compare_versions};
use app::error::{AppError, Invalid};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;
use std::collections::HashMap;
use uuid::Uuid;

impl CatalogueService {
    pub(super) async fn publish(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        new: &NewVersion,
    ) -> Result<(), Failure> {
        let version = AppVersion::parse(&new.version).map_err(|_| Invalid::VersionMalformed)?;
        let Notes { zh, en, firmware } = Notes::parse(new)?;
        let txn = self.database.begin().await?;
        let app = lock(&txn, package).await?;
        let row = app_versions::ActiveModel {
            id: Set(self.surroundings.new_id()),
            app_id: Set(app.id),
            version: Set(version.as_str().to_owned()),
            notes_zh: Set(zh),
            notes_en: Set(en),
            min_firmware: Set(firmware),
            published_at: Set(self.surroundings.now().0),
        };
        let row = row
            .insert(&txn)
            .await
            .map_err(|error| taken(error, Invalid::VersionTaken))?;
        let entry = AuditEntry::of(&by, AuditAction::AppVersionAdded)
            .on(TargetKind::App, &app.package)
            .changed(None, Some(Value::Object(version_facts(&row))));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(())
    }

    pub(super) async fn change_version(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        new: &NewVersion,
    ) -> Result<(), Failure> {
        let version = AppVersion::parse(&new.version).map_err(|_| AppError::NotFound)?;
        let Notes { zh, en, firmware } = Notes::parse(new)?;
        let txn = self.database.begin().await?;
        let app = lock(&txn, package).await?;
        let before = app_versions::Entity::find()
            .filter(app_versions::Column::AppId.eq(app.id))
            .filter(app_versions::Column::Version.eq(version.as_str()))
            .one(&txn)
            .await?
            .ok_or(AppError::NotFound)?;
        let mut after = before.clone();
        (after.notes_zh, after.notes_en, after.min_firmware) = (zh, en, firmware);
        if after == before {
            return Ok(());
        }
        let (was, is) = changes(version_facts(&before), version_facts(&after));
        app_versions::ActiveModel::from(after).reset_all().update(&txn).await?;
        let entry = AuditEntry::of(&by, AuditAction::AppVersionUpdated)
            .on(TargetKind::App, format!("{} {version}", app.package))
            .changed(Some(was), Some(is));
        audit::record(&txn, &self.surroundings, entry).await?;
        txn.commit().await?;
        Ok(())
    }
}

/// What is said of a version, checked.
struct Notes {
    zh: String,
    en: String,
    firmware: Option<String>,
}

impl Notes {
    fn parse(new: &NewVersion) -> Result<Self, Failure> {
        let notes = |text: &str| -> Result<String, Failure> {
            let shown = |c: &char| !c.is_control() || *c == '\n';
            let text: String = text.trim().chars().filter(shown).collect();
            if text.chars().count() > NOTES_CHARS {
                return Err(Invalid::NotesTooLong.into());
            }
            Ok(text)
        };
        let firmware = match new.min_firmware.trim() {
            "" => None,
            text => Some(
                AppVersion::parse(text)
                    .map_err(|_| Invalid::VersionMalformed)?
                    .to_string(),
            ),
        };
        Ok(Self {
            zh: notes(&new.notes_zh)?,
            en: notes(&new.notes_en)?,
            firmware,
        })
    }
}

fn version_facts(version: &app_versions::Model) -> Map<String, Value> {
    let facts = [
        ("version", json!(version.version)),
        ("min_firmware", json!(version.min_firmware)),
        ("notes_zh", json!(version.notes_zh)),
        ("notes_en", json!(version.notes_en)),
    ];
    facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect()
}

/// The versions of some apps, by app.
pub(in crate::services) async fn versions_of(
    db: &impl ConnectionTrait,
    apps: &[Uuid],
) -> Result<HashMap<Uuid, Vec<app_versions::Model>>, Failure> {
    let found = app_versions::Entity::find()
        .filter(app_versions::Column::AppId.is_in(apps.iter().copied()))
        .all(db)
        .await?;
    let mut versions: HashMap<Uuid, Vec<app_versions::Model>> = HashMap::new();
    for version in found {
        versions.entry(version.app_id).or_default().push(version);
    }
    Ok(versions)
}

/// The newest of some versions that runs on a firmware; on any where that is not known.
pub(in crate::services) fn newest<'a>(
    versions: &'a [app_versions::Model],
    firmware: Option<&str>,
) -> Option<&'a app_versions::Model> {
    let runs = |version: &&app_versions::Model| match (&version.min_firmware, firmware) {
        (Some(needed), Some(there)) => compare_versions(there, needed) != Ordering::Less,
        _ => true,
    };
    versions
        .iter()
        .filter(runs)
        .max_by(|a, b| compare_versions(&a.version, &b.version).then(a.id.cmp(&b.id)))
}
