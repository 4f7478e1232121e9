//! Which columns the list has, and how close its rows stand.

use super::devices_filters;
use crate::backend::list_settings::{Layout, ListColumn};
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

/// What a form says for rows that stand close.
const COMPACT: &str = "compact";

/// Lays the list out: with the columns that are ticked. Leads back to the list.
#[server(prefix = "/actions", endpoint = "list-layout")]
pub async fn save_layout(
    #[server(default)] columns: Vec<String>,
    #[server(default)] density: String,
    #[server(default)] query: String,
) -> Result<(), ServerFnError> {
    let back = devices_filters::back_to_list(&query);
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        let ticked = |column: &ListColumn| columns.iter().any(|code| code == column.code());
        let layout = Layout {
            hidden: ListColumn::VARIANTS
                .iter()
                .copied()
                .filter(|column| !ticked(column))
                .collect(),
            compact: density == COMPACT,
        };
        backend.list_settings.set_layout(&caller, &layout).await?;
        Ok(redirect_with(back, Flash::Done(Notice::LayoutSaved)))
    })
    .await
}

/// The form, folded away.
pub(super) fn form(locale: Locale, platform: bool, here: &str, layout: &Layout) -> impl IntoView + use<> {
    let columns = ListColumn::VARIANTS
        .iter()
        .map(|column| {
            let shown = layout.shows(*column);
            view! {
                <label class="tap flex items-center gap-2">
                    <input class="checkbox" type="checkbox" name="columns[]" value=column.code() checked=shown />
                    {column_words(locale, platform, *column)}
                </label>
            }
        })
        .collect_view();
    let densities = [
        ("", t!(locale, devices.density_usual), !layout.compact),
        (COMPACT, t!(locale, devices.density_compact), layout.compact),
    ];
    let densities = densities
        .into_iter()
        .map(|(value, word, checked)| {
            view! {
                <label class="tap flex items-center gap-2">
                    <input class="radio" type="radio" name="density" value=value checked=checked />
                    {word}
                </label>
            }
        })
        .collect_view();
    view! {
        <details class="no-print max-w-full">
            <summary class="tap cursor-pointer font-medium w-fit min-h-8 content-center">{t!(locale, devices.layout)}</summary>
            <form
                class="card bg-base-100 border border-base-300 p-4 gap-3 mt-2 max-w-xl"
                method="post"
                action=SaveLayout::PATH
            >
                <input type="hidden" name="query" value=here.to_owned() />
                <fieldset>
                    <legend class="font-medium">{t!(locale, devices.columns)}</legend>
                    <p class="text-sm">{t!(locale, devices.columns_hint)}</p>
                    <div class="flex flex-wrap gap-x-6 gap-y-2 mt-2">{columns}</div>
                </fieldset>
                <fieldset>
                    <legend class="font-medium">{t!(locale, devices.density)}</legend>
                    <div class="flex flex-wrap gap-x-6 gap-y-2 mt-2">{densities}</div>
                </fieldset>
                <button class="btn btn-primary self-start" type="submit">
                    {t!(locale, devices.layout_save)}
                </button>
            </form>
        </details>
    }
}

/// What a column is called.
pub(super) fn column_words(locale: Locale, platform: bool, column: ListColumn) -> String {
    let word = match column {
        ListColumn::Name => t!(locale, devices.name),
        ListColumn::Place if platform => {
            return [t!(locale, devices.merchant), " · ", t!(locale, devices.store)].concat();
        }
        ListColumn::Place => t!(locale, devices.store),
        ListColumn::Model => t!(locale, devices.model),
        ListColumn::State => t!(locale, devices.state),
        ListColumn::Verdict => t!(locale, devices.verdict),
        ListColumn::LastSeen => t!(locale, devices.last_seen),
        ListColumn::Actions => t!(locale, devices.actions),
    };
    word.to_owned()
}
