//! The walk along a chain through SQLite's own interface, where a row's columns are looked at in SQLite's memory: the
//! driver copies each of them, which takes several times as long as everything else.
//!
//! The chain is cut into pieces, of which each core walks one; where a piece begins is looked up, and that it does begin where the
//! one before it ended is checked when both have been walked.
//!
//! It sees the file as it is now and not the look at the database that a check is about. So it only ever says that
//! everything was in order; whatever was not, the other walk looks at again, and what that says holds.

use super::row::{COLUMNS, Row};
use super::walk::check;
use crate::database::READERS_MAPPED;
use crate::entities::device_log::{Column, Entity};
use crate::entities::log_heads;
use crate::services::boundaries::Link;
use crate::services::chain::Fields;
use rusqlite::types::{FromSqlError, ValueRef};
use rusqlite::{CachedStatement, Connection, OpenFlags, params};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SqliteQueryBuilder};
use sea_orm::{DatabaseConnection, DbBackend};
use std::path::Path;
use tokio::task::{JoinError, spawn_blocking};
use uuid::Uuid;

/// Entries of a piece of a long chain. Between two words of how far it has come lies one for each core.
const PIECE: i64 = 20_000;

/// Most pieces at a time: a disk does not give more cores enough to do.
const PIECES: usize = 8;

/// The file, open for reading.
pub(super) struct File {
    /// One for each piece.
    connections: Vec<Connection>,
    /// Entries of a piece.
    piece: i64,
}

impl File {
    /// The file behind a connection; `None` where that is no SQLite file or it cannot be opened once more.
    pub(super) fn behind(db: &DatabaseConnection) -> Option<Self> {
        if db.get_database_backend() != DbBackend::Sqlite {
            return None;
        }
        let options = db.get_sqlite_connection_pool().connect_options();
        let pieces = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let open = (0..pieces.min(PIECES)).map(|_| open(options.get_filename()).ok());
        Some(Self {
            connections: open.collect::<Option<_>>()?,
            piece: PIECE,
        })
    }

    /// Goes on along a chain that ends at `end`: the last of the next entries, all in order. `None` where anything is
    /// not as it should be.
    pub(super) fn next(&mut self, chain: Uuid, from: Link, end: i64) -> Option<Link> {
        let piece = self.piece;
        let begins = (from.sequence..end).step_by(usize::try_from(piece).ok()?);
        let pieces: Vec<Option<(Link, Link)>> = std::thread::scope(|scope| {
            let walks: Vec<_> = begins
                .zip(&mut self.connections)
                .map(|(sequence, connection)| {
                    scope.spawn(move || {
                        let begin = match sequence == from.sequence {
                            true => from,
                            false => link(connection, chain, sequence).ok()?,
                        };
                        let to = Ord::min(end, sequence + piece);
                        Some((begin, walked(connection, chain, begin, to)?))
                    })
                })
                .collect();
            walks.into_iter().map(|walk| walk.join().ok().flatten()).collect()
        });
        let mut at = from;
        for piece in pieces {
            let (begin, last) = piece?;
            if begin.hash != at.hash {
                return None;
            }
            at = last;
        }
        Some(at)
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    // The shared memory of a write-ahead log wants to be written, also by readers.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "query_only", "ON")?;
    connection.pragma_update(None, "mmap_size", READERS_MAPPED)?;
    Ok(connection)
}

/// What the entry with this sequence says of itself.
fn link(connection: &Connection, chain: Uuid, sequence: i64) -> rusqlite::Result<Link> {
    let query = Query::select()
        .column(Column::Hash)
        .from(Entity)
        .and_where(Expr::col(Column::Chain).eq(Expr::cust("?")))
        .and_where(Expr::col(Column::Sequence).eq(Expr::cust("?")))
        .take();
    let mut statement = connection.prepare_cached(&query.to_string(SqliteQueryBuilder))?;
    let hash = statement.query_row(params![chain.as_bytes().as_slice(), sequence], |row| row.get(0))?;
    Ok(Link { sequence, hash })
}

/// Goes along a chain from after `from` up to an entry: what that says of itself, where all are in order.
fn walked(connection: &Connection, chain: Uuid, from: Link, to: i64) -> Option<Link> {
    let mut statement = entries(connection).ok()?;
    let mut rows = statement
        .query(params![chain.as_bytes().as_slice(), from.sequence, to])
        .ok()?;
    let mut at = from;
    while let Some(row) = rows.next().ok()? {
        at = check(&Row::of_file(row).ok()?, at, Some(to)).ok()?;
    }
    (at.sequence == to).then_some(at)
}

fn entries(connection: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    let sequence = || Expr::col(Column::Sequence);
    let query = Query::select()
        .columns(COLUMNS)
        .from(Entity)
        .and_where(Expr::col(Column::Chain).eq(Expr::cust("?")))
        .and_where(sequence().gt(Expr::cust("?")))
        .and_where(sequence().lte(Expr::cust("?")))
        .order_by(Column::Sequence, Order::Asc)
        .take();
    connection.prepare_cached(&query.to_string(SqliteQueryBuilder))
}

/// Goes along a whole chain; `read` is told the number of its entries read. `None` where the other walk has to say what
/// it finds.
///
/// # Errors
/// A thread that ended.
pub(super) async fn walk(
    file: &mut Option<File>,
    head: &log_heads::Model,
    begin: Link,
    read: &mut (dyn FnMut(u64) + Send),
) -> Result<Option<Link>, JoinError> {
    let (chain, end) = (head.chain, head.last_sequence);
    let mut at = begin;
    while at.sequence < end {
        let Some(mut open) = file.take() else {
            return Ok(None);
        };
        let (open, next) = spawn_blocking(move || {
            let next = open.next(chain, at, end);
            (open, next)
        })
        .await?;
        *file = Some(open);
        let Some(next) = next else {
            return Ok(None);
        };
        at = next;
        read(u64::try_from(at.sequence - begin.sequence).unwrap_or_default());
    }
    Ok(Some(at))
}

impl<'a> Row<'a> {
    /// The same of a row of the file.
    fn of_file(row: &'a rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let perhaps = |at| match row.get_ref(at)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => Ok(Some(text)),
            _ => Err(rusqlite::Error::from(FromSqlError::InvalidType)),
        };
        let text = |at| Ok::<_, rusqlite::Error>(perhaps(at)?.ok_or(FromSqlError::InvalidType)?);
        let blob = |at| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_blob()?);
        Ok(Self {
            fields: Fields {
                chain: row.get(0)?,
                sequence: row.get(1)?,
                id: row.get(2)?,
                occurred_at: row.get(3)?,
                received_at: row.get(4)?,
                sn_sent: perhaps(5)?,
                sn_normalized: perhaps(6)?,
                terminal_id: row.get(7)?,
                merchant_id: row.get(8)?,
                kind: text(9)?,
                outcome: text(10)?,
                reason: perhaps(11)?,
                told_reason: perhaps(12)?,
                actor_kind: text(13)?,
                actor_id: row.get(14)?,
                actor_label: perhaps(15)?,
                address: perhaps(16)?,
                correlation_id: text(17)?,
                detail: text(18)?,
            },
            bytes: blob(19)?,
            hash: blob(20)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Surroundings;
    use crate::database::Database;
    use crate::services::chain::{Actor, NewEntry, append};
    use app::domain::{ActorKind, LogKind, Outcome};
    use sea_orm::ConnectionTrait;

    fn entry(surroundings: &Surroundings, sn: &str) -> NewEntry {
        NewEntry {
            merchant: None,
            occurred: surroundings.now(),
            sn_sent: Some(sn.to_owned()),
            terminal: None,
            kind: LogKind::RegistrationFailed,
            outcome: Outcome::Failure,
            reason: None,
            told: None,
            actor: Actor {
                kind: ActorKind::System,
                id: None,
                label: None,
            },
            address: None,
            correlation: Uuid::nil().simple().to_string(),
            detail: serde_json::json!({}),
        }
    }

    /// What the other walk would find as well: without this one it would only take longer, and no story would tell.
    #[tokio::test]
    async fn what_is_in_order_is_walked_here_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.db");
        let url = format!("sqlite:{}", path.display());
        let database = Database::connect(&url).await.unwrap();
        migrations::up(database.writer()).await.unwrap();
        let surroundings = Surroundings::system();
        let entries = ["12345678", "终端 2", "12345680"].map(|sn| entry(&surroundings, sn));
        let txn = database.begin().await.unwrap();
        append(&txn, &surroundings, entries.into()).await.unwrap();
        txn.commit().await.unwrap();

        // Pieces of one entry, two at a time.
        let mut file = File {
            connections: vec![open(&path).unwrap(), open(&path).unwrap()],
            piece: 1,
        };
        let first = file.next(Uuid::nil(), Link::GENESIS, 1).unwrap();
        let last = file.next(Uuid::nil(), first, 3).unwrap();
        let mut next = |from, end| file.next(Uuid::nil(), from, end).map(|link| link.sequence);
        assert_eq!(next(Link::GENESIS, 3), Some(2), "a piece for each connection");
        assert_eq!(next(first, 3), Some(3), "from anywhere");
        assert_eq!(next(last, 4), None, "one is missing");
        let forged = Link { hash: [7; 32], ..first };
        assert_eq!(next(forged, 3), None, "it does not follow");

        let writer = database.writer();
        writer
            .execute_unprepared("DROP TRIGGER tr_device_log_no_update")
            .await
            .unwrap();
        for set in ["sn_sent = 12345679", "outcome = 'success'", "hash = zeroblob(32)"] {
            writer
                .execute_unprepared(&format!("UPDATE device_log SET {set} WHERE sequence = 2"))
                .await
                .unwrap();
            assert_eq!(next(first, 3), None, "{set}");
        }
    }
}
