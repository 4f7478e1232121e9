//! A browser in words, from what it calls itself.

use crate::i18n::{Locale, t};

/// Browsers by what only they say, the ones that say another's name as well first.
const BROWSERS: [(&str, &str); 9] = [
    ("MicroMessenger/", "WeChat"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("QQBrowser/", "QQ Browser"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems in the same way.
const SYSTEMS: [(&str, &str); 9] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("OpenHarmony", "HarmonyOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// "Chrome on Windows"; what it calls itself where that tells neither.
pub(crate) fn browser(locale: Locale, user_agent: Option<&str>) -> String {
    let Some(text) = user_agent else {
        return t!(locale, account.unknown_browser).to_owned();
    };
    let find = |names: &[(&str, &'static str)]| {
        let found = names.iter().find(|(said, _)| text.contains(said));
        found.map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => t!(locale, account.browser_on, browser, system),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => text.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        let named = |text: &str| browser(Locale::en, Some(text));
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (text, name) in [
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/142.0 Safari/537.36"),
                "Chrome on Windows",
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/142.0 Safari/537.36 Edg/142.0"),
                "Edge on Windows",
            ),
            (
                format!(
                    "Mozilla/5.0 (Linux; Android 15; P40) {webkit} Chrome/130 Mobile Safari/537.36 MicroMessenger/8.0"
                ),
                "WeChat on Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(),
                "Firefox on Linux",
            ),
            ("curl/8.5.0".to_owned(), "curl/8.5.0"),
        ] {
            assert_eq!(named(&text), name);
        }
        assert_eq!(browser(Locale::zh, None), "未知浏览器");
    }
}
