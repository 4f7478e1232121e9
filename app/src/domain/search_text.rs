//! The form in which texts are searched: letter case, width and composition make no difference.

use super::normalize::nfkc;

/// Most words of a search that are looked at.
const WORDS: usize = 8;

/// Most characters of a word that are looked at: as many as the longest text that is searched has.
const WORD_CHARS: usize = 100;

/// `text` in the form in which it is searched: Unicode NFKC, lower case character by character, blanks alike.
pub fn search_text(text: &str) -> String {
    let lower = |c: char| match c {
        // The one letter whose lower case depends on its neighbours.
        'ς' => 'σ',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    nfkc(text).chars().flat_map(char::to_lowercase).map(lower).collect()
}

/// What is kept beside a name so that it is found: its [`search_text`], where that is not just its ASCII letters in lower
/// case.
pub fn name_key(name: &str) -> Option<String> {
    let key = search_text(name);
    (key != name.to_ascii_lowercase()).then_some(key)
}

/// The words of a search in the form in which texts are searched, each once.
pub fn search_words(text: &str) -> Vec<String> {
    let text = search_text(text);
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word: String = word.chars().take(WORD_CHARS).collect();
        if !words.contains(&word) {
            words.push(word);
        }
        if words.len() == WORDS {
            break;
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_width_and_composition_make_no_difference() {
        for (one, other) in [
            ("ＡＢＣ店", "abc店"),
            ("Cafe\u{301}", "CAFÉ"),
            ("ﾃｽﾄ", "テスト"),
            ("ΟΔΟΣ", "οδος"),
            ("ЧАЙНАЯ", "чайная"),
            ("收银台\u{3000}１", "收银台 1"),
        ] {
            assert_eq!(search_text(one), search_text(other), "{one} {other}");
        }
    }

    #[test]
    fn only_what_plain_lower_case_does_not_give_is_kept() {
        for plain in ["", "Front Desk", "1号收银台", "😀 متجر"] {
            assert_eq!(name_key(plain), None, "{plain}");
        }
        assert_eq!(name_key("ＡＢＣ店").as_deref(), Some("abc店"));
        assert_eq!(name_key("École").as_deref(), Some("école"));
    }

    #[test]
    fn words_are_split_and_bounded() {
        assert_eq!(search_words("  收银台\u{3000}ＰＡＸ pax "), ["收银台", "pax"]);
        assert!(search_words(" \u{3000} ").is_empty());
        assert_eq!(search_words(&"a b c d e f g h i j".repeat(3)).len(), WORDS);
        assert_eq!(search_words(&"x".repeat(5_000))[0].len(), WORD_CHARS);
    }

    proptest! {
        #[test]
        fn a_part_of_a_text_is_part_of_its_search_form(text in "[ -~一-丏]{0,20}", from in 0usize..20, to in 0usize..20) {
            let chars: Vec<char> = text.chars().collect();
            let (from, to) = (from.min(chars.len()), to.min(chars.len()));
            let part: String = chars.get(from..to).unwrap_or_default().iter().collect();
            prop_assert!(search_text(&text).contains(&search_text(&part)));
        }
    }
}
