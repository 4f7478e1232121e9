//! The values of settings: how each is read and shown.

use figment::value::Value;
use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use strum::{EnumString, IntoStaticStr};

/// Where the data is kept. Shown with its password masked.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Reads `sqlite:…`, `postgres://…` or `postgresql://…`; anything else is none.
    pub fn parse(text: &str) -> Option<Self> {
        let taken = text
            .strip_prefix("sqlite:")
            .is_some_and(|path| !path.trim_start_matches('/').is_empty())
            || ["postgres://", "postgresql://"]
                .iter()
                .any(|scheme| text.len() > scheme.len() && text.starts_with(scheme));
        taken.then(|| Self(text.to_owned()))
    }

    /// That of a SQLite file.
    pub fn sqlite(path: &Path) -> Self {
        Self(format!("sqlite:{}", path.display()))
    }

    /// With its password, for connecting and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The path of the file, when it is one of SQLite.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        let rest = self.0.strip_prefix("sqlite:")?;
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        Some(PathBuf::from(rest.split_once('?').map_or(rest, |(path, _)| path)))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&mask(&self.0))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({})", mask(&self.0))
    }
}

/// `url` with the password before the host and those among its parameters masked, even where it is no proper URL.
pub(super) fn mask(url: &str) -> String {
    const MASK: &str = "****";
    let start = url.find("://").map_or(0, |place| place + 3);
    let (head, rest) = url.split_at(start);
    let rest = match rest.rsplit_once('@') {
        Some((person, host)) => match person.split_once(':') {
            Some((name, _)) => format!("{name}:{MASK}@{host}"),
            None => rest.to_owned(),
        },
        None => rest.to_owned(),
    };
    let Some((place, parameters)) = rest.split_once('?') else {
        return format!("{head}{rest}");
    };
    let shown: Vec<String> = parameters
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if name.to_lowercase().contains("password") => format!("{name}={MASK}"),
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{head}{place}?{}", shown.join("&"))
}

/// A length of time, of which a minute is the least that makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    minutes: u32,
}

impl Span {
    /// So many minutes.
    pub const fn minutes(minutes: u32) -> Self {
        Self { minutes }
    }

    /// So many hours.
    pub const fn hours(hours: u32) -> Self {
        Self { minutes: hours * 60 }
    }

    /// Reads whole minutes, hours or days, such as `15m`, `12h` or `30d`, from a minute to `most`; anything else is none.
    pub fn parse(text: &str, most: Self) -> Option<Self> {
        let (digits, minutes) = [("m", 1), ("h", 60), ("d", 24 * 60)]
            .into_iter()
            .find_map(|(unit, minutes)| Some((text.strip_suffix(unit)?, minutes)))?;
        let number: u32 = digits.trim().parse().ok()?;
        let span = Self::minutes(number.checked_mul(minutes)?);
        (Self::minutes(1)..=most).contains(&span).then_some(span)
    }

    /// The same in milliseconds.
    pub fn as_ms(self) -> i64 {
        i64::from(self.minutes) * 60_000
    }
}

/// As it is written in the file.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minutes {
            minutes if minutes % (24 * 60) == 0 => write!(f, "{}d", minutes / (24 * 60)),
            minutes if minutes % 60 == 0 => write!(f, "{}h", minutes / 60),
            minutes => write!(f, "{minutes}m"),
        }
    }
}

/// The address under which browsers reach the server: an origin (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
}

impl PublicUrl {
    /// Reads `http://` or `https://` and a host, without a path; anything else is none.
    pub fn parse(text: &str) -> Option<Self> {
        let uri = axum::http::Uri::from_str(text).ok()?;
        let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme))?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        if uri.host().is_none_or(str::is_empty) || uri.path() != "/" || uri.query().is_some() {
            return None;
        }
        let host = authority.as_str().to_lowercase();
        let default_port = if scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(&host);
        Some(Self {
            origin: format!("{scheme}://{host}"),
        })
    }

    /// The origin as browsers write it: scheme, host, and the port where it is not the scheme's own.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether browsers reach it over TLS.
    pub fn is_https(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

pub(super) fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

/// Months that a log is kept: China's Cybersecurity Law (article 21) asks for six at least.
pub(super) fn months(text: &str) -> Option<u32> {
    parsed(text).filter(|months| (6..=600).contains(months))
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(PathBuf::from)
}

pub(super) fn network(text: &str) -> Option<IpNet> {
    parsed::<IpNet>(text).or_else(|| parsed::<IpAddr>(text).map(IpNet::from))
}

pub(super) fn filter(text: &str) -> Option<String> {
    use tracing_subscriber::EnvFilter;
    let valid = !text.trim().is_empty() && EnvFilter::builder().parse(text).is_ok();
    valid.then(|| text.to_owned())
}

/// A value as text, as far as it is one.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(_, text) => Some(text.clone()),
        Value::Char(_, c) => Some(c.to_string()),
        Value::Bool(_, truth) => Some(truth.to_string()),
        Value::Num(_, _) => value
            .to_i128()
            .map(|number| number.to_string())
            .or_else(|| value.to_f64().map(|number| number.to_string())),
        Value::Empty(..) | Value::Dict(..) | Value::Array(..) => None,
    }
}

/// A value as a list of texts, as far as it is one.
pub(super) fn texts_of(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(_, values) => values.iter().map(text_of).collect(),
        _ => {
            let text = text_of(value)?;
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Some(parts.map(str::to_owned).collect())
        }
    }
}

/// What kind of thing stands where a text should.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Array(..) => "a list",
        Value::Dict(..) => "a table",
        _ => "nothing",
    }
}
