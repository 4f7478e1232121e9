//! The key that checkpoints are signed with: Ed25519 (RFC 8032), in a file outside the database.

use crate::clock::Surroundings;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

const COMMENT: &str = "# The Ed25519 key that this Tillkeeper signs the checkpoints of its device log with. Keep it secret,\n\
                       # and keep a copy: `tillkeeper log public-key` prints the public half, which others may know.\n";

/// Why a key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is none.
    #[error("there is no signing key at {}; `tillkeeper serve` makes one when it starts", .0.display())]
    Missing(PathBuf),
    /// The file cannot be read or written.
    #[error("the signing key {} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is no signing key: it must have one line of 64 hexadecimal digits", .0.display())]
    Malformed(PathBuf),
    /// Others than its owner can read it.
    #[error("the signing key {} can be read by others; run: chmod 600 {}", .0.display(), .0.display())]
    Open(PathBuf),
}

/// The secret half.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public)
    }
}

impl SigningKey {
    /// Reads the key of a file, and makes one where there is none: readable for this user only, there whole or not at all.
    ///
    /// # Errors
    /// [`KeyError`], but not that it is missing.
    pub fn open_or_create(path: &Path, surroundings: &Surroundings) -> Result<Self, KeyError> {
        match Self::open(path) {
            Err(KeyError::Missing(_)) => {}
            found => return found,
        }
        create(path, surroundings).map_err(|source| KeyError::File {
            path: path.to_owned(),
            source,
        })?;
        Self::open(path)
    }

    /// Reads the key of a file.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
            _ => KeyError::File {
                path: path.to_owned(),
                source,
            },
        };
        if is_open_to_others(path).map_err(failed)? {
            return Err(KeyError::Open(path.to_owned()));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let mut lines = text.lines().map(str::trim);
        let line = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
        let mut seed = [0; 32];
        line.and_then(|line| hex::decode_to_slice(line, &mut seed).ok())
            .and_then(|()| Self::of_seed(&seed))
            .ok_or_else(|| KeyError::Malformed(path.to_owned()))
    }

    fn of_seed(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = PublicKey(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    /// The half that others may know.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The signature of these bytes.
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(bytes).as_ref());
        signature
    }
}

/// Others are those whom the file's mode lets in beside its owner.
fn is_open_to_others(path: &Path) -> io::Result<bool> {
    let metadata = fs::metadata(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Ok(metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        drop(metadata);
        Ok(false)
    }
}

fn create(path: &Path, surroundings: &Surroundings) -> io::Result<()> {
    let folder = make_folder_of(path)?;
    let part = folder.join(format!(".signing-key-{}", hex::encode(surroundings.bytes::<8>())));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&part)?;
    let written = writeln!(file, "{COMMENT}{}", hex::encode(surroundings.bytes::<32>()))
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&part, path));
    fs::remove_file(&part)?;
    match written {
        // Another process made one at the same time: that one is the key.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }?;
    File::open(folder)?.sync_all()
}

/// The folder of a file, made for this user only when it is missing.
pub(crate) fn make_folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or(Path::new("."));
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.recursive(true).create(folder)?;
    Ok(folder)
}

/// The half that others may know; shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PublicKey(#[serde(with = "super::hexadecimal")] [u8; 32]);

impl PublicKey {
    /// The key with these bytes; `None` when there are not 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether its secret half signed these bytes.
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0)
            .verify(bytes, signature)
            .is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A public key is 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a public key has 64 hexadecimal digits, as `tillkeeper log public-key` prints them")]
pub struct NoPublicKey;

impl FromStr for PublicKey {
    type Err = NoPublicKey;

    fn from_str(text: &str) -> Result<Self, NoPublicKey> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| NoPublicKey)?;
        Ok(Self(bytes))
    }
}
