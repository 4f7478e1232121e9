//! What the server tells a page about the request that it answers.

use crate::caller::RequestInfo;
use crate::domain::Timestamp;
use crate::flash::Flash;
use crate::i18n::Locale;
use crate::preferences::Preferences;
use chrono::NaiveDate;
use chrono_tz::Tz;

/// The request that is being answered. The server puts one into the context of every page and every server function.
#[derive(Clone)]
pub struct Rendering {
    /// The language to answer in, from [`locale_of`].
    pub locale: Locale,
    /// How whoever asks likes the pages to look.
    pub preferences: Preferences,
    /// The present instant.
    pub now: Timestamp,
    /// Where days begin: the time zone of the caller's merchant, or the platform's.
    pub zone: Tz,
    /// Where the request came from.
    pub request: RequestInfo,
    /// The address that was asked for, from its first slash.
    pub path_and_query: String,
    /// Scheme, host and port under which the browser reaches this server, for links that are sent to somebody.
    pub origin: String,
    /// What the request before this one had to say.
    pub flash: Option<Flash>,
    /// Whether cookies are `Secure` and have the prefix `__Host-`; not over plain HTTP on the machine itself.
    pub secure_cookies: bool,
}

impl Rendering {
    /// The path of the address, percent-encoded as it came.
    pub fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap_or_default()
    }

    /// The query parameters of the address.
    pub fn query(&self) -> Query {
        let (_, text) = self.path_and_query.split_once('?').unwrap_or_default();
        Query::parse(text)
    }

    /// A query parameter that has several lines: of the control characters, line ends and tabs stay. Empty when there is
    /// none.
    pub fn lines(&self, name: &str) -> String {
        let stays = |c: &char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        let (_, text) = self.path_and_query.split_once('?').unwrap_or_default();
        let found = form_urlencoded::parse(text.as_bytes()).find(|(key, _)| key == name);
        found.map_or_else(String::new, |(_, value)| value.chars().filter(stays).collect())
    }
}

/// The query parameters of an address (`application/x-www-form-urlencoded`, WHATWG URL).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the parameters of an address, which stand after its question mark.
    pub fn parse(text: &str) -> Self {
        // Control characters mean nothing here, and PostgreSQL refuses text with a NUL.
        let plain = |value: &str| value.chars().filter(|c| !c.is_control()).collect::<String>();
        let pairs = form_urlencoded::parse(text.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), plain(&value))).collect())
    }

    /// The first value of a parameter, blanks around it dropped; `None` when there is none or nothing is left.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(key, _)| key == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The same as owned text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    /// Whether a parameter, which may come several times, has that value once.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|(key, found)| key == name && found == value)
    }

    /// How many of the parameters have a value.
    pub(crate) fn used(&self, names: &[&str]) -> usize {
        names.iter().filter(|name| self.get(name).is_some()).count()
    }

    /// The date in a parameter, `YYYY-MM-DD`; `Err` with what stands there instead.
    pub(crate) fn date(&self, name: &str) -> Result<Option<NaiveDate>, String> {
        let Some(text) = self.get(name) else { return Ok(None) };
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map(Some)
            .map_err(|_| text.to_owned())
    }

    /// The same, empty when there is none: what a field shows.
    pub fn field(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }
}

/// The address of `path` with those query parameters that have a value.
pub fn address<'a>(path: &str, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// Whether `path` leads to this site and nowhere else, so that it may be redirected to: one slash first, and nothing that
/// a browser drops or turns into a slash, or that it would have encoded.
pub fn is_local(path: &str) -> bool {
    path.starts_with('/')
        && !path[1..].starts_with(['/', '\\'])
        && path
            .chars()
            .all(|c| c.is_ascii() && !c.is_ascii_control() && !matches!(c, ' ' | '"' | '<' | '>' | '`'))
}

/// The language of an answer: the cookie `tillkeeper_language`, else the first language of `Accept-Language` (RFC 9110,
/// section 12.5.4) that there is, in the order written; else Chinese.
pub fn locale_of(cookie: Option<&str>, accept_language: Option<&str>) -> Locale {
    let locale = |tag: &str| match tag.trim().split(['-', ';']).next() {
        Some(tag) if tag.eq_ignore_ascii_case("zh") => Some(Locale::zh),
        Some(tag) if tag.eq_ignore_ascii_case("en") => Some(Locale::en),
        _ => None,
    };
    cookie
        .and_then(locale)
        .or_else(|| accept_language.and_then(|header| header.split(',').find_map(locale)))
        .unwrap_or(Locale::zh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_then_the_header_then_chinese() {
        for (cookie, header, expected) in [
            (Some("en"), Some("zh-CN"), Locale::en),
            (Some("zh"), Some("en"), Locale::zh),
            (Some("fr"), Some("fr, en-GB;q=0.8"), Locale::en),
            (None, Some("zh-CN,zh;q=0.9,en;q=0.8"), Locale::zh),
            (None, Some("EN"), Locale::en),
            (None, Some("fr"), Locale::zh),
            (None, Some("enx"), Locale::zh),
            (None, None, Locale::zh),
        ] {
            assert_eq!(locale_of(cookie, header), expected, "{cookie:?} {header:?}");
        }
    }

    #[test]
    fn only_paths_of_this_site_are_local() {
        for path in ["/", "/devices?q=%E5%BA%97", "/devices/A%2FB"] {
            assert!(is_local(path), "{path}");
        }
        for path in [
            "",
            "devices",
            "//evil",
            "/\\evil",
            "https://evil",
            "/\t/evil",
            "/a\r\nb",
            "/店",
            "/ /evil",
            "/?<b>",
        ] {
            assert!(!is_local(path), "{path:?}");
        }
    }

    #[test]
    fn parameters_are_decoded_once() {
        let path = address("/devices", [("q", "50%25 店/1&2"), ("state", ""), ("model", "A 8")]);
        assert!(is_local(&path), "{path}");
        let rendering = Rendering {
            locale: Locale::zh,
            preferences: Preferences::default(),
            now: Timestamp(0),
            zone: Tz::UTC,
            request: RequestInfo::default(),
            path_and_query: path,
            origin: String::new(),
            flash: None,
            secure_cookies: false,
        };
        assert_eq!(rendering.path(), "/devices");
        let query = rendering.query();
        assert_eq!(query.get("q"), Some("50%25 店/1&2"));
        assert_eq!(query.field("model"), "A 8");
        assert_eq!(query.get("state"), None);
        assert_eq!(query.field("state"), "");
    }
}
