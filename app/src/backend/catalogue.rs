//! The app catalogue: which apps there are, for the platform.

use super::page::{Cursor, Page};
use crate::caller::{PlatformAdmin, PlatformViewer};
use crate::domain::{PackageName, Timestamp};
use crate::error::AppError;
use async_trait::async_trait;

/// Most characters of release notes in one language.
pub const NOTES_CHARS: usize = 500;

/// Newest versions of an app that are told of.
pub const VERSIONS_SHOWN: usize = 100;

/// An app, as it is named beside something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRef {
    /// Its package name.
    pub package: PackageName,
    /// Its Chinese name.
    pub name_zh: String,
    /// Its English name.
    pub name_en: String,
    /// Who publishes it.
    pub publisher: String,
    /// Whether it takes payments.
    pub payment: bool,
}

/// What the catalogue is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CatalogueQuery {
    /// Words, each of which must be part of the package name, a name or the publisher.
    pub search: Option<String>,
    /// Only apps that take payments, or only others.
    pub payment: Option<bool>,
    /// Which page.
    pub cursor: Option<Cursor>,
}

/// An app as the catalogue lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueRow {
    /// The app.
    pub app: AppRef,
    /// Its newest version, and when that was published.
    pub newest: Option<(String, Timestamp)>,
    /// How many merchants may run it now, at least somewhere.
    pub merchants: u64,
}

/// A published version of an app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// The version.
    pub version: String,
    /// Release notes in Chinese.
    pub notes_zh: String,
    /// Release notes in English.
    pub notes_en: String,
    /// The oldest firmware it runs on.
    pub min_firmware: Option<String>,
    /// When it was published.
    pub published: Timestamp,
}

/// An app with all that the catalogue knows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogueApp {
    /// The app.
    pub app: AppRef,
    /// Since when it is in the catalogue.
    pub created: Timestamp,
    /// When what is said of it was last changed.
    pub updated: Timestamp,
    /// Its versions, newest first; at most [`VERSIONS_SHOWN`].
    pub versions: Vec<VersionRow>,
    /// On how many terminals it is installed.
    pub installed: u64,
    /// On how many terminals installing it has failed.
    pub failed: u64,
}

/// An app as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewApp {
    /// Package name.
    pub package: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Publisher.
    pub publisher: String,
    /// Whether it takes payments.
    pub payment: bool,
}

/// A version as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVersion {
    /// The version.
    pub version: String,
    /// Release notes in Chinese.
    pub notes_zh: String,
    /// Release notes in English.
    pub notes_en: String,
    /// The oldest firmware it runs on; empty for any.
    pub min_firmware: String,
}

/// The app catalogue.
#[async_trait]
pub trait Catalogue: Send + Sync {
    /// A page of apps, by package name.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn list(&self, by: PlatformViewer<'_>, query: &CatalogueQuery) -> Result<Page<CatalogueRow>, AppError>;

    /// One app.
    ///
    /// **Permissions:** [`PlatformViewer`].
    async fn get(&self, by: PlatformViewer<'_>, package: &PackageName) -> Result<Option<CatalogueApp>, AppError>;

    /// Adds an app.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`crate::error::Invalid::PackageMalformed`], [`crate::error::Invalid::PackageTaken`],
    /// [`crate::error::Invalid::Name`].
    async fn create(&self, by: PlatformAdmin<'_>, new: &NewApp) -> Result<PackageName, AppError>;

    /// Changes what is said of an app; its package name stays.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::Name`].
    async fn update(&self, by: PlatformAdmin<'_>, package: &PackageName, app: &NewApp) -> Result<(), AppError>;

    /// Publishes a version.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::VersionMalformed`] also for the firmware,
    /// [`crate::error::Invalid::VersionTaken`], [`crate::error::Invalid::NotesTooLong`].
    async fn add_version(&self, by: PlatformAdmin<'_>, package: &PackageName, new: &NewVersion)
    -> Result<(), AppError>;

    /// Changes the notes and the firmware of a version.
    ///
    /// **Permissions:** [`PlatformAdmin`].
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::VersionMalformed`] for the firmware,
    /// [`crate::error::Invalid::NotesTooLong`].
    async fn update_version(
        &self,
        by: PlatformAdmin<'_>,
        package: &PackageName,
        version: &NewVersion,
    ) -> Result<(), AppError>;
}
