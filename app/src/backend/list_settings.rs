//! How somebody has arranged the list of terminals: saved views, columns that are left out, and how close its rows stand.
//!
//! It is kept with the account and for the list that the account sees: a merchant's own, or the platform's.

use crate::caller::Caller;
use crate::domain::SavedViewId;
use crate::error::AppError;
use async_trait::async_trait;
use std::fmt;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Most views that somebody has of a list.
pub const MAX_VIEWS: usize = 20;

/// Most bytes of the query parameters of a view.
pub const VIEW_BYTES: usize = 2000;

/// Search, filters and order under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its key.
    pub id: SavedViewId,
    /// What its owner calls it.
    pub name: String,
    /// The query parameters of the list, without their question mark.
    pub query: String,
}

/// What became of a view that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// There is one more.
    Added,
    /// The one of that name shows something else now.
    Replaced,
}

/// A column of the list that can be left out. The serial number always stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ListColumn {
    /// What the terminal is called.
    Name,
    /// Where it stands: the store, and for the platform the merchant.
    Place,
    /// What it is.
    Model,
    /// Its state.
    State,
    /// Whether it can take a payment.
    Verdict,
    /// When it was last heard from.
    LastSeen,
    /// The button that leads to its page.
    Actions,
}

impl ListColumn {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// How the list is laid out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The columns that are left out.
    pub hidden: Vec<ListColumn>,
    /// Whether rows stand close.
    pub compact: bool,
}

impl Layout {
    const COMPACT: &'static str = "compact";

    /// Reads what [`fmt::Display`] has written. A word that means nothing changes nothing.
    pub fn parse(text: &str) -> Self {
        let mut layout = Self::default();
        for word in text.split(' ') {
            match (word, word.parse::<ListColumn>()) {
                (Self::COMPACT, _) => layout.compact = true,
                (_, Ok(column)) if layout.shows(column) => layout.hidden.push(column),
                _ => {}
            }
        }
        layout
    }

    /// Whether the list has a column.
    pub fn shows(&self, column: ListColumn) -> bool {
        !self.hidden.contains(&column)
    }
}

/// Words between spaces; none for the usual layout.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compact = self.compact.then_some(Self::COMPACT);
        let words = compact
            .into_iter()
            .chain(self.hidden.iter().map(|column| column.code()));
        f.write_str(&words.collect::<Vec<_>>().join(" "))
    }
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// The views, by name.
    pub views: Vec<SavedView>,
    /// The layout.
    pub layout: Layout,
}

/// Arranging the list of terminals.
#[async_trait]
pub trait ListSettings: Send + Sync {
    /// What the caller has arranged.
    ///
    /// **Permissions:** any caller; each has an own one.
    async fn get(&self, caller: &Caller) -> Result<Arrangement, AppError>;

    /// Saves query parameters under a name. What was saved under it before is replaced.
    ///
    /// **Permissions:** any user.
    ///
    /// # Errors
    /// [`crate::error::Invalid::Name`], [`crate::error::Invalid::Form`] of more than [`VIEW_BYTES`], and
    /// [`crate::error::Invalid::TooManyViews`].
    async fn save_view(&self, caller: &Caller, name: &str, query: &str) -> Result<Saved, AppError>;

    /// Gives a view another name.
    ///
    /// **Permissions:** whose view it is.
    ///
    /// # Errors
    /// [`AppError::NotFound`], [`crate::error::Invalid::Name`], and [`crate::error::Invalid::ViewTaken`] where another view
    /// has the name.
    async fn rename_view(&self, caller: &Caller, view: SavedViewId, name: &str) -> Result<(), AppError>;

    /// Forgets a view.
    ///
    /// **Permissions:** whose view it is.
    ///
    /// # Errors
    /// [`AppError::NotFound`].
    async fn delete_view(&self, caller: &Caller, view: SavedViewId) -> Result<(), AppError>;

    /// Lays the list out.
    ///
    /// **Permissions:** any user.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    async fn set_layout(&self, caller: &Caller, layout: &Layout) -> Result<(), AppError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_read_as_it_was_written() {
        for (text, hidden, compact) in [
            ("", vec![], false),
            ("compact", vec![], true),
            (
                "compact name last_seen",
                vec![ListColumn::Name, ListColumn::LastSeen],
                true,
            ),
        ] {
            let layout = Layout { hidden, compact };
            assert_eq!(Layout::parse(text), layout);
            assert_eq!(layout.to_string(), text);
        }
        let odd = Layout::parse("name  sn colour name COMPACT");
        assert_eq!((odd.to_string().as_str(), odd.shows(ListColumn::Name)), ("name", false));
    }
}
