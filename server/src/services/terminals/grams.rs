//! From the words of a search to what the index is asked for: grams that all must be there. Few are enough, because what
//! is found is compared with the words themselves; of a long word's, those are chosen that are rare and lie apart.

use app::caller::Scope;
use sea_orm::prelude::Uuid;
use std::collections::HashMap;

/// Characters of a gram; a shorter word is the beginning of some.
const GRAM: usize = 4;

/// Most grams of a word that the index is asked for.
const ASKED: usize = 6;

/// A gram that no more of the sampled terminals have is rare: what else it finds can be compared one by one.
const RARE: i64 = 8;

/// Stands in what is asked of PostgreSQL where the number of the block comes. Private use, as are the next two.
pub(super) const BLOCK: char = '\u{e002}';
const MERCHANT: char = '\u{e000}';
const STORE: char = '\u{e001}';

/// A word of a search.
pub(super) struct Word {
    pub(super) text: String,
    /// The same as a part of a serial number: without dashes.
    pub(super) sn: String,
    pub(super) places: Places,
}

/// A merchant or a store.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) is_merchant: bool,
    pub(super) id: Uuid,
}

impl Place {
    /// What stands before its key in the index.
    fn mark(self) -> char {
        if self.is_merchant { MERCHANT } else { STORE }
    }
}

/// The merchants and stores that a word is part of.
pub(super) enum Places {
    Few(Vec<Place>),
    /// Too many to look for each.
    Many,
}

impl Word {
    pub(super) fn of(text: String) -> Self {
        Self {
            sn: text.chars().filter(|c| *c != '-').collect(),
            text,
            places: Places::Few(Vec::new()),
        }
    }

    /// What stands in a terminal's texts: itself, or it without dashes.
    fn forms(&self) -> impl Iterator<Item = &str> {
        let sn = Some(self.sn.as_str()).filter(|sn| !sn.is_empty() && *sn != self.text);
        std::iter::once(self.text.as_str()).chain(sn)
    }

    /// The grams that may be chosen from.
    pub(super) fn all_grams(&self) -> Vec<String> {
        self.forms().flat_map(windows).collect()
    }
}

/// Whether a text is the beginning of a gram, so that whatever has it in the index has it.
pub(super) fn is_one_gram(text: &str) -> bool {
    text.chars().count() <= GRAM
}

fn windows(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.windows(GRAM).map(|gram| gram.iter().collect()).collect()
}

/// Of a text's grams some that together hold all of it, the rare ones first; where none is known to be rare, more of them,
/// for then many have the grams that do not have the text.
fn chosen(text: &str, frequencies: &HashMap<String, i64>) -> Vec<String> {
    let all = windows(text);
    let mut covered = vec![false; text.chars().count()];
    let mut chosen: Vec<String> = Vec::new();
    while chosen.len() < ASKED {
        let fresh = |at: usize| covered[at..at + GRAM].iter().filter(|covered| !**covered).count();
        let cost = |at: usize| {
            let found = frequencies.get(&all[at]).copied().unwrap_or_default();
            // Whoever covers twice as much may be twice as frequent.
            (found + 1) * 12 / i64::max(i64::try_from(fresh(at)).unwrap_or(1), 1)
        };
        let best = (0..all.len()).filter(|at| fresh(*at) > 0).min_by_key(|at| cost(*at));
        let Some(at) = best else { break };
        covered[at..at + GRAM].fill(true);
        if !chosen.contains(&all[at]) {
            chosen.push(all[at].clone());
        }
    }
    let frequency = |gram: &String| frequencies.get(gram).copied().unwrap_or_default();
    if frequencies.is_empty() || chosen.iter().map(frequency).min() > Some(RARE) {
        let mut others: Vec<String> = all.into_iter().filter(|gram| !chosen.contains(gram)).collect();
        others.sort_by_key(|gram| (frequency(gram), gram.clone()));
        others.dedup();
        others.truncate(ASKED - chosen.len());
        chosen.append(&mut others);
    }
    chosen
}

/// The last gram of a text and the one before it that it does not share a character with, or else the first. GIN looks for
/// each in every block, which costs more than to compare what two find with the text itself, and it is the end in which
/// serial numbers differ.
fn last(text: &str) -> Vec<String> {
    let mut all = windows(text);
    let last = all.pop();
    let other = all.len().saturating_sub(GRAM);
    let before = all.into_iter().nth(other);
    before.into_iter().chain(last).collect()
}

/// A text as FTS5 is asked for it.
pub(super) fn fts(text: &str, frequencies: &HashMap<String, i64>) -> String {
    let quoted = |gram: &str| format!("\"{}\"", gram.replace('"', "\"\""));
    if text.chars().count() < GRAM {
        return format!("{} *", quoted(text));
    }
    let all: Vec<String> = chosen(text, frequencies).iter().map(|gram| quoted(gram)).collect();
    format!("({})", all.join(" AND "))
}

/// A text as GIN is asked for it, each gram behind `block`.
pub(super) fn tsquery(text: &str, block: &str) -> String {
    let quoted = |gram: &str| format!("'{block}{}'", gram.replace('\\', "\\\\").replace('\'', "''"));
    if text.chars().count() < GRAM {
        return format!("{}:*", quoted(text));
    }
    let all: Vec<String> = last(text).iter().map(|gram| quoted(gram)).collect();
    format!("({})", all.join(" & "))
}

/// What SQLite's index is asked for.
pub(super) fn for_sqlite(words: &[Word], frequencies: &HashMap<String, i64>, scope: Scope) -> Option<String> {
    asked(
        words,
        scope,
        |text| fts(text, frequencies),
        |place| format!("\"{}{:X}\"", place.mark(), place.id.simple()),
        (" OR ", " AND "),
    )
}

/// What PostgreSQL's index is asked for in each block.
pub(super) fn for_postgres(words: &[Word], scope: Scope) -> Option<String> {
    let block = BLOCK.to_string();
    asked(
        words,
        scope,
        |text| tsquery(text, &block),
        |place| format!("'{BLOCK}{}{}'", place.mark(), place.id.hyphenated()),
        (" | ", " & "),
    )
}

fn asked(
    words: &[Word],
    scope: Scope,
    text: impl Fn(&str) -> String,
    place: impl Fn(Place) -> String,
    (or, and): (&str, &str),
) -> Option<String> {
    let mut all = Vec::new();
    if let Scope::Merchant(merchant) = scope {
        all.push(place(Place {
            is_merchant: true,
            id: merchant.0,
        }));
    }
    for word in words {
        if let Places::Few(places) = &word.places {
            let forms = word.forms().map(&text);
            let places = places.iter().map(|it| place(*it));
            let any: Vec<String> = forms.chain(places).collect();
            all.push(format!("({})", any.join(or)));
        }
    }
    (!all.is_empty()).then(|| all.join(and))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_covered_by_few_rare_grams() {
        let frequencies = HashMap::from([
            ("n9nl".to_owned(), 2_000),
            ("0001".to_owned(), 2_500),
            ("2345".to_owned(), 1),
        ]);
        let chosen = chosen("n9nl10001234567", &frequencies);
        assert!(chosen.len() <= ASKED, "{chosen:?}");
        for place in 0.."n9nl10001234567".len() {
            let covered = chosen.iter().any(|gram| {
                let at = "n9nl10001234567".find(gram.as_str()).unwrap_or(usize::MAX);
                (at..at.saturating_add(GRAM)).contains(&place)
            });
            assert!(covered, "{place} {chosen:?}");
        }
    }

    #[test]
    fn where_no_gram_is_rare_all_are_asked_for() {
        let frequencies = ["1000", "0000", "0001"].map(|gram| (gram.to_owned(), 2_000));
        let mut chosen = chosen("100001", &HashMap::from(frequencies));
        chosen.sort();
        assert_eq!(chosen, ["0000", "0001", "1000"]);
    }

    #[test]
    fn what_is_asked_is_text_to_the_engines() {
        let none = HashMap::new();
        assert_eq!(fts("a\"", &none), "\"a\"\"\" *");
        assert_eq!(fts("abcde", &none), "(\"abcd\" AND \"bcde\")");
        assert_eq!(tsquery("'\\", "5 "), "'5 ''\\\\':*");
        assert_eq!(tsquery("abcd", ""), "('abcd')");
        assert_eq!(tsquery("abcdef", ""), "('abcd' & 'cdef')");
        assert_eq!(tsquery("n9nl1002186813", ""), "('0218' & '6813')");
        assert_eq!(tsquery("收银台", ""), "'收银台':*");
    }
}
