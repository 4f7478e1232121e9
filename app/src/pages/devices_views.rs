//! Saved views of the list: search, filters and order under a name.

use super::devices::list_path;
use super::devices_filters;
use crate::backend::list_settings::{Saved, SavedView};
use crate::backend::terminals::Amount;
use crate::components::field::Field;
use crate::components::html::{Html, Rendered};
use crate::domain::{Name, SavedViewId};
use crate::error::AppError;
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// The query parameter with the name that was typed, when it could not be used.
pub(super) const TYPED: &str = "view_name";

/// Saves what the list shows under a name; leads back to the list.
#[server(prefix = "/actions", endpoint = "view-save")]
pub async fn save_view(
    #[server(default)] view_name: String,
    #[server(default)] query: String,
) -> Result<(), ServerFnError> {
    let path = list_path(actor().ok().as_ref().map(|(caller, _)| caller));
    let shown = Query::parse(&query);
    let kept = devices_filters::kept(&shown);
    let typed: String = view_name.chars().take(Name::MAX_CHARS).collect();
    let back = address(path, kept.into_iter().chain([(TYPED, typed.as_str())]));
    action(back, async move {
        let (caller, backend) = actor()?;
        let query = devices_filters::written(&kept);
        let notice = match backend.list_settings.save_view(&caller, &view_name, &query).await? {
            Saved::Added => Notice::ViewSaved,
            Saved::Replaced => Notice::ViewReplaced,
        };
        Ok(redirect_with(address(path, kept), Flash::Done(notice)))
    })
    .await
}

/// Gives one of the caller's views another name; leads back to the list.
#[server(prefix = "/actions", endpoint = "view-rename")]
pub async fn rename_view(
    #[server(default)] view: String,
    #[server(default)] view_name: String,
    #[server(default)] query: String,
) -> Result<(), ServerFnError> {
    let back = devices_filters::back_to_list(&query);
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        backend
            .list_settings
            .rename_view(&caller, key(&view)?, &view_name)
            .await?;
        Ok(redirect_with(back, Flash::Done(Notice::ViewRenamed)))
    })
    .await
}

/// Forgets one of the caller's views; leads back to the list.
#[server(prefix = "/actions", endpoint = "view-delete")]
pub async fn delete_view(
    #[server(default)] view: String,
    #[server(default)] query: String,
) -> Result<(), ServerFnError> {
    let back = devices_filters::back_to_list(&query);
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        backend.list_settings.delete_view(&caller, key(&view)?).await?;
        Ok(redirect_with(back, Flash::Done(Notice::ViewDeleted)))
    })
    .await
}

fn key(text: &str) -> Result<SavedViewId, AppError> {
    text.parse().map_err(|_| AppError::NotFound)
}

/// The views as links, each with how many terminals it has where that was asked for; nothing where there are none.
pub(super) fn links(
    locale: Locale,
    path: &str,
    here: &str,
    views: &[SavedView],
    amounts: &[Option<Amount>],
) -> Option<impl IntoView + use<>> {
    let entries = views
        .iter()
        .enumerate()
        .map(|(at, view)| {
            let href = if view.query.is_empty() {
                path.to_owned()
            } else {
                format!("{path}?{}", view.query)
            };
            let count = amounts.get(at).copied().flatten();
            let count = count.and_then(|amount| devices_filters::amount_words(locale, amount));
            let count = count.map(|words| {
                view! { <span class="tabular-nums font-normal text-sm">{words}</span> }
            });
            let current = (view.query == here).then_some("true");
            view! {
                <li class="max-w-full">
                    <a class="btn btn-sm view-link" href=href aria-current=current>
                        <bdi class="truncate max-w-60">{view.name.clone()}</bdi>
                        {count}
                    </a>
                </li>
            }
        })
        .collect_view();
    (!views.is_empty()).then(|| {
        view! {
            <nav class="mb-3 no-print" aria-label=t!(locale, devices.views)>
                <ul class="flex flex-wrap gap-2">{entries}</ul>
            </nav>
        }
    })
}

/// The forms: one that saves what the list shows, where it is narrowed or in another order, and one for each view.
pub(super) fn manage(locale: Locale, query: &Query, here: &str, views: &[SavedView]) -> Option<impl IntoView + use<>> {
    let known = views.iter().find(|view| view.query == here);
    let save = (!here.is_empty()).then(|| save_form(locale, here, &query.field(TYPED), known));
    let rows = views.iter().map(|view| row(locale, here, view)).collect_view();
    let list = (!views.is_empty()).then(|| {
        view! {
            <ul class="flex flex-col gap-3 border-t border-base-300 pt-3">{rows}</ul>
        }
    });
    let open = query.get(TYPED).is_some();
    (!here.is_empty() || !views.is_empty()).then(|| {
        view! {
            <details class="no-print max-w-full" open=open>
                <summary class="tap cursor-pointer font-medium w-fit min-h-8 content-center">
                    {t!(locale, devices.views_manage)}
                </summary>
                <div class="card bg-base-100 border border-base-300 p-4 gap-3 mt-2 max-w-xl">{save} {list}</div>
            </details>
        }
    })
}

fn save_form(locale: Locale, here: &str, typed: &str, known: Option<&SavedView>) -> Html {
    let name = known.filter(|_| typed.is_empty()).map(|view| view.name.clone());
    let field = Field {
        name: "view_name",
        label: t!(locale, devices.view_name).to_owned(),
        hint: Some(t!(locale, devices.view_name_hint)),
        value: name.unwrap_or_else(|| typed.to_owned()),
        required: true,
        ..Field::default()
    };
    view! {
        <form class="flex flex-col gap-3 items-start" method="post" action=SaveView::PATH>
            <input type="hidden" name="query" value=here.to_owned() />
            <div class="w-full">{field.view()}</div>
            <button class="btn btn-primary" type="submit">
                {t!(locale, devices.view_save)}
            </button>
        </form>
    }
    .rendered()
}

fn row(locale: Locale, here: &str, view: &SavedView) -> impl IntoView + use<> {
    let id = view.id.to_string();
    let name = view.name.clone();
    let label = t!(locale, devices.view_rename_label, name = name.as_str());
    let rename = t!(locale, devices.view_rename_which, name = name.as_str());
    let delete = t!(locale, devices.view_delete_which, name = name.as_str());
    view! {
        <li>
            <form class="flex flex-wrap gap-2" method="post" action=RenameView::PATH>
                <input type="hidden" name="view" value=id />
                <input type="hidden" name="query" value=here.to_owned() />
                <input
                    class="input input-sm grow basis-40 w-auto min-w-0"
                    name="view_name"
                    value=name
                    autocomplete="off"
                    required
                    aria-label=label
                />
                <button class="btn btn-sm" type="submit" aria-label=rename>
                    {t!(locale, devices.view_rename)}
                </button>
                <button class="btn btn-sm" type="submit" formaction=DeleteView::PATH formnovalidate aria-label=delete>
                    {t!(locale, devices.view_delete)}
                </button>
            </form>
        </li>
    }
}
