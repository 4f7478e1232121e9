//! Which column of a file is what, where its headings do not say.

use super::import_steps::MapImport;
use crate::backend::imports::{Field, ImportReport};
use crate::components::stacked_table::{CARD_ROW, stacked_table};
use crate::components::words;
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

/// The form that matches columns and fields.
pub(super) fn mapping(locale: Locale, report: &ImportReport) -> impl IntoView + use<> {
    let headings = report.mapping.headings;
    let rows = report
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let chosen = report.mapping.columns.get(place).copied().flatten();
            let named = Some(column.heading.trim()).filter(|heading| headings && !heading.is_empty());
            let heading = named.map_or_else(|| t!(locale, import.nth_column, n = place + 1), str::to_owned);
            let first = (!headings).then_some(column.heading.as_str());
            let samples = first.into_iter().chain(column.samples.iter().map(String::as_str));
            let samples: Vec<&str> = samples.filter(|sample| !sample.is_empty()).collect();
            let samples = samples.join(" · ");
            let id = format!("column-{place}");
            let name = format!("columns[{place}]");
            let options = Field::VARIANTS
                .iter()
                .map(|field| {
                    view! {
                        <option value=field.code() selected=chosen == Some(*field)>
                            {words::import_field(locale, *field)}
                        </option>
                    }
                })
                .collect_view();
            view! {
                <tr
                    role="row"
                    class=CARD_ROW
                >
                    <th role="rowheader" scope="row" class="text-sm align-top max-md:p-0">
                        <label for=id.clone() class="break-all">{heading}</label>
                    </th>
                    <td role="cell" class="font-mono break-all">{samples}</td>
                    <td role="cell">
                        <select class="select md:min-w-40" id=id name=name>
                            <option value="" selected=chosen.is_none()>{t!(locale, import.passed_over)}</option>
                            {options}
                        </select>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let constant = |field: Field, name: &'static str, label: &'static str, hint: &'static str| {
        let value = report.mapping.constants.get(&field).cloned().unwrap_or_default();
        let id = format!("all-{name}");
        let hint_id = format!("{id}-hint");
        view! {
            <div class="flex flex-col gap-1">
                <label class="font-medium" for=id.clone()>{label}</label>
                <input class="input w-full" id=id name=name value=value autocomplete="off" aria-describedby=hint_id.clone() />
                <p class="text-sm" id=hint_id>{hint}</p>
            </div>
        }
    };
    let table = stacked_table(
        t!(locale, import.mapping_caption),
        [
            t!(locale, import.file_column),
            t!(locale, import.samples),
            t!(locale, import.means),
        ],
        rows,
    );
    view! {
        <form class="flex flex-col gap-4" method="post" action=MapImport::PATH>
            <input type="hidden" name="import" value=report.id.to_string() />
            {table}
            <label class="flex items-center gap-2 tap">
                <input class="checkbox" type="checkbox" name="headings" value="true" checked=headings />
                {t!(locale, import.first_row_names)}
            </label>
            <div class="grid gap-3 sm:grid-cols-2 max-w-2xl">
                {constant(
                    Field::Manufacturer,
                    "manufacturer",
                    t!(locale, import.all_manufacturer),
                    t!(locale, import.all_hint),
                )}
                {constant(Field::Model, "model", t!(locale, import.all_model), t!(locale, import.all_hint))}
            </div>
            <button class="btn btn-primary self-start" type="submit">{t!(locale, import.map)}</button>
        </form>
    }
}
