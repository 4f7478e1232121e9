//! In which order a list comes, and where in it a page begins.

use super::column;
use crate::entities::terminals::{self, Column};
use app::backend::page::{Cursor, Direction};
use app::backend::terminals::{SortKey, TerminalRow, TerminalSort};
use app::domain::Timestamp;
use sea_orm::Condition;
use sea_orm::sea_query::{Expr, ExprTrait, Order, SelectStatement};

/// The rows of one column with a value, or those without: these come last in both directions, so that neither engine has
/// to be told where they belong.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    valued: bool,
    /// Where it begins; `None` at its end.
    from: Option<Cursor>,
}

/// The column that a list is sorted by.
pub(super) fn sorted(by: SortKey) -> Column {
    match by {
        SortKey::Sn => Column::Sn,
        SortKey::Name => Column::Name,
        SortKey::LastSeen => Column::LastSeenAt,
        SortKey::Registered => Column::RegisteredAt,
    }
}

/// Whether each terminal has a value in this column.
fn is_total(by: SortKey) -> bool {
    matches!(by, SortKey::Sn | SortKey::Name)
}

fn is_back(cursor: Option<&Cursor>) -> bool {
    cursor.is_some_and(|cursor| cursor.direction == Direction::Before)
}

/// What is to be asked for, one after the other, until a page is full.
pub(super) fn segments(sort: TerminalSort, cursor: Option<&Cursor>) -> Vec<Segment> {
    let segment = |valued, from: Option<&Cursor>| Segment {
        valued,
        from: from.cloned(),
    };
    if is_total(sort.by) {
        return vec![segment(true, cursor)];
    }
    let within_values = cursor.is_none_or(|cursor| !cursor.key.is_empty());
    match (is_back(cursor), within_values) {
        (false, true) => vec![segment(true, cursor), segment(false, None)],
        (false, false) => vec![segment(false, cursor)],
        (true, true) => vec![segment(true, cursor)],
        (true, false) => vec![segment(false, cursor), segment(true, None)],
    }
}

/// A cursor that fits the order; one from another order is none.
pub(super) fn fitting(sort: TerminalSort, cursor: Option<&Cursor>) -> Option<&Cursor> {
    cursor.filter(|cursor| is_total(sort.by) || cursor.key.is_empty() || cursor.key.parse::<i64>().is_ok())
}

/// Where a row stands in the order; `registered` is known where it is sorted by that.
pub(super) fn place(sort: TerminalSort, row: &TerminalRow, registered: Option<i64>) -> String {
    let instant = |at: Option<i64>| at.map(|at| at.to_string()).unwrap_or_default();
    match sort.by {
        SortKey::Sn => row.sn.as_str().to_owned(),
        SortKey::Name => row.name.clone(),
        SortKey::LastSeen => instant(row.last_seen.map(|Timestamp(at)| at)),
        SortKey::Registered => instant(registered),
    }
}

impl Segment {
    /// Asks for its rows in the order of `sort`, backwards for a page before `cursor`.
    pub(super) fn narrow(&self, select: &mut SelectStatement, sort: TerminalSort, cursor: Option<&Cursor>) {
        let by = sorted(sort.by);
        let back = is_back(cursor);
        let order = if sort.descending == back {
            Order::Asc
        } else {
            Order::Desc
        };
        let ascending = order == Order::Asc;
        if let Some(from) = &self.from {
            let id = Expr::val(from.id);
            select.cond_where(Condition::all().add(if self.valued {
                let key = match is_total(sort.by) {
                    true => Expr::val(from.key.as_str()),
                    false => Expr::val(from.key.parse::<i64>().unwrap_or_default()),
                };
                beyond(
                    Expr::tuple([column(by), column(Column::Id)]),
                    Expr::tuple([key, id]),
                    ascending,
                )
            } else {
                beyond(column(Column::Id), id, ascending)
            }));
        }
        if !self.valued {
            select.and_where(column(by).is_null());
        } else {
            if !is_total(sort.by) {
                select.and_where(column(by).is_not_null());
            }
            select.order_by((terminals::Entity, by), order.clone());
        }
        select.order_by((terminals::Entity, Column::Id), order);
    }
}

fn beyond(place: Expr, here: Expr, ascending: bool) -> Expr {
    if ascending { place.gt(here) } else { place.lt(here) }
}
