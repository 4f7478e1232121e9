//! Pages of a list: keyset cursors in the address, so that a link can be shared and the 10,000th page costs as much as
//! the first.

use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Which way a page lies from its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The rows after the cursor.
    After,
    /// The rows before it.
    Before,
}

/// A place between two rows: the sort key of the row beside it, and that row's key to tell equals apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Which way from here.
    pub direction: Direction,
    /// The sort key; empty where rows are sorted by their key alone.
    pub key: String,
    /// The row's key.
    pub id: Uuid,
}

/// Rows of a list, in the order shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// At most [`PAGE_ROWS`] rows, where nobody asked for more.
    pub rows: Vec<T>,
    /// Where the previous page is, when there is one.
    pub previous: Option<Cursor>,
    /// Where the next page is, when there is one.
    pub next: Option<Cursor>,
}

/// Rows of a page.
pub const PAGE_ROWS: usize = 50;

impl Cursor {
    /// Reads the cursor from the query parameters `after` and `before`; a malformed one is no cursor, which is the first
    /// page.
    pub fn from_query(after: Option<&str>, before: Option<&str>) -> Option<Self> {
        let (direction, text) = match (after, before) {
            (Some(text), _) => (Direction::After, text),
            (None, Some(text)) => (Direction::Before, text),
            (None, None) => return None,
        };
        let Place { key, id } = text.parse().ok()?;
        Some(Self { direction, key, id })
    }

    /// The name of the query parameter that carries it.
    pub fn parameter(&self) -> &'static str {
        match self.direction {
            Direction::After => "after",
            Direction::Before => "before",
        }
    }
}

/// `key~id`, the value of the query parameter.
impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}~{}", self.key, self.id.simple())
    }
}

struct Place {
    key: String,
    id: Uuid,
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (key, id) = text.rsplit_once('~').ok_or(())?;
        Ok(Self {
            key: key.to_owned(),
            id: Uuid::parse_str(id).map_err(|_| ())?,
        })
    }
}

impl<T> Page<T> {
    /// Makes a page of what a query for [`PAGE_ROWS`] + 1 rows found, in the order in which it found them, which for a
    /// page before a cursor is backwards. `place` tells a row's sort key and key.
    pub fn of(found: Vec<T>, cursor: Option<&Cursor>, place: impl Fn(&T) -> (String, Uuid)) -> Self {
        Self::sized(PAGE_ROWS, found, cursor, place)
    }

    /// The same with another number of rows: of what a query for `most` + 1 rows found.
    pub fn sized(
        most: usize,
        mut found: Vec<T>,
        cursor: Option<&Cursor>,
        place: impl Fn(&T) -> (String, Uuid),
    ) -> Self {
        let more = found.len() > most;
        found.truncate(most);
        let direction = cursor.map(|cursor| cursor.direction);
        if direction == Some(Direction::Before) {
            found.reverse();
        }
        let beside = |row: Option<&T>, direction| {
            row.map(|row| {
                let (key, id) = place(row);
                Cursor { direction, key, id }
            })
        };
        let (has_previous, has_next) = match direction {
            None => (false, more),
            Some(Direction::After) => (true, more),
            Some(Direction::Before) => (more, true),
        };
        let previous = beside(found.first().filter(|_| has_previous), Direction::Before);
        let next = beside(found.last().filter(|_| has_next), Direction::After);
        Self {
            rows: found,
            previous,
            next,
        }
    }

    /// The same page with these rows instead.
    pub fn map_all<U>(self, rows: Vec<U>) -> Page<U> {
        Page {
            rows,
            previous: self.previous,
            next: self.next,
        }
    }

    /// The same page with other rows.
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Page<U> {
        Page {
            rows: self.rows.into_iter().map(row).collect(),
            previous: self.previous,
            next: self.next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_in_an_address_is_read_back(key in "[^\u{0}]{0,20}", id: u128, after: bool) {
            let direction = if after { Direction::After } else { Direction::Before };
            let cursor = Cursor { direction, key, id: Uuid::from_u128(id) };
            let text = cursor.to_string();
            let (a, b) = if after { (Some(text.as_str()), None) } else { (None, Some(text.as_str())) };
            prop_assert_eq!(Cursor::from_query(a, b), Some(cursor));
        }

        #[test]
        fn any_text_is_a_cursor_or_none(text: String) {
            let _ = Cursor::from_query(Some(&text), None);
        }

        /// Walking forwards from the first page and backwards from the last shows the same pages.
        #[test]
        fn pages_meet(count in 0usize..240) {
            let all: Vec<u128> = (0..count as u128).collect();
            let ask = |cursor: Option<&Cursor>| {
                let found: Vec<u128> = match cursor {
                    None => all.iter().copied().take(PAGE_ROWS + 1).collect(),
                    Some(c) if c.direction == Direction::After => {
                        all.iter().copied().filter(|n| *n > c.id.as_u128()).take(PAGE_ROWS + 1).collect()
                    }
                    Some(c) => all.iter().rev().copied().filter(|n| *n < c.id.as_u128()).take(PAGE_ROWS + 1).collect(),
                };
                Page::of(found, cursor, |n| (String::new(), Uuid::from_u128(*n)))
            };
            let mut pages = vec![ask(None)];
            while let Some(next) = pages.last().and_then(|page| page.next.clone()) {
                pages.push(ask(Some(&next)));
            }
            prop_assert_eq!(pages.iter().flat_map(|page| page.rows.clone()).collect::<Vec<_>>(), all.clone());
            let mut back = vec![pages.last().unwrap().rows.clone()];
            let mut page = pages.last().unwrap().clone();
            while let Some(previous) = page.previous.clone() {
                page = ask(Some(&previous));
                back.insert(0, page.rows.clone());
            }
            prop_assert_eq!(back.concat(), all);
        }
    }
}
