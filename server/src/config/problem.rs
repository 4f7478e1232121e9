//! What can be wrong with the settings, in sentences for the person who made them.

use super::{PREFIX, SETTINGS, Setting};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// This file.
    File(PathBuf),
    /// The environment.
    Environment,
}

const ENVIRONMENT: &str = "the environment";
const DEFAULT: &str = "the default";

impl Origin {
    /// Reads what [`fmt::Display`] wrote.
    pub(super) fn named(name: &str) -> Self {
        match name {
            ENVIRONMENT => Self::Environment,
            DEFAULT | "" => Self::Default,
            path => Self::File(PathBuf::from(path)),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str(DEFAULT),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str(ENVIRONMENT),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file cannot be read, or is no TOML.
    #[error("{} cannot be read: {why}.", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// There is no such setting.
    #[error("{origin} sets {name}, which is no setting; {}.", suggestion(name, origin))]
    Unknown {
        /// What was written.
        name: String,
        /// Where.
        origin: Origin,
    },
    /// A value means nothing.
    #[error("{key} ({variable}) is {found} in {origin}; it takes {takes}.")]
    Wrong {
        /// The setting's name in the file.
        key: &'static str,
        /// Its name in the environment.
        variable: String,
        /// What was found, with passwords masked.
        found: String,
        /// Where.
        origin: Origin,
        /// What the setting takes.
        takes: &'static str,
    },
    /// Other machines reach the server, and nobody has said how.
    #[error(
        "listen (TILLKEEPER_LISTEN) is {0}, which other machines reach; set public_url (TILLKEEPER_PUBLIC_URL) to the \
         address under which browsers come: https:// and a host. With http:// passwords and sessions can be read on the way."
    )]
    Unprotected(SocketAddr),
}

impl Problem {
    pub(super) fn wrong(setting: Setting, origin: &Origin, found: String) -> Self {
        let Setting { key, takes } = setting;
        Self::Wrong {
            key,
            variable: setting.variable(),
            found,
            origin: origin.clone(),
            takes,
        }
    }

    /// The parser's message without the lines that it quotes, which may hold a password.
    pub(super) fn unreadable_toml(path: &Path, message: &str) -> Self {
        let quoted = |line: &&str| {
            line.trim_start_matches([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
                .starts_with('|')
        };
        let told: Vec<_> = message
            .lines()
            .filter(|line| !quoted(line) && !line.trim().is_empty())
            .collect();
        Self::Unreadable {
            path: path.to_owned(),
            why: told.join(", "),
        }
    }
}

/// "did you mean …" for a name that is nearly right, and always the names there are.
fn suggestion(name: &str, origin: &Origin) -> String {
    let known: Vec<String> = match origin {
        Origin::Environment => SETTINGS.iter().map(Setting::variable).collect(),
        _ => SETTINGS.iter().map(|setting| setting.key.to_owned()).collect(),
    };
    let bare = |name: &str| name.trim_start_matches(PREFIX).to_lowercase();
    let likeness = |known: &String| strsim::jaro_winkler(&bare(known), &bare(name));
    let nearest = known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let known_text = known.join(", ");
    match nearest.filter(|nearest| likeness(nearest) > 0.8) {
        Some(nearest) => format!("did you mean {nearest}? There are {known_text}"),
        None => format!("there are {known_text}"),
    }
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Problem>);

impl std::error::Error for ConfigError {}

/// One sentence per line.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}
