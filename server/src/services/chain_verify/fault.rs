//! What can be wrong with the log, and how it is told.

use crate::services::boundaries::BoundaryFault;
use chrono::DateTime;
use std::fmt;
use std::path::PathBuf;
use uuid::Uuid;

/// The first entry that is not what it was when it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its chain: a merchant's key, or the nil UUID for the platform's.
    pub chain: Uuid,
    /// Its place in the chain, from 1.
    pub sequence: i64,
    /// Its key, when there is an entry.
    pub id: Option<Uuid>,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// These columns are not what was hashed.
    Edited(Vec<&'static str>),
    /// Its hash is not that of its bytes, or its bytes are no entry's.
    Bytes,
    /// It does not carry the hash of the entry before it.
    Link,
    /// The entry that should be here is not.
    Missing,
    /// An entry stands where there should be none.
    Surplus,
    /// An entry stands below the boundary up to which all were dropped.
    BelowBoundary,
    /// An entry stands in a chain that has no head.
    NoHead,
    /// The head of the chain has another hash for its last entry.
    Head,
    /// The head of the chain names another merchant.
    Owner,
    /// The boundary at which the chain begins is not believed.
    Boundary(BoundaryFault),
    /// A checkpoint signed another hash.
    Rewritten(Signed),
    /// A checkpoint signed it, and it is not there.
    Cut(Signed),
}

/// A checkpoint that speaks against an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The file it stands in.
    pub path: PathBuf,
    /// Its number there.
    pub number: u64,
    /// When it was taken, Unix milliseconds.
    pub at: i64,
    /// Up to which entry the chain is what an earlier checkpoint of the file signed.
    pub good: i64,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, sequence, .. } = self;
        write!(f, "entry {sequence} of chain {chain}")?;
        if let Some(id) = self.id {
            write!(f, " (id {id})")?;
        }
        f.write_str(" ")?;
        match &self.fault {
            Fault::Edited(columns) => write!(
                f,
                "is not what it was when it was appended: {} {} changed",
                columns.join(", "),
                if columns.len() == 1 { "was" } else { "were" }
            ),
            Fault::Bytes => {
                f.write_str("is not what it was when it was appended: its bytes and its hash do not belong together")
            }
            Fault::Link => f.write_str("does not follow from the entry before it: one of the two was put in its place"),
            Fault::Missing => f.write_str("is missing"),
            Fault::Surplus => f.write_str("stands behind the end of its chain"),
            Fault::BelowBoundary => {
                f.write_str("stands below the boundary up to which all entries were exported and dropped")
            }
            Fault::NoHead => f.write_str("stands in a chain whose head is missing"),
            Fault::Head => f.write_str("is the last of its chain, whose head has another hash for it"),
            Fault::Owner => f.write_str("is the last of its chain, whose head names another merchant"),
            Fault::Boundary(BoundaryFault::Forged) => f.write_str("is named by a boundary that is not what was signed"),
            Fault::Boundary(BoundaryFault::UnknownKey(key)) => write!(
                f,
                "is named by a boundary that the key {key} signed, which is not known here; if it is one of yours, give it \
                 with --public-key"
            ),
            Fault::Rewritten(signed) => write!(
                f,
                "is not the one that {signed}: it, or one after entry {}, was rewritten",
                signed.good
            ),
            Fault::Cut(signed) => write!(f, "is missing: {signed} it"),
        }
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = DateTime::from_timestamp_millis(self.at).unwrap_or_default();
        write!(
            f,
            "checkpoint {} of {} signed on {}",
            self.number,
            self.path.display(),
            at.format("%Y-%m-%d %H:%M:%S UTC")
        )
    }
}
