//! Every text that a person reads stands in `app/locales`, and every text there is read somewhere.
#![cfg(feature = "ssr")]
#![expect(
    clippy::unwrap_used,
    reason = "a test ends at the first thing that is not as it should be"
)]

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn sources() -> Vec<(PathBuf, String)> {
    fn gather(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, code(&text)));
            }
        }
    }
    let mut found = Vec::new();
    gather(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    assert!(found.len() > 50);
    found
}

/// What the program is made of: no comments, no tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    // A comment behind code: outside a text, where `//` is part of an address.
    let lines = lines.map(|line| match line.find(" // ") {
        Some(at) if line[..at].matches('"').count().is_multiple_of(2) => &line[..at],
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Every key of a file, with full stops between its parts.
fn keys(language: &str) -> BTreeMap<String, String> {
    fn gather(key: &str, value: Value, found: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(inner) => {
                for (part, value) in inner {
                    gather(&format!("{key}.{part}"), value, found);
                }
            }
            value => drop(found.insert(key.to_owned(), value.as_str().unwrap().to_owned())),
        }
    }
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(language)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        gather(&name, json, &mut found);
    }
    assert!(found.len() > 300);
    found
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

#[test]
fn no_page_has_words_of_its_own() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        // What is matched and not shown, and the description of the device API, which is in English for programmers.
        if path.ends_with("domain/sn_list.rs") || path.ends_with("api_docs.rs") {
            continue;
        }
        for line in text.lines() {
            let shown = line.trim();
            let han = shown.contains('"') && shown.chars().any(is_han);
            if han || is_text_node(shown) {
                found.push(format!("{}: {shown}", path.display()));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Whether a line has a text between markup that is not from a locale: alone on its line, or between two tags. The name of a
/// key on a keyboard is no word.
fn is_text_node(line: &str) -> bool {
    let is_words = |text: &str| {
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        letters >= 2 && !text.contains('{') && !text.contains('\\')
    };
    if line.contains("<kbd") {
        return false;
    }
    let alone = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    // Classes stand alone on a line too.
    let alone =
        alone.is_some_and(|text| !text.contains('"') && text.contains(' ') && !text.contains('-') && is_words(text));
    let between = line
        .split(">\"")
        .skip(1)
        .any(|rest| rest.split_once("\"<").is_some_and(|(text, _)| is_words(text)));
    alone || between
}

#[test]
fn a_text_node_is_told_from_code() {
    for text in ["\"Sign in now\"", "<p>\"Hello\"</p>"] {
        assert!(is_text_node(text), "{text}");
    }
    for text in [
        "\" · \"",
        "\"name\",",
        "class=\"a b\"",
        "<kbd>\"Ctrl K\"</kbd>",
        "\"value\"",
        "<p>\"--\"</p>",
    ] {
        assert!(!is_text_node(text), "{text}");
    }
}

#[test]
fn every_text_is_read_somewhere() {
    let squeezed: Vec<String> = sources()
        .into_iter()
        .map(|(_, text)| text.chars().filter(|c| !c.is_whitespace()).collect())
        .collect();
    let unread: Vec<_> = keys("zh")
        .into_keys()
        .filter(|key| !squeezed.iter().any(|source| reads(source, key)))
        .collect();
    assert!(unread.is_empty(), "{}", unread.join("\n"));
}

/// Whether a source, without its blanks, has a text: `t!(locale, file.key` in full; `file: … => key` as the macros of
/// components/words.rs have it; or the key in a file whose own macro puts it behind `file.`.
fn reads(source: &str, key: &str) -> bool {
    let is_of_word = |c: char| c == '_' || c.is_alphanumeric();
    let whole = |word: &str| {
        source.match_indices(word).any(|(at, _)| {
            let rest = &source[at + word.len()..];
            !rest.starts_with('.') && !rest.starts_with(is_of_word)
        })
    };
    // As a word of its own, whatever stands around it.
    let alone = |word: &str| {
        source.match_indices(word).any(|(at, _)| {
            let (before, rest) = (&source[..at], &source[at + word.len()..]);
            !before.ends_with(is_of_word) && !rest.starts_with(is_of_word)
        })
    };
    let (file, rest) = key.split_once('.').unwrap();
    let by_words = [format!(",{file}:"), format!(",{file}[")]
        .iter()
        .any(|it| source.contains(it));
    let parts: Vec<_> = rest.split('.').collect();
    let arm = (1..=parts.len()).any(|many| whole(&format!("=>{}", parts[..many].join("."))));
    let by_own_macro = (0..parts.len()).any(|many| {
        let before: String = parts[..many].iter().map(|part| format!("{part}.")).collect();
        source.contains(&format!(",{file}.{before}$")) && alone(parts[many])
    });
    whole(&format!(",{key}")) || by_words && arm || by_own_macro
}

#[test]
fn a_text_that_nobody_reads_is_found() {
    let source = "t!(locale,home.all),words!(locale,it,word:A=>registered,),";
    assert!(reads(source, "home.all") && reads(source, "word.registered"));
    assert!(reads(
        "t!(locale,apps.fault.$fault.title),A=>other,",
        "apps.fault.other.title"
    ));
    assert!(!reads(
        "t!(locale,apps.fault.$fault.title),A=>another,",
        "apps.fault.other.title"
    ));
    assert!(!reads(source, "home.a") && !reads(source, "home.all_failures") && !reads(source, "word.user"));
}
