//! Lists of serial numbers as people paste them: from a spreadsheet, a chat, a scanner that ends each with Enter.

use super::{SerialNumber, SerialNumberError};
use std::collections::HashSet;

/// One serial number of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSn {
    /// As it was typed, without the blanks around it.
    pub typed: String,
    /// What it says.
    pub sn: Result<SerialNumber, SerialNumberError>,
    /// Whether the same serial number stands before it in the list.
    pub repeated: bool,
}

/// Whether a character ends a serial number wherever it stands: line breaks, tabs, commas and semicolons of any script.
fn ends_entry(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\t' | ',' | ';' | '，' | '；' | '、' | '､' | '،' | '|' | '\u{2028}' | '\u{2029}' | '\u{85}'
    )
}

/// Reads a pasted list: an entry per line, tab, comma or semicolon.
///
/// Blanks part entries too, except where every part is too short to be a serial number: `800 006 101` is one in groups, as
/// its label prints it, and `SN12345678 SN12345679` are two.
pub fn parse_list(text: &str) -> Vec<ListedSn> {
    let mut seen = HashSet::new();
    text.split(ends_entry)
        .flat_map(entries_of_line)
        .map(|typed| {
            let sn = SerialNumber::parse(typed);
            let repeated = match &sn {
                Ok(sn) => !seen.insert(sn.as_str().to_owned()),
                Err(_) => false,
            };
            ListedSn {
                typed: typed.to_owned(),
                sn,
                repeated,
            }
        })
        .collect()
}

/// Characters below which a part is no serial number of its own, only a group of one.
const GROUP_CHARS: usize = 4;

fn entries_of_line(line: &str) -> Vec<&str> {
    let line = line.trim();
    let parts: Vec<&str> = line.split_whitespace().collect();
    let grouped = parts.iter().all(|part| part.chars().count() < GROUP_CHARS);
    match parts.len() {
        0 => Vec::new(),
        1 => parts,
        _ if grouped => vec![line],
        _ => parts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<String> {
        parse_list(text)
            .into_iter()
            .map(|entry| match (entry.sn, entry.repeated) {
                (Ok(sn), false) => sn.to_string(),
                (Ok(sn), true) => format!("{sn} again"),
                (Err(_), _) => format!("{}?", entry.typed),
            })
            .collect()
    }

    #[test]
    fn a_list_is_read_however_it_was_pasted() {
        assert_eq!(read(""), [""; 0]);
        assert_eq!(read("  \n\t ,，;；、\r\n "), [""; 0]);
        assert_eq!(read("PB1403D0782377"), ["PB1403D0782377"]);
        assert_eq!(
            read("AB12345，ab12346、AB12347;AB12348"),
            ["AB12345", "AB12346", "AB12347", "AB12348"]
        );
        assert_eq!(
            read("AB12345\tAB12346\r\nAB12347\n\n"),
            ["AB12345", "AB12346", "AB12347"]
        );
        assert_eq!(read("AB12345 AB12346　AB12347"), ["AB12345", "AB12346", "AB12347"]);
        assert_eq!(
            read("８００-００６-１０１\n800 006 101"),
            ["800006101", "800006101 again"]
        );
        assert_eq!(read("ab-12345, AB12345"), ["AB12345", "AB12345 again"]);
        assert_eq!(read("ABC#1234, x"), ["ABC#1234?", "x?"]);
    }

    proptest! {
        /// Each serial number comes out of a list as it went in, whatever stands between them.
        #[test]
        fn what_is_listed_is_read(
            numbers in proptest::collection::vec("[A-Z0-9]{4,20}", 0..20),
            between in proptest::sample::select(vec!["\n", "\r\n", "\t", ",", "， ", ";", "；", "、", "  ", "\u{3000}"]),
        ) {
            let list = parse_list(&numbers.join(between));
            let found: Vec<_> = list.iter().map(|entry| entry.sn.as_ref().unwrap().to_string()).collect();
            prop_assert_eq!(&found, &numbers);
            let distinct: HashSet<_> = numbers.iter().collect();
            prop_assert_eq!(list.iter().filter(|entry| !entry.repeated).count(), distinct.len());
        }

        #[test]
        fn any_text_is_a_list(text: String) {
            for entry in parse_list(&text) {
                prop_assert!(!entry.typed.trim().is_empty());
            }
        }
    }
}
