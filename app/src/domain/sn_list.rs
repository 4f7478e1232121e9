//! Many serial numbers in one text: a column of a spreadsheet, a line of a message, what a scanner typed.

use super::normalize::nfkc;
use super::{ActivationCode, SerialNumber, SerialNumberError};
use std::collections::HashSet;

/// A serial number of a list, as it was typed and as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSn {
    /// The text as it was typed, blanks and quotation marks around it dropped.
    pub typed: String,
    /// What it means.
    pub sn: Result<SerialNumber, SerialNumberError>,
    /// The activation code beside it, as it was typed.
    pub code: Option<String>,
    /// Whether the same number stands further up already.
    pub repeated: bool,
}

/// Fewest characters of words that are serial numbers of their own. Shorter words between blanks are groups of one
/// number, as in `161 203 824`.
const OWN_WORD: usize = 8;

/// Reads a list of serial numbers.
///
/// Line ends, tabs, commas, semicolons and `、`, plain or full-width, stand between numbers; blanks do so between words
/// of 8 characters and more. A word after a number on its line that is written like a code, `XXXX-XXXX-XXXXXX`, is that
/// number's activation code. Nothing is left out: what cannot be read and what stands there twice is said of each.
pub fn parse_list(text: &str) -> Vec<ListedSn> {
    let mut listed: Vec<ListedSn> = Vec::new();
    let mut seen = HashSet::new();
    for line in text.split(is_line_end) {
        let begins = listed.len();
        for word in line.split(is_separator).flat_map(words) {
            let number = listed.len().checked_sub(1).filter(|at| *at >= begins);
            if let Some(at) = number.filter(|at| listed[*at].code.is_none() && is_code(&word)) {
                listed[at].code = Some(word);
                continue;
            }
            let sn = SerialNumber::parse(&word);
            let repeated = sn.as_ref().is_ok_and(|sn| !seen.insert(sn.clone()));
            listed.push(ListedSn {
                typed: word,
                sn,
                code: None,
                repeated,
            });
        }
    }
    listed
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Full-width, small and vertical forms are alike.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        '\t' | ',' | ';' | '|' | '，' | '；' | '｜' | '、' | '､' | '﹐' | '﹑' | '﹔' | '︐' | '︑' | '︔'
    )
}

/// What stands around a word and is no part of it.
fn is_around(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '“' | '”' | '‘' | '’' | '「' | '」' | '\u{feff}' | '\u{200b}'
        )
}

/// The numbers and codes between two separators.
fn words(text: &str) -> Vec<String> {
    let text = text.trim_matches(is_around);
    if text.is_empty() {
        return Vec::new();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found: Vec<String> = Vec::new();
    let mut group: Vec<&str> = Vec::new();
    let own = |word: &&str| nfkc(word).chars().filter(|c| c.is_alphanumeric()).count() >= OWN_WORD;
    // A code ends the number before it, whatever that was made of.
    for run in words.split_inclusive(|word| is_code(word)) {
        let (numbers, code) = match run.split_last() {
            Some((last, before)) if is_code(last) => (before, Some(*last)),
            _ => (run, None),
        };
        if numbers.iter().all(own) {
            found.extend(numbers.iter().map(|word| (*word).to_owned()));
        } else {
            group.extend(numbers);
            found.push(group.join(" "));
            group.clear();
        }
        found.extend(code.map(str::to_owned));
    }
    found
}

/// Whether a word is written as codes are shown: in groups of 4, 4 and 6.
fn is_code(word: &str) -> bool {
    let plain = nfkc(word);
    let groups: Vec<usize> = plain
        .split(super::normalize::is_dash)
        .map(|g| g.chars().count())
        .collect();
    groups == [4, 4, 6] && ActivationCode::parse(&plain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(text: &str) -> Vec<String> {
        parse_list(text)
            .into_iter()
            .map(|listed| listed.sn.unwrap().to_string())
            .collect()
    }

    #[test]
    fn however_a_list_was_pasted() {
        for text in [
            "161203824\n5310294937\nPB1403D0782377",
            "161-203-824, 5310294937, PB1403D0782377,",
            "161203824，5310294937、pb1403d0782377",
            "161 203 824\r\n\r\n 5310294937\r\nPB1403D0782377\r\n",
            "161203824\t5310294937\tPB1403D0782377",
            "１６１２０３８２４；5310294937；ＰＢ1403D0782377",
            "161203824 5310294937 PB1403D0782377",
            "\u{feff}\"161203824\";\"5310294937\";“PB1403D0782377”",
        ] {
            assert_eq!(numbers(text), ["161203824", "5310294937", "PB1403D0782377"], "{text:?}");
        }
    }

    #[test]
    fn a_code_goes_with_the_number_before_it() {
        for text in [
            "161 203 824 7K2M-9QXD-4TB3WZ\n5310294937",
            "161203824\t7K2M-9QXD-4TB3WZ\n5310294937",
            "161203824，7k2m－9qxd－4tb3wz，5310294937",
            "161203824 7K2M-9QXD-4TB3WZ 5310294937",
        ] {
            let listed = parse_list(text);
            assert_eq!(listed.len(), 2, "{text}");
            let code = ActivationCode::parse(listed[0].code.as_deref().unwrap()).unwrap();
            assert_eq!(code.to_string(), "7K2M-9QXD-4TB3WZ");
            assert_eq!(listed[1].code, None);
        }
        // Fourteen symbols in a row are a serial number, and so is a code that no number stands before.
        assert_eq!(numbers("161203824 PB1403D0782377"), ["161203824", "PB1403D0782377"]);
        assert_eq!(numbers("161203824\n7K2M-9QXD-4TB3WZ"), ["161203824", "7K2M9QXD4TB3WZ"]);
    }

    #[test]
    fn what_is_wrong_and_what_is_twice_is_said_of_each() {
        let listed = parse_list("161203824\nABC#1234\n161-203-824\n12\n\n , ，\n");
        let said: Vec<_> = listed
            .iter()
            .map(|listed| (listed.typed.as_str(), listed.sn.is_ok(), listed.repeated))
            .collect();
        assert_eq!(
            said,
            [
                ("161203824", true, false),
                ("ABC#1234", false, false),
                ("161-203-824", true, true),
                ("12", false, false)
            ]
        );
        assert!(parse_list(" \n\t，").is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_a_list(text in any::<String>()) {
            for listed in parse_list(&text) {
                prop_assert!(!listed.typed.is_empty());
                prop_assert_eq!(listed.sn, SerialNumber::parse(&listed.typed));
            }
        }

        #[test]
        fn a_list_of_numbers_is_read_back(
            numbers in proptest::collection::vec("[A-Z0-9]{4,20}", 0..40),
            separator in "[\n\t,;，；、]",
        ) {
            let listed = parse_list(&numbers.join(&separator));
            let read: Vec<_> = listed.iter().map(|listed| listed.typed.clone()).collect();
            prop_assert_eq!(&read, &numbers);
            let mut seen = HashSet::new();
            for listed in &listed {
                prop_assert_eq!(listed.repeated, !seen.insert(listed.sn.clone().unwrap()));
            }
        }
    }
}
