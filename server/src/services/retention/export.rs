//! The file that a part of the device log is exported to: lines of JSON. The first says what it is; a line for each chain says
//! after which entry its part begins, and each entry follows with all of its fields; the last line is the signature over all
//! that stands before it.

use super::RetainError;
use crate::entities::device_log::Model;
use crate::services::boundaries::Link;
use crate::services::chain::{bytes_of, hash_of};
use crate::services::checkpoints::key::{PublicKey, SigningKey, make_folder_of};
use crate::services::checkpoints::{hexadecimal, length_prefixed};
use app::domain::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// What the signed bytes of this layout begin with; another layout takes another tag.
const LAYOUT: &str = "tillkeeper device log export 1";

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
enum Line<'a> {
    Export {
        layout: Cow<'a, str>,
        /// Every entry was received before this, Unix milliseconds.
        until: i64,
        /// Unix milliseconds.
        exported_at: i64,
    },
    Chain {
        chain: Uuid,
        after: i64,
        #[serde(with = "hexadecimal")]
        hash: [u8; 32],
    },
    Entry(Box<Entry>),
    End {
        entries: u64,
        #[serde(with = "hexadecimal")]
        sha256: [u8; 32],
        public_key: PublicKey,
        #[serde(with = "hexadecimal")]
        signature: [u8; 64],
    },
}

/// An entry with all of its fields. Its bytes follow from them.
#[derive(Serialize, Deserialize)]
struct Entry {
    sequence: i64,
    id: Uuid,
    occurred_at: i64,
    received_at: i64,
    sn_sent: Option<String>,
    sn_normalized: Option<String>,
    terminal_id: Option<Uuid>,
    merchant_id: Option<Uuid>,
    kind: String,
    outcome: String,
    reason: Option<String>,
    told_reason: Option<String>,
    actor_kind: String,
    actor_id: Option<Uuid>,
    actor_label: Option<String>,
    address: Option<String>,
    correlation_id: String,
    detail: String,
    #[serde(with = "hexadecimal")]
    hash: [u8; 32],
}

impl Entry {
    fn of(row: &Model) -> io::Result<Self> {
        let row = row.clone();
        Ok(Self {
            sequence: row.sequence,
            id: row.id,
            occurred_at: row.occurred_at,
            received_at: row.received_at,
            sn_sent: row.sn_sent,
            sn_normalized: row.sn_normalized,
            terminal_id: row.terminal_id,
            merchant_id: row.merchant_id,
            kind: row.kind,
            outcome: row.outcome,
            reason: row.reason,
            told_reason: row.told_reason,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            actor_label: row.actor_label,
            address: row.address,
            correlation_id: row.correlation_id,
            detail: row.detail,
            hash: row.hash.try_into().map_err(|_| io::ErrorKind::InvalidData)?,
        })
    }

    fn row(self, chain: Uuid) -> Model {
        Model {
            id: self.id,
            chain,
            sequence: self.sequence,
            occurred_at: self.occurred_at,
            received_at: self.received_at,
            sn_sent: self.sn_sent,
            sn_normalized: self.sn_normalized,
            terminal_id: self.terminal_id,
            merchant_id: self.merchant_id,
            kind: self.kind,
            outcome: self.outcome,
            reason: self.reason,
            told_reason: self.told_reason,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            actor_label: self.actor_label,
            address: self.address,
            correlation_id: self.correlation_id,
            detail: self.detail,
            bytes: Vec::new(),
            hash: self.hash.to_vec(),
        }
    }
}

/// A file that is being written, beside its place until it is whole.
pub(super) struct Export {
    path: PathBuf,
    part: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256,
    entries: u64,
}

impl Export {
    pub(super) fn begin(path: &Path, until: Timestamp, now: Timestamp) -> io::Result<Self> {
        make_folder_of(path)?;
        if path.exists() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let mut export = Self {
            path: path.to_owned(),
            file: BufWriter::new(options.open(&part)?),
            part,
            hasher: Sha256::new(),
            entries: 0,
        };
        export.line(&Line::Export {
            layout: LAYOUT.into(),
            until: until.0,
            exported_at: now.0,
        })?;
        Ok(export)
    }

    pub(super) fn entries(&self) -> u64 {
        self.entries
    }

    pub(super) fn failed(&self, source: io::Error) -> RetainError {
        RetainError::File {
            path: self.path.clone(),
            source,
        }
    }

    pub(super) fn chain(&mut self, chain: Uuid, begin: Link) -> io::Result<()> {
        self.line(&Line::Chain {
            chain,
            after: begin.sequence,
            hash: begin.hash,
        })
    }

    pub(super) fn entry(&mut self, row: &Model) -> io::Result<()> {
        self.entries += 1;
        self.line(&Line::Entry(Box::new(Entry::of(row)?)))
    }

    /// Signs the file and puts it in its place. Answers the SHA-256 digest of all of it.
    pub(super) fn finish(mut self, key: &SigningKey) -> io::Result<[u8; 32]> {
        let sha256 = self.hasher.clone().finalize().into();
        let end = Line::End {
            entries: self.entries,
            sha256,
            public_key: key.public(),
            signature: key.sign(&signed_bytes(self.entries, &sha256, &key.public())),
        };
        self.line(&end)?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        // Fails where the name has been taken meanwhile, other than renaming.
        fs::hard_link(&self.part, &self.path)?;
        fs::remove_file(&self.part)?;
        File::open(make_folder_of(&self.path)?)?.sync_all()?;
        Ok(self.hasher.finalize().into())
    }

    /// Leaves no file.
    pub(super) fn give_up(self) -> io::Result<()> {
        drop(self.file);
        fs::remove_file(&self.part)
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hasher.update(&text);
        self.file.write_all(&text)
    }
}

fn signed_bytes(entries: u64, sha256: &[u8; 32], key: &PublicKey) -> Vec<u8> {
    length_prefixed(&[LAYOUT.as_bytes(), &entries.to_be_bytes(), sha256, key.as_bytes()])
}

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Chains of which it holds a part.
    pub chains: u64,
    /// Entries.
    pub entries: u64,
    /// Every entry was received before this.
    pub until: Timestamp,
}

/// Why an export is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be read.
    #[error("the export {} cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not what was exported.
    #[error("line {line} of the export {} {what}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
}

/// Checks an export: that each entry follows from the one before it, and that one of `keys` signed it all.
///
/// # Errors
/// [`ExportError`] with the first line that is wrong.
pub fn verify(path: &Path, keys: &[PublicKey], progress: &mut dyn FnMut(u64)) -> Result<Exported, ExportError> {
    let failed = |source| ExportError::File {
        path: path.to_owned(),
        source,
    };
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let mut check = Check::new();
    let mut text = Vec::new();
    for line in 1.. {
        let broken = |what: String| ExportError::Broken {
            path: path.to_owned(),
            line,
            what,
        };
        text.clear();
        if reader.read_until(b'\n', &mut text).map_err(failed)? == 0 {
            return match check.ended {
                true => Ok(check.found),
                false => Err(broken("is missing: the file was cut short".to_owned())),
            };
        }
        let parsed = serde_json::from_slice(&text).map_err(|error| broken(format!("is no line of one: {error}")))?;
        check.line(parsed, keys).map_err(broken)?;
        check.hasher.update(&text);
        if check.found.entries.is_multiple_of(1000) {
            progress(check.found.entries);
        }
    }
    Ok(check.found)
}

struct Check {
    found: Exported,
    hasher: Sha256,
    begun: bool,
    ended: bool,
    at: Option<(Uuid, Link)>,
}

impl Check {
    fn new() -> Self {
        Self {
            found: Exported {
                chains: 0,
                entries: 0,
                until: Timestamp(0),
            },
            hasher: Sha256::new(),
            begun: false,
            ended: false,
            at: None,
        }
    }

    fn line(&mut self, line: Line<'_>, keys: &[PublicKey]) -> Result<(), String> {
        let first = !std::mem::replace(&mut self.begun, true);
        if first != matches!(line, Line::Export { .. }) || self.ended {
            return Err("stands where it should not".to_owned());
        }
        match line {
            Line::Export { layout, until, .. } => {
                self.found.until = Timestamp(until);
                if layout != LAYOUT {
                    return Err(format!("names the layout {layout:?}, which this version does not know"));
                }
            }
            Line::Chain { chain, after, hash } => {
                self.found.chains += 1;
                self.at = Some((chain, Link { sequence: after, hash }));
            }
            Line::Entry(entry) => {
                let (chain, before) = self.at.ok_or("belongs to no chain")?;
                let row = entry.row(chain);
                let hash = hash_of(&bytes_of(&before.hash, &row));
                if row.sequence != before.sequence + 1 || *row.hash != hash {
                    return Err(format!(
                        "(entry {} of chain {chain}) is not what was exported, or the one before it is not",
                        row.sequence
                    ));
                }
                let sequence = row.sequence;
                self.at = Some((chain, Link { sequence, hash }));
                self.found.entries += 1;
            }
            Line::End {
                entries,
                sha256,
                public_key,
                signature,
            } => {
                let read: [u8; 32] = self.hasher.clone().finalize().into();
                if read != sha256 || entries != self.found.entries {
                    return Err("has a digest that is not that of the lines before it".to_owned());
                }
                if !public_key.verifies(&signed_bytes(entries, &sha256, &public_key), &signature) {
                    return Err("is not what was signed".to_owned());
                }
                if !keys.contains(&public_key) {
                    return Err(format!(
                        "is signed with the key {public_key}, which is not known here; if it is one of yours, give it with \
                         --public-key"
                    ));
                }
                self.ended = true;
            }
        }
        Ok(())
    }
}
