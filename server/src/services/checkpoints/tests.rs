//! Keys and the following of one checkpoint from another.

use super::key::{KeyError, SigningKey};
use super::*;
use crate::clock::Surroundings;
use proptest::prelude::*;
use std::fs;

fn key() -> SigningKey {
    let folder = tempfile::tempdir().unwrap();
    SigningKey::open_or_create(&folder.path().join("new/key"), &Surroundings::system()).unwrap()
}

#[test]
fn a_key_is_made_once_and_only_its_owner_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    assert!(matches!(SigningKey::open(&path), Err(KeyError::Missing(_))));
    let first = SigningKey::open_or_create(&path, &Surroundings::system()).unwrap();
    let again = SigningKey::open_or_create(&path, &Surroundings::system()).unwrap();
    assert_eq!(first.public(), again.public());
    assert_eq!(first.public().to_string().parse(), Ok(first.public()));
    assert!(!format!("{first:?}").contains(fs::read_to_string(&path).unwrap().lines().last().unwrap()));
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = SigningKey::open_or_create(&path, &Surroundings::system()).unwrap_err();
        assert!(
            refused.to_string().contains("can be read by others; run: chmod 600"),
            "{refused}"
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::write(&path, "no key").unwrap();
    assert!(matches!(SigningKey::open(&path), Err(KeyError::Malformed(_))));
}

/// RFC 8032, section 7.1, test 2.
#[test]
fn signatures_are_those_of_the_rfc() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let _made = SigningKey::open_or_create(&path, &Surroundings::system()).unwrap();
    fs::write(
        &path,
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb\n",
    )
    .unwrap();
    let key = SigningKey::open(&path).unwrap();
    assert_eq!(
        key.public().to_string(),
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    );
    assert_eq!(
        hex::encode(key.sign(&[0x72])),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
         085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );
}

fn heads(of: &[(u8, i64)]) -> Vec<Head> {
    let heads = of.iter().map(|(chain, sequence)| Head {
        chain: Uuid::from_u128(u128::from(*chain)),
        sequence: *sequence,
        hash: [*chain; 32],
    });
    heads.collect()
}

proptest! {
    /// Whatever the heads do, the next checkpoint follows and knows them all; and no bit of it can be another.
    #[test]
    fn what_follows_is_believed_and_nothing_else(
        steps in prop::collection::vec(prop::collection::btree_map(0_u8..9, 1_i64..1000, 0..9), 1..5),
        place in any::<prop::sample::Index>(),
        bit in 0..8,
    ) {
        let key = key();
        let (mut state, mut lines) = (State::default(), Vec::new());
        for step in &steps {
            let heads = heads(&step.iter().map(|(chain, sequence)| (*chain, *sequence)).collect::<Vec<_>>());
            let next = Checkpoint::next(&key, &state, &heads, Timestamp(1));
            prop_assert_eq!(state.advance(&next), Ok(()));
            prop_assert!(heads.iter().all(|head| state.knows(head)));
            lines.push(serde_json::to_string(&next).unwrap());
        }
        let text = lines.join("\n");
        let mut changed = text.clone().into_bytes();
        changed[place.index(text.len())] ^= 1_u8 << bit;
        let believed = || {
            let mut state = State::default();
            let mut read = Vec::new();
            for line in std::str::from_utf8(&changed).ok()?.split('\n') {
                let next: Checkpoint = serde_json::from_str(line).ok()?;
                // Another key is for whoever checks to refuse.
                state.advance(&next).ok().filter(|()| next.public_key == key.public())?;
                read.push(next);
            }
            Some(read)
        };
        // A change of what only the writing of JSON has, such as the case of a digit, changes nothing.
        if let Some(read) = believed() {
            let rewritten: Vec<_> = read.iter().map(|next| serde_json::to_string(next).unwrap()).collect();
            prop_assert_eq!(rewritten, lines);
        }
    }
}
