//! Files of checkpoints: one line each, only ever appended to.

use super::{Checkpoint, State};
use crate::services::checkpoints::key::make_folder_of;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Why a file of checkpoints cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read or written.
    #[error("the checkpoints {} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line is none, or not what it was when it was written.
    #[error("line {line} of the checkpoints {} {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
}

/// A file as far as it goes now: what is appended later is not read. So a database that is looked at afterwards has
/// everything that the file speaks of.
pub struct Frozen {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Frozen {
    /// Opens a file.
    ///
    /// # Errors
    /// [`FileError::Io`].
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let open = || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (file, length) = open().map_err(|source| FileError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            length,
        })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its checkpoints, one after the other.
    pub fn lines(self) -> Lines {
        Lines {
            left: self.length,
            reader: BufReader::new(self.file),
            path: self.path,
            line: 0,
            position: 0,
        }
    }
}

/// The checkpoints of a file, each as it stands there.
pub struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    left: u64,
    line: u64,
    position: u64,
}

impl Lines {
    /// The next one; `None` at the end. A last line without its end is one whose writing was cut short, and no checkpoint.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(&mut self) -> Result<Option<Checkpoint>, FileError> {
        let mut text = Vec::new();
        let read = io::Read::take(&mut self.reader, self.left).read_until(b'\n', &mut text);
        let read = read.map_err(|source| FileError::Io {
            path: self.path.clone(),
            source,
        })?;
        self.left -= read as u64;
        if text.pop() != Some(b'\n') {
            return Ok(None);
        }
        self.line += 1;
        self.position += read as u64;
        match serde_json::from_slice(&text) {
            Ok(checkpoint) => Ok(Some(checkpoint)),
            Err(error) => Err(self.fault(format!("is no checkpoint: {error}"))),
        }
    }

    /// Something is wrong with the line that was read last.
    pub fn fault(&self, what: impl Into<String>) -> FileError {
        FileError::Line {
            path: self.path.clone(),
            line: self.line,
            what: what.into(),
        }
    }
}

/// A file that is being written: whoever holds it is alone with it.
pub(super) struct Appending {
    path: PathBuf,
    file: File,
    end: u64,
}

impl Appending {
    /// Waits for the file, makes it when it is missing, and brings `state` up to what it says. A line that was cut short is
    /// taken away: nobody was told of it.
    pub(super) fn open(path: &Path, state: &mut State, read_to: &mut u64) -> Result<Self, FileError> {
        let failed = |source| FileError::Io {
            path: path.to_owned(),
            source,
        };
        let (file, length) = Self::locked(path).map_err(failed)?;
        if length < *read_to {
            // Set aside by a person: another one begins.
            (*state, *read_to) = (State::default(), 0);
        }
        let mut lines = Frozen::open(path)?.lines();
        lines.reader.seek(SeekFrom::Start(*read_to)).map_err(failed)?;
        (lines.left, lines.position, lines.line) = (length - *read_to, *read_to, state.number());
        while let Some(next) = lines.read()? {
            state.advance(&next).map_err(|what| lines.fault(what))?;
        }
        let end = lines.position;
        if end < length {
            file.set_len(end).map_err(failed)?;
        }
        *read_to = end;
        Ok(Self {
            path: path.to_owned(),
            file,
            end,
        })
    }

    fn locked(path: &Path) -> io::Result<(File, u64)> {
        let folder = make_folder_of(path)?;
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt;
            options.mode(0o600);
        }
        let file = options.open(path)?;
        file.lock()?;
        if is_new {
            File::open(folder)?.sync_all()?;
        }
        let length = file.metadata()?.len();
        Ok((file, length))
    }

    /// Appends a checkpoint and waits for the disk. Answers where the file ends then.
    pub(super) fn append(mut self, checkpoint: &Checkpoint) -> Result<u64, FileError> {
        let write = |file: &mut File| {
            let mut line = serde_json::to_vec(checkpoint)?;
            line.push(b'\n');
            file.write_all(&line)?;
            file.sync_data()?;
            Ok(line.len() as u64)
        };
        let written = write(&mut self.file).map_err(|source| FileError::Io {
            path: self.path.clone(),
            source,
        })?;
        Ok(self.end + written)
    }
}
