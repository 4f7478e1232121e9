//! Files on their way: whatever the size of the chunks in which they come, they are sent in pieces of one size.

use super::{Imports, MAX_FILE_BYTES, PART_BYTES};
use crate::caller::PlatformAdmin;
use crate::domain::ImportBatchId;
use crate::error::{AppError, Invalid};

/// Sends a file piece by piece, whatever the size of the chunks in which it comes.
pub struct Sending<'a> {
    imports: &'a dyn Imports,
    by: PlatformAdmin<'a>,
    id: ImportBatchId,
    piece: Vec<u8>,
    place: u32,
    sent: usize,
}

impl<'a> Sending<'a> {
    /// Begins.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn begin(imports: &'a dyn Imports, by: PlatformAdmin<'a>, file_name: &str) -> Result<Self, AppError> {
        let id = imports.create(by, file_name).await?;
        Ok(Self {
            imports,
            by,
            id,
            piece: Vec::new(),
            place: 0,
            sent: 0,
        })
    }

    /// Which import it is.
    pub fn id(&self) -> ImportBatchId {
        self.id
    }

    /// Goes on.
    ///
    /// # Errors
    /// [`Invalid::FileTooLarge`].
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), AppError> {
        self.sent += bytes.len();
        if self.sent > MAX_FILE_BYTES {
            return Err(AppError::Invalid(Invalid::FileTooLarge));
        }
        while !bytes.is_empty() {
            let room = PART_BYTES - self.piece.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PART_BYTES {
                self.send().await?;
            }
        }
        Ok(())
    }

    async fn send(&mut self) -> Result<(), AppError> {
        let piece = std::mem::take(&mut self.piece);
        self.imports.put(self.by, self.id, self.place, piece).await?;
        self.place += 1;
        Ok(())
    }

    /// Ends; the file is then checked.
    ///
    /// # Errors
    /// [`Invalid::FileMissing`] when there was nothing.
    pub async fn finish(mut self) -> Result<ImportBatchId, AppError> {
        if !self.piece.is_empty() {
            self.send().await?;
        }
        self.imports.close(self.by, self.id).await?;
        Ok(self.id)
    }

    /// Gives up; nothing is kept of the file.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn abandon(self) -> Result<(), AppError> {
        self.imports.cancel(self.by, self.id).await
    }
}
