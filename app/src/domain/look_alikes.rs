//! Serial numbers that somebody may have meant: one key, one group or one misread character away.

use super::SerialNumber;

/// Characters that are taken for each other on a small label.
const ALIKE: [&str; 4] = ["0O", "1IL", "8B", "5S"];

/// What can stand in a serial number.
const ALPHABET: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ._/";

/// Most variants that come from misreading several characters at once.
const MISREAD_AT_MOST: usize = 256;

/// Longest number of which every single edit is tried; of a longer one, only what was misread, left out or swapped.
const EDITED_AT_MOST: usize = 32;

/// The serial numbers that look like `sn`, the likeliest first: those that only misread characters tell apart, then
/// neighbours swapped, then one character left out, then one too many or another. Without `sn` itself and each once.
pub fn look_alikes(sn: &SerialNumber) -> Vec<String> {
    let typed: Vec<char> = sn.as_str().chars().collect();
    let mut found = misread(&typed);
    for at in 1..typed.len() {
        let mut swapped = typed.clone();
        swapped.swap(at - 1, at);
        found.push(swapped);
    }
    let lengths = SerialNumber::MIN_LEN..=SerialNumber::MAX_LEN;
    let every = typed.len() <= EDITED_AT_MOST;
    if every && lengths.contains(&(typed.len() + 1)) {
        for at in 0..=typed.len() {
            found.extend(ALPHABET.chars().map(|c| {
                let mut longer = typed.clone();
                longer.insert(at, c);
                longer
            }));
        }
    }
    if lengths.contains(&(typed.len() - 1)) {
        found.extend((0..typed.len()).map(|at| {
            let mut shorter = typed.clone();
            shorter.remove(at);
            shorter
        }));
    }
    if every {
        for at in 0..typed.len() {
            found.extend(ALPHABET.chars().map(|c| {
                let mut other = typed.clone();
                other[at] = c;
                other
            }));
        }
    }
    let mut seen = std::collections::HashSet::from([typed]);
    found.retain(|variant| seen.insert(variant.clone()));
    found.into_iter().map(|variant| variant.into_iter().collect()).collect()
}

/// Every way to read the characters that are alike, as far as there is room, `typed` among them.
fn misread(typed: &[char]) -> Vec<Vec<char>> {
    let mut found = vec![typed.to_vec()];
    for (at, c) in typed.iter().enumerate() {
        let Some(class) = ALIKE.iter().find(|class| class.contains(*c)) else {
            continue;
        };
        if found.len() * class.len() > MISREAD_AT_MOST {
            break;
        }
        let others: Vec<char> = class.chars().filter(|other| other != c).collect();
        let more: Vec<_> = found
            .iter()
            .flat_map(|variant| {
                others.iter().map(|other| {
                    let mut variant = variant.clone();
                    variant[at] = *other;
                    variant
                })
            })
            .collect();
        found.extend(more);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<String> {
        look_alikes(&SerialNumber::parse(text).unwrap())
    }

    #[test]
    fn what_people_mistake_is_among_them() {
        for (typed, meant) in [
            ("PBI4O3D0782377", "PB1403D0782377"),
            ("P81403DO782377", "PB1403D0782377"),
            ("PB1403D078237", "PB1403D0782377"),
            ("PB1403D07823777", "PB1403D0782377"),
            ("PB1403D0728377", "PB1403D0782377"),
            ("PB1403D0782376", "PB1403D0782377"),
            ("S310294937", "5310294937"),
        ] {
            assert!(of(typed).iter().any(|variant| variant == meant), "{typed}");
        }
        assert_eq!(of("AB0C")[..4], ["A80C", "ABOC", "A8OC", "BA0C"]);
    }

    proptest! {
        #[test]
        fn each_is_a_serial_number_that_was_not_typed(text in "[A-Z0-9._/]{4,64}") {
            let variants = of(&text);
            prop_assert!(variants.len() < 6000);
            let mut once = variants.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), variants.len());
            for variant in variants {
                prop_assert_ne!(&variant, &text);
                let parsed = SerialNumber::parse(&variant);
                prop_assert_eq!(parsed.map(|sn| sn.to_string()), Ok(variant));
            }
        }
    }
}
