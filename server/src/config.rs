//! Settings. Defaults, then `tillkeeper.toml`, then `TILLKEEPER_*`; the later wins.
//!
//! A setting that nobody knows and a value that means nothing stop the start: a typing error must not run with a default.

mod problem;
mod values;

pub use problem::{ConfigError, Origin, Problem};
pub use values::{DatabaseUrl, LogFormat, PublicUrl, Span};

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// What the names of all settings in the environment begin with.
pub const PREFIX: &str = "TILLKEEPER_";

/// The file that is read from the working folder when no other is named.
pub const DEFAULT_FILE: &str = "tillkeeper.toml";

/// Variables with our prefix that are not settings: the file's own name, and what the build and test scripts use.
const NOT_SETTINGS: [&str; 2] = ["TILLKEEPER_CONFIG", "TILLKEEPER_TOOLS"];
const TEST_PREFIX: &str = "TILLKEEPER_TEST_";

/// A setting: its name in the file and what it takes, as errors tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the file.
    pub key: &'static str,
    /// What it takes.
    pub takes: &'static str,
}

impl Setting {
    /// Its name in the environment.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.to_uppercase())
    }
}

/// Every setting there is.
pub const SETTINGS: [Setting; 14] = [
    Setting {
        key: "database_url",
        takes: "sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE",
    },
    Setting {
        key: "listen",
        takes: "an IP address and a port, such as 127.0.0.1:3000 or [::]:3000",
    },
    Setting {
        key: "data_dir",
        takes: "the path of a folder",
    },
    Setting {
        key: "public_url",
        takes: "http:// or https:// and a host, without a path, such as https://pos.example.com",
    },
    Setting {
        key: "trusted_proxies",
        takes: "IP addresses and networks, such as 127.0.0.1, 10.0.0.0/8",
    },
    Setting {
        key: "session_idle_platform",
        takes: "a time from 1m to 12h, such as 15m",
    },
    Setting {
        key: "session_idle_merchant",
        takes: "a time from 1m to 30d, such as 12h",
    },
    Setting {
        key: "require_second_factor",
        takes: "true, or false to let platform administrators sign in with a password alone",
    },
    Setting {
        key: "log_key",
        takes: "the path of the file with the key that signs the device log's checkpoints",
    },
    Setting {
        key: "log_checkpoint_interval",
        takes: "a time from 1m to 7d, such as 1h",
    },
    Setting {
        key: "log_retention_months",
        takes: "a number of months from 6 to 600, such as 13",
    },
    Setting {
        key: "site_dir",
        takes: "the path of the folder with the built style sheet and scripts",
    },
    Setting {
        key: "log",
        takes: "a filter, such as info or server=debug,warn",
    },
    Setting {
        key: "log_format",
        takes: "text or json",
    },
];

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where the data is kept.
    pub database_url: DatabaseUrl,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder for the SQLite file and what else belongs to this installation.
    pub data_dir: PathBuf,
    /// The address under which browsers reach this server, when it is behind a proxy.
    pub public_url: Option<PublicUrl>,
    /// Proxies whose `Forwarded` headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a session of the platform's users may be idle.
    pub session_idle_platform: Span,
    /// How long a session of a merchant's users may be idle.
    pub session_idle_merchant: Span,
    /// Whether platform administrators need a second step of signing in before they can do anything.
    pub require_second_factor: bool,
    /// The file with the key that signs the device log's checkpoints.
    pub log_key: PathBuf,
    /// How often a checkpoint of the device log is taken.
    pub log_checkpoint_interval: Span,
    /// How many whole months of the device log are kept at least.
    pub log_retention_months: u32,
    /// The folder with the built style sheet, scripts and the like.
    pub site_dir: PathBuf,
    /// What is logged: a `tracing-subscriber` filter.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
}

/// Where settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that was asked for; without one, [`DEFAULT_FILE`] in the working folder is read when it is there.
    pub file: Option<PathBuf>,
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// Where the program lies.
    pub program: Option<PathBuf>,
}

impl Sources {
    /// Those of this process.
    pub fn of_process(file: Option<PathBuf>) -> Self {
        Self {
            file,
            variables: std::env::vars_os().collect(),
            program: std::env::current_exe().ok(),
        }
    }
}

/// The settings in force and where each came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// Where each came from, by its name in the file.
    pub origins: BTreeMap<&'static str, Origin>,
}

/// Reads the settings.
///
/// # Errors
/// [`ConfigError`] with everything that is wrong, not only the first thing.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut problems = Vec::new();
    let file = read_file(sources.file.as_deref(), &mut problems);
    let environment = read_environment(&sources.variables, &mut problems);
    let mut figment = Figment::new();
    if let Some(file) = file {
        figment = figment.merge(file);
    }
    let mut reader = Reader {
        figment: figment.merge(environment),
        origins: BTreeMap::new(),
        problems,
    };

    let data_dir = reader
        .text("data_dir", values::path)
        .unwrap_or_else(|| PathBuf::from("data"));
    let default_url = DatabaseUrl::sqlite(&data_dir.join("tillkeeper.db"));
    let config = Config {
        database_url: reader.text("database_url", DatabaseUrl::parse).unwrap_or(default_url),
        listen: reader
            .text("listen", values::parsed)
            .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000))),
        public_url: reader.text("public_url", PublicUrl::parse),
        trusted_proxies: reader.list("trusted_proxies", values::network),
        session_idle_platform: reader
            .text("session_idle_platform", |text| Span::parse(text, Span::hours(12)))
            .unwrap_or(Span::minutes(15)),
        session_idle_merchant: reader
            .text("session_idle_merchant", |text| Span::parse(text, Span::hours(30 * 24)))
            .unwrap_or(Span::hours(12)),
        require_second_factor: reader.text("require_second_factor", values::parsed).unwrap_or(true),
        log_key: reader
            .text("log_key", values::path)
            .unwrap_or_else(|| data_dir.join("log-signing.key")),
        log_checkpoint_interval: reader
            .text("log_checkpoint_interval", |text| Span::parse(text, Span::hours(7 * 24)))
            .unwrap_or(Span::hours(1)),
        log_retention_months: reader.text("log_retention_months", values::months).unwrap_or(13),
        site_dir: reader
            .text("site_dir", values::path)
            .unwrap_or_else(|| default_site_dir(sources.program.as_deref())),
        log: reader.text("log", values::filter).unwrap_or_else(|| "info".to_owned()),
        log_format: reader.text("log_format", values::parsed).unwrap_or_default(),
        data_dir,
    };
    // Cookies without `Secure` are for this machine alone, or for whoever says so by a public URL with `http://`.
    if config.public_url.is_none() && !config.listen.ip().is_loopback() {
        reader.problems.push(Problem::Unprotected(config.listen));
    }
    if reader.problems.is_empty() {
        Ok(Loaded {
            config,
            origins: reader.origins,
        })
    } else {
        Err(ConfigError(reader.problems))
    }
}

/// The folder `site` beside the program when there is one, as in a release; else where a build in the repository puts it.
fn default_site_dir(program: Option<&Path>) -> PathBuf {
    let beside = program.and_then(Path::parent).map(|folder| folder.join("site"));
    beside
        .filter(|folder| folder.is_dir())
        .unwrap_or_else(|| PathBuf::from("target/site"))
}

/// Values of one source, already checked to be of known settings.
struct Source {
    origin: Origin,
    values: Dict,
}

impl Provider for Source {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

fn read_file(asked: Option<&Path>, problems: &mut Vec<Problem>) -> Option<Source> {
    use figment::providers::{Format, Toml};
    let path = asked.unwrap_or(Path::new(DEFAULT_FILE));
    let origin = Origin::File(path.to_owned());
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if asked.is_none() && error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            problems.push(Problem::Unreadable {
                path: path.to_owned(),
                why: error.to_string(),
            });
            return None;
        }
    };
    let mut values = match Toml::string(&text).data() {
        Ok(mut data) => data.remove(&Profile::Default).unwrap_or_default(),
        Err(error) => {
            problems.push(Problem::unreadable_toml(path, &error.to_string()));
            return None;
        }
    };
    values.retain(|key, _| {
        let known = SETTINGS.iter().any(|setting| setting.key == key);
        if !known {
            problems.push(Problem::Unknown {
                name: key.clone(),
                origin: origin.clone(),
            });
        }
        known
    });
    Some(Source { origin, values })
}

fn read_environment(variables: &[(OsString, OsString)], problems: &mut Vec<Problem>) -> Source {
    let origin = Origin::Environment;
    let mut values = Dict::new();
    for (name, value) in variables {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        if NOT_SETTINGS.contains(&name) || name.starts_with(TEST_PREFIX) {
            continue;
        }
        let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) else {
            problems.push(Problem::Unknown {
                name: name.to_owned(),
                origin: origin.clone(),
            });
            continue;
        };
        match value.to_str() {
            Some(value) => drop(values.insert(setting.key.to_owned(), Value::from(value))),
            None => problems.push(Problem::wrong(*setting, &origin, "text that is not UTF-8".to_owned())),
        }
    }
    Source { origin, values }
}

/// Takes the values out one by one and collects what is wrong with them.
struct Reader {
    figment: Figment,
    origins: BTreeMap<&'static str, Origin>,
    problems: Vec<Problem>,
}

impl Reader {
    /// The setting as `parse` reads it; `None` when it is not set, or wrong, which is then among the problems.
    fn text<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let (setting, value, origin) = self.find(key)?;
        let found = match values::text_of(&value) {
            Some(text) => match parse(&text) {
                Some(parsed) => return Some(parsed),
                None if key == "database_url" => format!("{:?}", values::mask(&text)),
                None => format!("{text:?}"),
            },
            None => values::kind_of(&value).to_owned(),
        };
        self.problems.push(Problem::wrong(setting, &origin, found));
        None
    }

    /// The same for a list: an array in the file, or texts between commas.
    fn list<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let Some((setting, value, origin)) = self.find(key) else {
            return Vec::new();
        };
        let Some(texts) = values::texts_of(&value) else {
            self.problems
                .push(Problem::wrong(setting, &origin, values::kind_of(&value).to_owned()));
            return Vec::new();
        };
        let mut list = Vec::new();
        for text in texts {
            match parse(&text) {
                Some(parsed) => list.push(parsed),
                None => self
                    .problems
                    .push(Problem::wrong(setting, &origin, format!("{text:?}"))),
            }
        }
        list
    }

    fn find(&mut self, key: &'static str) -> Option<(Setting, Value, Origin)> {
        let setting = *SETTINGS.iter().find(|setting| setting.key == key)?;
        let value = self.figment.find_value(key).ok()?;
        let name = self
            .figment
            .get_metadata(value.tag())
            .map(|metadata| metadata.name.to_string());
        let origin = Origin::named(name.as_deref().unwrap_or_default());
        self.origins.insert(key, origin.clone());
        Some((setting, value, origin))
    }
}

#[cfg(test)]
mod tests;
