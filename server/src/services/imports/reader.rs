//! Reading a file beside the work on it: on a thread of its own, a few chunks ahead.

use super::layout::Layout;
use super::plan::Parsed;
use super::rows::{checked, heading, quoted};
use super::source::{Kind, Row, Trouble, on_line};
use super::stored::StoredFile;
use app::backend::imports::{Field, MAX_FILE_BYTES, MAX_ROWS, RowError, RowFault};
use app::error::Invalid;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Rows that one transaction brings in.
pub(super) const CHUNK_ROWS: usize = 1000;

/// Bytes of rows that end a chunk before it has as many.
const CHUNK_BYTES: usize = 2 * 1024 * 1024;

/// Chunks that may wait.
const AHEAD: usize = 2;

/// Most bytes of all cells of a file: a workbook can say the same text in every row and stay small itself.
const MAX_CELL_BYTES: usize = 4 * MAX_FILE_BYTES;

/// Looks at the first rows of a file to tell its kind and its columns; `None` when it has no rows.
pub(super) fn look(mut file: StoredFile) -> Result<Option<Layout>, Trouble> {
    let kind = Kind::of(&mut file)?;
    let mut rows = Vec::new();
    kind.read(file, &mut |row| {
        rows.push(row);
        if rows.len() < Layout::ROWS {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    Ok(Layout::of(kind, &rows))
}

/// Reads the rows below the headings in chunks, without the first `passed` ones.
pub(super) fn chunks(
    file: StoredFile,
    layout: Layout,
    passed: u64,
) -> (mpsc::Receiver<Vec<Parsed>>, JoinHandle<Result<(), Trouble>>) {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let reading = tokio::task::spawn_blocking(move || {
        let mut chunk = Vec::with_capacity(CHUNK_ROWS);
        let mut seen = Seen::default();
        let (mut count, mut bytes) = (0_u64, 0);
        let mut room = Room::default();
        let mut refused = None;
        layout.kind.read(file, &mut |row| {
            if row.line < layout.first_line || (layout.headings && row.line == layout.first_line) {
                return ControlFlow::Continue(());
            }
            let size = row.bytes();
            if let Err(what) = room.take(size) {
                refused = Some(on_line(what, row.line));
                return ControlFlow::Break(());
            }
            let parsed = parsed(&layout, row, &mut seen);
            count += 1;
            if count <= passed {
                return ControlFlow::Continue(());
            }
            chunk.push(parsed);
            bytes += size;
            if chunk.len() < CHUNK_ROWS && bytes < CHUNK_BYTES {
                return ControlFlow::Continue(());
            }
            bytes = 0;
            let full = std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_ROWS));
            match sender.blocking_send(full) {
                Ok(()) => ControlFlow::Continue(()),
                // Nobody works on it any more.
                Err(_) => ControlFlow::Break(()),
            }
        })?;
        if let Some(trouble) = refused {
            return Err(trouble);
        }
        if !chunk.is_empty() {
            let _nobody_listens = sender.blocking_send(chunk);
        }
        Ok(())
    });
    (receiver, reading)
}

/// How many rows and bytes of cells a file may still have.
struct Room {
    rows: u64,
    bytes: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            rows: MAX_ROWS,
            bytes: MAX_CELL_BYTES,
        }
    }
}

impl Room {
    /// Takes the room of a row of so many bytes.
    fn take(&mut self, bytes: usize) -> Result<(), Invalid> {
        self.rows = self.rows.checked_sub(1).ok_or(Invalid::FileTooLong)?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(Invalid::FileBomb)?;
        Ok(())
    }
}

fn parsed(layout: &Layout, row: Row, seen: &mut Seen) -> Parsed {
    let says = checked(layout, &row).and_then(|good| {
        if seen.is_new(good.manufacturer.as_str(), good.sn.as_str()) {
            return Ok(good);
        }
        Err(vec![RowError {
            line: row.line,
            column: Some(heading(layout, Field::Sn)),
            fault: RowFault::Duplicate,
            found: Some(quoted(&good.sn_printed)),
        }])
    });
    Parsed {
        line: row.line,
        cells: row.cells,
        says,
    }
}

/// The terminals that a file has named so far, as hashes of 128 bits under keys of this run: of 2,000,000 terminals two
/// meet by chance once in 10²⁶ files, and nobody can make them.
struct Seen {
    hashes: HashSet<u128>,
    keys: [RandomState; 2],
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            hashes: HashSet::new(),
            keys: [RandomState::new(), RandomState::new()],
        }
    }
}

impl Seen {
    fn is_new(&mut self, manufacturer: &str, sn: &str) -> bool {
        let [high, low] = [&self.keys[0], &self.keys[1]].map(|key| u128::from(key.hash_one((manufacturer, sn))));
        self.hashes.insert(high << 64 | low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_no_more_rows_and_bytes_than_there_is_room_for() {
        let mut room = Room { rows: 3, bytes: 10 };
        assert_eq!(room.take(6), Ok(()));
        assert_eq!(room.take(5), Err(Invalid::FileBomb));
        let mut room = Room { rows: 2, bytes: 10 };
        assert_eq!(room.take(5), Ok(()));
        assert_eq!(room.take(5), Ok(()));
        assert_eq!(room.take(0), Err(Invalid::FileTooLong));
    }
}
