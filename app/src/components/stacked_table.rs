//! A table whose rows stand as cards on a phone, each cell below the other.

use crate::components::html::{Html, Rendered};
use leptos::prelude::*;

/// The class of a row that is a card on a phone.
pub(crate) const CARD_ROW: &str = "max-md:flex max-md:flex-col max-md:gap-2 max-md:p-4 max-md:bg-base-100 max-md:border max-md:border-base-300 max-md:rounded-box";

/// The head of a column.
#[derive(Clone, Copy)]
pub(crate) struct Heading {
    word: &'static str,
    numbers: bool,
}

impl Heading {
    /// Of a column of numbers, which stand with their last digits below each other.
    pub(crate) fn of_numbers(word: &'static str) -> Self {
        Self { word, numbers: true }
    }
}

impl From<&'static str> for Heading {
    fn from(word: &'static str) -> Self {
        Self { word, numbers: false }
    }
}

/// The table with the words of its caption, which is only read out, and of its columns. `rows` are `<tr>` elements. A table
/// that is shown as blocks is none to a screen reader, so that its parts say what they are.
pub(crate) fn stacked_table<const N: usize>(
    caption: &'static str,
    columns: [impl Into<Heading>; N],
    rows: impl IntoView,
) -> Html {
    let columns = columns.map(|column| {
        let Heading { word, numbers } = column.into();
        view! { <th role="columnheader" scope="col" class=numbers.then_some("text-end")>{word}</th> }
    });
    view! {
        <div class="md:overflow-x-auto md:bg-base-100 md:border border-base-300 rounded-box">
            <table
                role="table"
                class="table table-sm [&_td]:align-top max-md:block max-md:[&_td]:block max-md:[&_td]:p-0 max-md:[&_td]:border-0"
            >
                <caption class="sr-only">{caption}</caption>
                <thead role="rowgroup" class="max-md:sr-only">
                    <tr role="row">{columns.into_iter().collect_view()}</tr>
                </thead>
                <tbody role="rowgroup" class="max-md:flex max-md:flex-col max-md:gap-3">{rows.into_view()}</tbody>
            </table>
        </div>
    }
    .rendered()
}
