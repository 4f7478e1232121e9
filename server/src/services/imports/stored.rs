//! The file of an import, kept in the database in pieces until it is no longer needed: every server can read it.

use crate::entities::import_parts::{ActiveModel, Column, Entity};
use app::backend::imports::PART_BYTES;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use std::io::{self, Read, Seek, SeekFrom};
use tokio::runtime::Handle;
use uuid::Uuid;

/// What a piece is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The file as it was sent, in pieces of [`PART_BYTES`].
    File,
    /// The rows that were refused.
    Rejects,
}

impl Of {
    fn code(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Rejects => "rejects",
        }
    }
}

/// Keeps a piece.
pub(super) async fn put(
    connection: &impl ConnectionTrait,
    batch: Uuid,
    of: Of,
    place: i64,
    bytes: Vec<u8>,
) -> Result<(), DbErr> {
    Entity::insert(ActiveModel {
        batch_id: Set(batch),
        kind: Set(of.code().to_owned()),
        place: Set(place),
        bytes: Set(bytes),
    })
    .exec_without_returning(connection)
    .await?;
    Ok(())
}

/// The first piece at or after a place, with its own place.
pub(super) async fn piece(
    connection: &impl ConnectionTrait,
    batch: Uuid,
    of: Of,
    from: i64,
) -> Result<Option<(i64, Vec<u8>)>, DbErr> {
    let found = Entity::find()
        .filter(Column::BatchId.eq(batch))
        .filter(Column::Kind.eq(of.code()))
        .filter(Column::Place.gte(from))
        .order_by_asc(Column::Place)
        .limit(1)
        .one(connection)
        .await?;
    Ok(found.map(|part| (part.place, part.bytes)))
}

/// Forgets all pieces.
pub(super) async fn forget(connection: &impl ConnectionTrait, batch: Uuid, of: Of) -> Result<(), DbErr> {
    Entity::delete_many()
        .filter(Column::BatchId.eq(batch))
        .filter(Column::Kind.eq(of.code()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Reads the file of an import as if it lay in a folder. Only on a thread that may block, within a runtime.
pub(super) struct StoredFile {
    database: DatabaseConnection,
    runtime: Handle,
    batch: Uuid,
    length: u64,
    at: u64,
    /// The piece that was read last, and its place.
    piece: Option<(u64, Vec<u8>)>,
}

impl StoredFile {
    pub(super) fn new(database: DatabaseConnection, runtime: Handle, batch: Uuid, length: u64) -> Self {
        Self {
            database,
            runtime,
            batch,
            length,
            at: 0,
            piece: None,
        }
    }
}

impl Read for StoredFile {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.length || into.is_empty() {
            return Ok(0);
        }
        let size = PART_BYTES as u64;
        let place = self.at / size;
        if self.piece.as_ref().is_none_or(|(held, _)| *held != place) {
            let wanted = i64::try_from(place).map_err(io::Error::other)?;
            let asked = piece(&self.database, self.batch, Of::File, wanted);
            let found = self.runtime.block_on(asked).map_err(io::Error::other)?;
            let (_, bytes) = found
                .filter(|(held, _)| *held == wanted)
                .ok_or_else(|| io::Error::other("a piece of the file is missing"))?;
            self.piece = Some((place, bytes));
        }
        let bytes = self.piece.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        let from = usize::try_from(self.at % size).map_err(io::Error::other)?;
        let rest = bytes
            .get(from..)
            .filter(|rest| !rest.is_empty())
            .ok_or_else(|| io::Error::other("a piece of the file is too short"))?;
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for StoredFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => i128::from(at),
            SeekFrom::End(by) => i128::from(self.length) + i128::from(by),
            SeekFrom::Current(by) => i128::from(self.at) + i128::from(by),
        };
        self.at = u64::try_from(target)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "before the beginning of the file"))?;
        Ok(self.at)
    }
}
