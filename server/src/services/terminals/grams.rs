//! From the words of a search to what the index is asked for: grams that all must be there. Few are enough, because what
//! is found is compared with the words themselves; of a long word's, the rarest are chosen, or the last.

use app::domain::is_dash;
use std::collections::HashMap;

/// Characters of a gram; a shorter word is the beginning of some. Source: the migration of 2026-11-29.
const GRAM: usize = 5;

/// The same in PostgreSQL's index of all terminals. Source: the migration of 2026-11-30.
const GRAM_EVERYWHERE: usize = 6;

/// The index is asked for more grams of a word until about so few terminals have them all: to look at a terminal costs as
/// much as to go along a hundred entries of a gram's list.
const COMPARED: f64 = 10.0;

/// Most grams of a word that the index is asked for.
const ASKED: usize = 6;

/// So many grams at the end of a word may be chosen from, for there serial numbers differ, and of those before them every
/// third.
const AT_THE_END: usize = 4;
const BEFORE: usize = 3;

/// One of so many terminals is in the sample. Source: the migration of 2026-11-24.
pub(super) const SAMPLED: i64 = 64;

/// How many of the sampled terminals have a gram.
#[derive(Default)]
pub(super) struct Frequencies {
    /// How many are sampled.
    pub(super) sample: i64,
    pub(super) grams: HashMap<String, i64>,
}

impl Frequencies {
    fn of(&self, gram: &str) -> i64 {
        self.grams.get(gram).copied().unwrap_or_default()
    }

    /// The share of the terminals that have a gram; of one that no sampled terminal has, less than one of them.
    fn share(&self, gram: &str) -> f64 {
        let sample = i64::max(self.sample, 1) as f64;
        f64::min((self.of(gram) as f64 + 0.5) / sample, 1.0)
    }

    fn terminals(&self) -> f64 {
        self.sample as f64 * SAMPLED as f64
    }
}

/// Stands in what is asked of PostgreSQL where the number of the block comes. No word has it.
pub(super) const BLOCK: char = '\n';
/// Stands before the number of a merchant or a store. Private use.
const PLACE: char = '\u{e000}';

/// A word of a search.
pub(super) struct Word {
    pub(super) text: String,
    /// The same as a part of a serial number: without dashes. Empty where it cannot be one.
    pub(super) sn: String,
    pub(super) places: Places,
}

/// The merchants and stores that a word is part of the names of: their numbers.
pub(super) enum Places {
    Few(Vec<i64>),
    /// Too many to look for each.
    Many,
}

impl Word {
    pub(super) fn of(text: String) -> Self {
        let mut sn: String = text.chars().filter(|c| !is_dash(*c)).collect();
        if sn.len() < text.len() && sn.chars().count() < 2 {
            // One character and a dash are not one character.
            sn.clear();
        }
        Self {
            sn,
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
        self.forms().flat_map(candidates).collect()
    }
}

/// Whether a text is the beginning of a gram, so that whatever has it in the index has it.
pub(super) fn is_one_gram(text: &str) -> bool {
    text.chars().count() <= GRAM
}

fn windows(text: &str, gram: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.windows(gram).map(|gram| gram.iter().collect()).collect()
}

/// The grams of a text that may be chosen from, the last first.
fn candidates(text: &str) -> Vec<String> {
    let all = windows(text, GRAM);
    let end = all.len().saturating_sub(AT_THE_END);
    let some = all.into_iter().enumerate().rev();
    let some = some.filter(|(at, _)| *at >= end || at.is_multiple_of(BEFORE));
    some.map(|(_, gram)| gram).collect()
}

/// Of a text's grams the rarest two, and more where many terminals have those. Whether what has them has the text is seen by
/// comparing; a gram that many have costs more to look up than it leaves out.
fn chosen(text: &str, frequencies: &Frequencies) -> Vec<String> {
    let mut all = candidates(text);
    all.sort_by_key(|gram| frequencies.of(gram));
    let mut chosen: Vec<String> = Vec::new();
    let mut expected = frequencies.terminals();
    for gram in all {
        if chosen.len() == ASKED || (chosen.len() > 1 && expected <= COMPARED) {
            break;
        }
        if !chosen.contains(&gram) {
            expected *= frequencies.share(&gram);
            chosen.push(gram);
        }
    }
    chosen
}

/// The last gram of a text and the one that ends where it begins, or the first. GIN looks for each in every block, which costs
/// more than to compare what two find with the text itself, and it is the end in which serial numbers differ.
fn last(text: &str, gram: usize) -> Vec<String> {
    let all = windows(text, gram);
    if all.len() <= 2 {
        return all;
    }
    let last = all.len() - 1;
    [last.saturating_sub(gram), last].map(|at| all[at].clone()).into()
}

/// A text as FTS5 is asked for it.
pub(super) fn fts(text: &str, frequencies: &Frequencies) -> String {
    let quoted = |gram: &str| format!("\"{}\"", gram.replace('"', "\"\""));
    if text.chars().count() < GRAM {
        return format!("{} *", quoted(text));
    }
    let all: Vec<String> = chosen(text, frequencies).iter().map(|gram| quoted(gram)).collect();
    format!("({})", all.join(" AND "))
}

/// A text as GIN is asked for it among the merchants and stores.
pub(super) fn tsquery(text: &str) -> String {
    tsquery_of(text, GRAM, "")
}

/// The same where grams have so many characters, each behind `block`.
fn tsquery_of(text: &str, gram: usize, block: &str) -> String {
    let quoted = |gram: &str| format!("'{block}{}'", gram.replace('\\', "\\\\").replace('\'', "''"));
    if text.chars().count() < gram {
        return format!("{}:*", quoted(text));
    }
    let all: Vec<String> = last(text, gram).iter().map(|gram| quoted(gram)).collect();
    format!("({})", all.join(" & "))
}

/// What the index of an engine is asked for.
pub(super) enum Lookup {
    Fts5(String),
    Gin(Gin),
}

/// What PostgreSQL's are asked for.
pub(super) struct Gin {
    /// What the one of blocks is asked for, with [`BLOCK`] where the number of one comes.
    pub(super) blocks: String,
    /// What the one of all terminals is asked for, where that can be.
    pub(super) everywhere: Option<String>,
    /// Whether no word is long. A short one may be everywhere, and takes the index of all terminals longer than some blocks.
    pub(super) is_short: bool,
}

/// What SQLite's index is asked for: the words, of the terminals of `owner`, a merchant's number.
pub(super) fn for_sqlite(words: &[Word], frequencies: &Frequencies, owner: Option<i64>) -> Lookup {
    let all: Vec<&Word> = words.iter().collect();
    Lookup::Fts5(asked(
        &all,
        owner,
        |text| fts(text, frequencies),
        fts_place,
        (" OR ", " AND "),
    ))
}

fn fts_place(place: i64) -> String {
    format!("\"{PLACE}{place}\"")
}

fn tsquery_place(place: i64, block: &str) -> String {
    format!("'{block}{PLACE}{place}'")
}

/// The same of PostgreSQL's. All that begins with a short word is put together before anything else leaves some of it out: beside
/// something else the index of all terminals is not asked for it.
pub(super) fn for_postgres(words: &[Word], owner: Option<i64>) -> Lookup {
    let all: Vec<&Word> = words.iter().collect();
    let is_long = |word: &&Word| word.forms().all(|form| form.chars().count() >= GRAM_EVERYWHERE);
    let mut asked: Vec<&Word> = all.iter().copied().filter(is_long).collect();
    let is_short = asked.is_empty();
    if is_short && words.len() == 1 && owner.is_none() {
        asked.clone_from(&all);
    }
    Lookup::Gin(Gin {
        blocks: of_gin(&all, owner, GRAM, &BLOCK.to_string()),
        everywhere: (!asked.is_empty()).then(|| of_gin(&asked, owner, GRAM_EVERYWHERE, "")),
        is_short,
    })
}

/// What PostgreSQL's index of all terminals is asked for a word.
pub(super) fn everywhere(word: &Word) -> String {
    of_gin(&[word], None, GRAM_EVERYWHERE, "")
}

fn of_gin(words: &[&Word], owner: Option<i64>, gram: usize, block: &str) -> String {
    asked(
        words,
        owner,
        |text| tsquery_of(text, gram, block),
        |place| tsquery_place(place, block),
        (" | ", " & "),
    )
}

/// What SQLite's index is asked for terminals of some places that have what `lookup` asks for.
pub(super) fn with_places(lookup: &str, places: &[i64]) -> String {
    let places: Vec<String> = places.iter().map(|place| fts_place(*place)).collect();
    format!("{lookup} AND ({})", places.join(" OR "))
}

fn asked(
    words: &[&Word],
    owner: Option<i64>,
    text: impl Fn(&str) -> String,
    place: impl Fn(i64) -> String,
    (or, and): (&str, &str),
) -> String {
    let mut all: Vec<String> = owner.map(&place).into_iter().collect();
    for word in words {
        if let Places::Few(places) = &word.places {
            let forms = word.forms().map(&text);
            let places = places.iter().map(|it| place(*it));
            let any: Vec<String> = forms.chain(places).collect();
            all.push(format!("({})", any.join(or)));
        }
    }
    all.join(and)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled<const N: usize>(grams: [(&str, i64); N]) -> Frequencies {
        Frequencies {
            sample: 15_625,
            grams: HashMap::from(grams.map(|(gram, count)| (gram.to_owned(), count))),
        }
    }

    #[test]
    fn of_a_long_text_the_rarest_grams_are_asked_for() {
        let frequencies = sampled([
            ("n9nl1", 2_000),
            ("l1001", 2_000),
            ("10012", 400),
            ("00123", 40),
            ("01234", 30),
            ("12345", 2),
        ]);
        assert_eq!(chosen("n9nl10012345", &frequencies), ["12345", "01234"]);
        // The beginning where that is rare.
        let frequencies = sampled([
            ("z0x10", 1),
            ("10000", 400),
            ("00001", 400),
            ("00010", 400),
            ("00100", 400),
            ("01000", 400),
        ]);
        assert_eq!(chosen("z0x100001000", &frequencies)[0], "z0x10");
    }

    #[test]
    fn where_no_gram_is_rare_all_are_asked_for() {
        let mut chosen = chosen(
            "1000001",
            &sampled([("10000", 2_000), ("00000", 2_000), ("00001", 2_000)]),
        );
        chosen.sort();
        assert_eq!(chosen, ["00000", "00001", "10000"]);
    }

    #[test]
    fn what_is_asked_is_text_to_the_engines() {
        let none = Frequencies::default();
        assert_eq!(fts("a\"", &none), "\"a\"\"\" *");
        assert_eq!(fts("abcdef", &none), "(\"bcdef\" AND \"abcde\")");
        assert_eq!(tsquery_of("'\\", GRAM, "5 "), "'5 ''\\\\':*");
        assert_eq!(tsquery("abcde"), "('abcde')");
        assert_eq!(tsquery("abcdef"), "('abcde' & 'bcdef')");
        assert_eq!(tsquery("abcdefg"), "('abcde' & 'cdefg')");
        assert_eq!(tsquery("n9nl1002186813"), "('10021' & '86813')");
        assert_eq!(tsquery("收银台"), "'收银台':*");
    }

    #[test]
    fn a_short_word_beside_something_else_is_not_asked_of_all_terminals() {
        let everywhere = |words: &[&str], owner| {
            let words: Vec<Word> = words.iter().map(|word| Word::of((*word).to_owned())).collect();
            match for_postgres(&words, owner) {
                Lookup::Gin(gin) => gin.everywhere,
                Lookup::Fts5(_) => None,
            }
        };
        assert_eq!(everywhere(&["12"], None).as_deref(), Some("('12':*)"));
        assert_eq!(everywhere(&["12"], Some(7)), None);
        assert_eq!(everywhere(&["12", "34"], None), None);
        assert_eq!(everywhere(&["12", "abcdef"], None).as_deref(), Some("(('abcdef'))"));
        assert_eq!(
            everywhere(&["abcdef"], Some(7)).as_deref(),
            Some("'\u{e000}7' & (('abcdef'))")
        );
    }
}
