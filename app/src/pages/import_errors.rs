//! What is wrong with the rows of a file: a table of errors, and the words for the file that gives them back.

use crate::backend::imports::{ImportReport, RowError, RowFault};
use crate::components::stacked_table::{CARD_ROW, Heading, stacked_table};
use crate::components::{format, words};
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// Where the refused rows of an import are to be had as a file.
pub const REJECTS: &str = "/terminals/import/{id}/rejects";

/// The heading of the column with the errors in that file.
pub fn error_heading(locale: Locale) -> &'static str {
    t!(locale, import.error_heading)
}

/// What is wrong with a row and how to mend it, for that column.
pub fn error_words(locale: Locale, faults: &[(Option<String>, RowFault)]) -> String {
    let each = faults.iter().map(|(column, fault)| {
        let (what, _, fix) = words::row_fault(locale, *fault);
        match column {
            Some(column) => t!(
                locale,
                import.error_in_column,
                column = column.clone(),
                what = what,
                fix = fix
            ),
            None => t!(locale, import.error_in_row, what = what, fix = fix),
        }
    });
    each.collect::<Vec<_>>().join(" ")
}

/// The faults, one row each, and the way to the refused rows.
pub(super) fn errors(locale: Locale, report: &ImportReport) -> impl IntoView + use<> {
    let rows = report.errors.iter().map(|error| fault(locale, error)).collect_view();
    let table = stacked_table(
        t!(locale, import.errors_caption),
        [
            Heading::of_numbers(t!(locale, import.line)),
            t!(locale, import.column).into(),
            t!(locale, import.wrong).into(),
            t!(locale, import.found).into(),
            t!(locale, import.expected).into(),
            t!(locale, import.fix).into(),
        ],
        rows,
    );
    let listed = report.errors.len() as u64;
    let mut lines: Vec<u64> = report.errors.iter().map(|error| error.line).collect();
    lines.dedup();
    let cut = report.rows_failed > lines.len() as u64;
    let more = cut.then(|| {
        let count = format::grouped(listed);
        view! { <p class="mt-2">{t!(locale, import.errors_more, count)}</p> }
    });
    let file = report.has_rejects.then(|| {
        let href = REJECTS.replace("{id}", &report.id.to_string());
        view! {
            <p class="mb-3">
                <a class="btn" href=href download="">
                    {t!(locale, import.rejects)}
                </a>
                <span class="block text-sm mt-1">{t!(locale, import.rejects_hint)}</span>
            </p>
        }
    });
    view! {
        <section aria-labelledby="errors-title">
            <h2 class="text-lg font-semibold mb-2" id="errors-title">{t!(locale, import.errors)}</h2>
            {file}
            {table}
            {more}
        </section>
    }
}

fn fault(locale: Locale, error: &RowError) -> impl IntoView + use<> {
    let (what, expected, fix) = words::row_fault(locale, error.fault);
    let or_nothing = |text: &Option<String>| {
        let text = text
            .as_deref()
            .filter(|text| !text.is_empty())
            .unwrap_or(format::NOTHING);
        text.chars().take(200).collect::<String>()
    };
    let word = |word: &'static str| view! { <span class="md:hidden font-sans">{word} " "</span> };
    view! {
        <tr
            role="row"
            class=CARD_ROW
        >
            <td role="cell" class="md:text-end tabular-nums">{word(t!(locale, import.line))} {format::grouped(error.line)}</td>
            <td role="cell" class="font-mono md:whitespace-nowrap">
                {word(t!(locale, import.column))} {or_nothing(&error.column)}
            </td>
            <td role="cell" class="md:min-w-32 max-md:font-semibold">{what}</td>
            <td role="cell" class="font-mono break-all md:min-w-32">{word(t!(locale, import.found))} {or_nothing(&error.found)}</td>
            <td role="cell" class="md:min-w-32">{word(t!(locale, import.expected))} {expected}</td>
            <td role="cell" class="md:min-w-40">{word(t!(locale, import.fix))} {fix}</td>
        </tr>
    }
}
