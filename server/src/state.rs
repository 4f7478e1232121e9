//! What every request needs.

use crate::clock::Surroundings;
use crate::config::{Config, PublicUrl};
use crate::database::Database;
use crate::services::Services;
use crate::services::passwords::PasswordError;
use crate::session_store::SessionIdle;
use app::shell::Shell;
use axum::extract::FromRef;
use ipnet::IpNet;
use leptos::config::LeptosOptions;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every request needs; cheap to clone, which every layer of a request does.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What handlers and leptos take out of it by themselves.
macro_rules! handed_out {
    ($($part:ident: $kind:ty),*) => {$(
        impl FromRef<AppState> for $kind {
            fn from_ref(state: &AppState) -> Self {
                state.$part.clone()
            }
        }
    )*};
}

handed_out!(database: Database, surroundings: Surroundings, services: Services, leptos: LeptosOptions);

/// See [`AppState`].
pub struct Parts {
    /// The database, for the checks of the server itself.
    pub database: Database,
    /// The clock and the randomness.
    pub surroundings: Surroundings,
    /// The answers.
    pub services: Services,
    /// What leptos needs to name its files.
    pub leptos: LeptosOptions,
    /// The document around every page.
    pub shell: Arc<Shell>,
    /// Address of the style sheet.
    pub style_sheet: Arc<str>,
    /// How this server is reached.
    pub front: Arc<Front>,
    /// How long a session may be idle.
    pub session_idle: SessionIdle,
}

/// How this server is reached.
#[derive(Clone, Debug)]
pub struct Front {
    /// Scheme, host and port that browsers see, such as `https://pos.example.com`, when that is known.
    pub public_origin: Option<String>,
    /// Whether browsers reach it by https, so that cookies are `Secure`.
    pub secure: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether platform administrators need a second step of signing in before they can do anything.
    pub require_second_factor: bool,
    /// The folder with the built style sheet and scripts.
    pub site_dir: PathBuf,
}

impl AppState {
    /// # Errors
    /// [`PasswordError`] when the hashing library refuses its parameters.
    pub fn new(config: &Config, database: Database, surroundings: Surroundings) -> Result<Self, PasswordError> {
        let services = Services::new(database.clone(), surroundings.clone())?;
        let leptos = leptos_options(&config.site_dir);
        let (style_sheet, extras) = files(&config.site_dir);
        let public_origin = config.public_url.as_ref().map(|url| url.origin().to_owned());
        Ok(Self(Arc::new(Parts {
            database,
            surroundings,
            services,
            session_idle: SessionIdle {
                platform_ms: config.session_idle_platform.as_ms(),
                merchant_ms: config.session_idle_merchant.as_ms(),
            },
            shell: Arc::new(Shell::new(leptos.clone(), style_sheet.clone(), extras)),
            leptos,
            style_sheet,
            front: Arc::new(Front {
                secure: config.public_url.as_ref().is_some_and(PublicUrl::is_https),
                public_origin,
                trusted_proxies: config.trusted_proxies.clone(),
                require_second_factor: config.require_second_factor,
                site_dir: config.site_dir.clone(),
            }),
        })))
    }
}

/// The addresses of a build's style sheet and of the folder with what `app/extras` became, read once. Without a build (in
/// tests of the server alone) there is no such folder.
fn files(site_dir: &Path) -> (Arc<str>, Option<Arc<str>>) {
    let hashes = std::fs::read_to_string(site_dir.join("hash.txt")).unwrap_or_default();
    let hash = |name: &str| {
        let mut lines = hashes.lines().filter_map(|line| line.split_once(':'));
        lines.find_map(|(file, hash)| (file.trim() == name).then(|| format!(".{}", hash.trim())))
    };
    let style_sheet = format!("/pkg/tillkeeper{}.css", hash("css").unwrap_or_default());
    let extras = hash("extras").map(|hash| format!("/pkg/extras{hash}").into());
    (style_sheet.into(), extras)
}

/// The names of the files of a build. Without one (in tests of the server alone) they have no hashes.
fn leptos_options(site_dir: &Path) -> LeptosOptions {
    let hashes = site_dir.join("hash.txt");
    let hashes = hashes.canonicalize().ok();
    LeptosOptions::builder()
        .output_name("tillkeeper")
        .site_root(site_dir.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .hash_files(hashes.is_some())
        .hash_file(Arc::<str>::from(hashes.unwrap_or_default().to_string_lossy()))
        .build()
}
