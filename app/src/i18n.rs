//! The words of the pages in Chinese and English, from `app/locales`: `t!(locale, file.key, argument = value)`.
//!
//! No text that a person reads stands in Rust.

#[expect(
    dead_code,
    missing_docs,
    unreachable_pub,
    unused_imports,
    clippy::expect_used,
    reason = "what build.rs makes of app/locales"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/i18n/mod.rs"));
}

pub use generated::i18n::Locale;
pub(crate) use leptos_i18n::td_string as t;

/// The value of `<html lang>`: a language tag of BCP 47.
pub fn language_tag(locale: Locale) -> &'static str {
    match locale {
        Locale::zh => "zh-CN",
        Locale::en => "en",
    }
}

/// What the cookie and the form for the language say.
pub fn language_code(locale: Locale) -> &'static str {
    match locale {
        Locale::zh => "zh",
        Locale::en => "en",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use std::collections::BTreeMap;
    use std::path::Path;

    /// Every text of a language by file and key.
    fn texts(language: &str) -> BTreeMap<String, String> {
        fn gather(key: &str, value: Value, texts: &mut BTreeMap<String, String>) {
            match value {
                Value::Object(inner) => {
                    for (part, value) in inner {
                        gather(&format!("{key}.{part}"), value, texts);
                    }
                }
                value => {
                    texts.insert(key.to_owned(), value.as_str().unwrap().to_owned());
                }
            }
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language);
        let mut texts = BTreeMap::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let json = std::fs::read_to_string(&path).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap();
            gather(name, serde_json::from_str(&json).unwrap(), &mut texts);
        }
        texts
    }

    /// The names of the arguments of a text.
    fn arguments(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text
            .split("{{")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once("}}")?.0.trim()))
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let (zh, en) = (texts("zh"), texts("en"));
        assert_eq!(zh.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
        for (key, text) in &zh {
            assert!(!text.trim().is_empty() && !en[key].trim().is_empty(), "{key}");
            assert_eq!(arguments(text), arguments(&en[key]), "{key}");
        }
    }
}
