//! What is wrong with the rows of a file: a table of errors, and the words for the file that gives them back.

use crate::backend::imports::{ImportReport, MAX_ERRORS, RowError, RowFault};
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
    let caption = t!(locale, import.errors_caption);
    let rows = report.errors.iter().map(|error| fault(locale, error)).collect_view();
    let listed = report.errors.len() as u64;
    let mut lines: Vec<u64> = report.errors.iter().map(|error| error.line).collect();
    lines.dedup();
    let cut = report.rows_failed > lines.len() as u64 || report.errors.len() == MAX_ERRORS;
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
            <div class="overflow-x-auto bg-base-100 border border-base-300 rounded-box" tabindex="0" role="region" aria-label=caption>
                <table class="table">
                    <caption class="sr-only">{caption}</caption>
                    <thead>
                        <tr>
                            <th scope="col" class="text-end">{t!(locale, import.line)}</th>
                            <th scope="col">{t!(locale, import.column)}</th>
                            <th scope="col">{t!(locale, import.wrong)}</th>
                            <th scope="col">{t!(locale, import.found)}</th>
                            <th scope="col">{t!(locale, import.expected)}</th>
                            <th scope="col">{t!(locale, import.fix)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
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
    view! {
        <tr>
            <td class="text-end tabular-nums">{format::grouped(error.line)}</td>
            <td class="font-mono whitespace-nowrap">{or_nothing(&error.column)}</td>
            <td class="min-w-32">{what}</td>
            <td class="font-mono break-all min-w-32">{or_nothing(&error.found)}</td>
            <td class="min-w-40">{expected}</td>
            <td class="min-w-48">{fix}</td>
        </tr>
    }
}
