//! What rows of a file would do, for whoever has to say whether they go in.

use super::Field;
use crate::backend::terminals::MerchantRef;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Most rows of each [`Effect`] that are shown before they go in.
pub const PREVIEW_ROWS: usize = 50;

/// What a row of a file does to the terminal that it speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Effect {
    /// The terminal is new.
    Created,
    /// The terminal was there with other facts.
    Updated,
    /// The terminal was there just so.
    Skipped,
}

impl Effect {
    /// The stable code, as stored.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// A fact of a terminal that a row changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactChange {
    /// Which one.
    pub field: Field,
    /// What it is; `None` when there is nothing.
    pub before: Option<String>,
    /// What the row makes of it.
    pub after: Option<String>,
}

/// A row of a file with the terminal as it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewRow {
    /// What the row would do.
    pub effect: Effect,
    /// Line of the file where the row begins, or row of the sheet; the first is 1.
    pub line: u64,
    /// Serial number as the file has it, which need not be the whole of a long one.
    pub sn: String,
    /// Name of the terminal; empty when it has none.
    pub name: String,
    /// Whose it would be.
    pub merchant: Option<MerchantRef>,
    /// Name of the store where it would stand.
    pub store: Option<String>,
    /// What an update changes.
    pub changes: Vec<FactChange>,
}
