//! Signed checkpoints of the device log. A hash chain shows an edit within it; that a whole chain was made anew, or its tail
//! cut off, shows only against something outside the database. A checkpoint is that: the heads of all chains at an instant,
//! signed with a key that the database does not hold, appended to a file that can be shipped elsewhere.
//!
//! Each checkpoint lists the heads that have moved since the one before it in its file, carries that one's digest and the root
//! of a Merkle tree (RFC 6962, section 2.1) over that digest and every head there is, and is signed as a whole. Each server
//! writes a file of its own with a key of its own; two processes that share a file take turns.

pub mod file;
pub mod keeper;
pub mod key;
mod tree;

use app::domain::Timestamp;
use key::{PublicKey, SigningKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use uuid::Uuid;

/// What the signed bytes of this layout begin with; another layout takes another tag.
const LAYOUT: &[u8] = b"tillkeeper log checkpoint 1";

/// The last link of a chain, as a checkpoint knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The chain.
    pub chain: Uuid,
    /// Sequence of its last entry.
    pub sequence: i64,
    /// Hash of its last entry.
    #[serde(with = "hexadecimal")]
    pub hash: [u8; 32],
}

/// A checkpoint: one line of JSON in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Its place in the file, from 1.
    pub number: u64,
    /// When it was taken, Unix milliseconds.
    pub at: i64,
    /// Digest of the checkpoint before it; zeros before the first.
    #[serde(with = "hexadecimal")]
    pub previous: [u8; 32],
    /// How many chains there are.
    pub chains: u64,
    /// Root of the tree over `previous` and the heads of all chains in the order of their keys.
    #[serde(with = "hexadecimal")]
    pub root: [u8; 32],
    /// The heads that are not as the checkpoint before has them, in the order of their keys.
    pub heads: Vec<Head>,
    /// The key that signed it.
    pub public_key: PublicKey,
    /// The signature over all of the above.
    #[serde(with = "hexadecimal")]
    pub signature: [u8; 64],
}

impl Checkpoint {
    /// Signs what comes after `state`: the heads of `heads` that are not in it.
    fn next(key: &SigningKey, state: &State, heads: &[Head], at: Timestamp) -> Self {
        let mut after = state.clone();
        let moved: Vec<Head> = heads.iter().copied().filter(|head| !state.knows(head)).collect();
        after.apply(&moved);
        let mut checkpoint = Self {
            number: state.number + 1,
            at: at.0,
            previous: state.digest,
            chains: after.heads.len() as u64,
            root: after.root(),
            heads: moved,
            public_key: key.public(),
            signature: [0; 64],
        };
        checkpoint.signature = key.sign(&checkpoint.signed_bytes());
        checkpoint
    }

    /// Whether its own key signed it.
    pub fn is_signed(&self) -> bool {
        self.public_key.verifies(&self.signed_bytes(), &self.signature)
    }

    /// Everything but the signature, each field preceded by its length as a big-endian u32.
    fn signed_bytes(&self) -> Vec<u8> {
        let mut heads = Vec::with_capacity(self.heads.len() * 56);
        for head in &self.heads {
            heads.extend_from_slice(&head.bytes());
        }
        length_prefixed(&[
            LAYOUT,
            &self.number.to_be_bytes(),
            &self.at.to_be_bytes(),
            &self.previous,
            &self.chains.to_be_bytes(),
            &self.root,
            &heads,
            self.public_key.as_bytes(),
        ])
    }

    /// SHA-256 of the signed bytes and the signature: what the next checkpoint carries.
    fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.signed_bytes());
        hasher.update(self.signature);
        hasher.finalize().into()
    }
}

impl Head {
    /// Chain, sequence and hash, all of fixed lengths.
    fn bytes(&self) -> [u8; 56] {
        let mut bytes = [0; 56];
        bytes[..16].copy_from_slice(self.chain.as_bytes());
        bytes[16..24].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[24..].copy_from_slice(&self.hash);
        bytes
    }
}

/// What a file of checkpoints says as of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    number: u64,
    digest: [u8; 32],
    heads: BTreeMap<Uuid, (i64, [u8; 32])>,
}

impl State {
    /// Goes on to the next checkpoint of the file. After an error there is no going on.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the checkpoint.
    pub fn advance(&mut self, next: &Checkpoint) -> Result<(), &'static str> {
        if next.number != self.number + 1 || next.previous != self.digest {
            return Err("does not follow from the one before it");
        }
        if !next.is_signed() {
            return Err("is not what was signed");
        }
        self.apply(&next.heads);
        if self.heads.len() as u64 != next.chains || self.root() != next.root {
            return Err("has a root that is not that of its heads");
        }
        self.number = next.number;
        self.digest = next.digest();
        Ok(())
    }

    /// The number of the last checkpoint; 0 before the first.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// A chain's head, as far as the file knows.
    pub fn head(&self, chain: Uuid) -> Option<(i64, [u8; 32])> {
        self.heads.get(&chain).copied()
    }

    fn knows(&self, head: &Head) -> bool {
        self.heads.get(&head.chain) == Some(&(head.sequence, head.hash))
    }

    fn apply(&mut self, moved: &[Head]) {
        for head in moved {
            self.heads.insert(head.chain, (head.sequence, head.hash));
        }
    }

    fn root(&self) -> [u8; 32] {
        let heads = self.heads.iter().map(|(chain, (sequence, hash))| {
            let head = Head {
                chain: *chain,
                sequence: *sequence,
                hash: *hash,
            };
            tree::leaf(&head.bytes())
        });
        let leaves: Vec<_> = std::iter::once(tree::leaf(&self.digest)).chain(heads).collect();
        tree::root(&leaves)
    }
}

/// Fields, each preceded by its length as a big-endian u32.
pub(crate) fn length_prefixed(fields: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fields.iter().map(|field| field.len() + 4).sum());
    for field in fields {
        let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes
}

/// Bytes of a fixed length as hexadecimal digits.
pub(crate) mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut bytes = [0; N];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(de::Error::custom)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
