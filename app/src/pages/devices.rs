//! 设备管理 and 终端管理: one list under two scopes.

use super::guard::{Answer, Visit, guarded};
use super::{devices_filters, devices_layout, devices_select, devices_table, devices_views};
use crate::backend::page::{Cursor, Page};
use crate::backend::terminals::TerminalFilters;
use crate::backend::verdicts::Judged;
use crate::caller::Caller;
use crate::components::export_links::export_links;
use crate::components::field::{Field, select};
use crate::components::html::{Html, Rendered};
use crate::components::phone_fold::phone_fold;
use crate::components::{empty::empty, pager::pager};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;

/// Where a merchant's list is.
pub(super) const DEVICES: &str = "/devices";

/// Where the platform's list is.
pub const TERMINALS: &str = "/terminals";

/// The merchant's terminals.
#[component]
pub(super) fn DevicesPage() -> impl IntoView {
    guarded(async move |visit| {
        if visit.is_platform() {
            let query = visit.rendering.path_and_query.strip_prefix(DEVICES).unwrap_or_default();
            return Ok(Answer::Elsewhere(format!("{TERMINALS}{query}")));
        }
        let title = t!(visit.locale(), common.devices);
        list(visit, title, DEVICES).await
    })
}

/// Where the caller's list is; a merchant's for whoever is not signed in.
pub(super) fn list_path(caller: Option<&Caller>) -> &'static str {
    match caller {
        Some(caller) if caller.role().is_platform() => TERMINALS,
        _ => DEVICES,
    }
}

/// Everybody's terminals, for the platform.
#[component]
pub(super) fn TerminalsPage() -> impl IntoView {
    guarded(async move |visit| {
        visit.caller.platform_viewer()?;
        let title = t!(visit.locale(), common.terminals);
        list(visit, title, TERMINALS).await
    })
}

async fn list(visit: Visit, title: &'static str, path: &'static str) -> Result<Answer, AppError> {
    let (locale, now, platform) = (visit.locale(), visit.rendering.now, visit.is_platform());
    let asked = devices_filters::asked(&visit.query, visit.rendering.zone);
    let filters = visit.backend.terminals.filters(&visit.caller).await?;
    let page = visit.backend.verdicts.page(&visit.caller, &asked).await?;
    let arrangement = visit.backend.list_settings.get(&visit.caller).await?;
    let kept = devices_filters::kept(&visit.query);
    let here = devices_filters::written(&kept);
    let views = &arrangement.views;
    let narrowed = asked.is_narrowed();
    // Where the list begins; whoever goes on in it has seen them.
    let counted = asked.cursor.is_none();
    let this = (counted && narrowed && !page.rows.is_empty()).then(|| asked.clone());
    let first = usize::from(this.is_some());
    let each = views.iter().filter(|_| counted).map(|view| Query::parse(&view.query));
    let each: Vec<_> = this
        .into_iter()
        .chain(each.map(|query| devices_filters::asked(&query, visit.rendering.zone)))
        .collect();
    let amounts = visit.backend.verdicts.amounts(&visit.caller, &each).await?;
    let (this, amounts) = amounts.split_at(first);
    let amount = this.first().copied().flatten();
    let amount = amount.and_then(|amount| devices_filters::amount_line(locale, amount));
    // Whoever may do something with several terminals may tick them.
    let may_select = visit.caller.code_issuer().is_ok();
    let selects = may_select && devices_select::wanted(&visit.query);
    let toggle = may_select.then(|| devices_select::toggle(locale, path, &visit.query, &kept));
    let mark = ("select", if selects { "1" } else { "" });
    let place = kept.iter().copied().chain([mark]).collect::<Vec<_>>();
    let pager = pager(locale, &page, path, &place);
    let head = |by| devices_filters::head(locale, path, &kept, &visit.query, by);
    let further = devices_filters::unfinished(&page, &asked).map(|cursor| further(locale, path, &place, &page, cursor));
    let body = if page.rows.is_empty() && further.is_some() {
        ().rendered()
    } else if page.rows.is_empty() {
        nothing(locale, platform, narrowed, path).rendered()
    } else if selects {
        let rows = page.rows.into_iter().map(|judged| judged.row).collect();
        devices_select::table(locale, platform, path, &visit.query, &kept, rows).rendered()
    } else {
        devices_table::table(locale, now, platform, &arrangement.layout, &head, &page.rows).rendered()
    };
    let body = view! {
        {form(locale, platform, path, &visit.query, filters, narrowed)}
        {devices_views::links(locale, path, &here, views, amounts)}
        <div class="flex flex-wrap gap-x-4 gap-y-2 items-start mb-3 no-print">
            {amount} {toggle} {devices_views::manage(locale, &visit.query, &here, views)}
            {devices_layout::form(locale, platform, &here, &arrangement.layout)} {export_links(locale, path, &kept)}
        </div>
        {body}
        {further}
        {pager}
    };
    Ok(Answer::page(title, body))
}

/// The states that the list can be narrowed to: values and words.
fn states(locale: Locale, platform: bool) -> Vec<(String, String)> {
    let unregistered = [
        ("unassigned", t!(locale, word.unregistered_unassigned)),
        ("awaiting", t!(locale, word.unregistered_awaiting)),
    ];
    let states = [
        ("", t!(locale, common.any)),
        ("registered", t!(locale, word.registered)),
        ("unregistered", t!(locale, word.unregistered)),
    ];
    let rest = [
        ("suspended", t!(locale, word.suspended)),
        ("retired", t!(locale, word.retired)),
    ];
    let unregistered = unregistered.into_iter().filter(|_| platform);
    let all = states.into_iter().chain(unregistered).chain(rest);
    all.map(|(value, word)| (value.to_owned(), word.to_owned())).collect()
}

fn form(
    locale: Locale,
    platform: bool,
    path: &'static str,
    query: &Query,
    filters: TerminalFilters,
    narrowed: bool,
) -> impl IntoView + use<> {
    let hint = if platform {
        t!(locale, devices.search_hint_platform)
    } else {
        t!(locale, devices.search_hint)
    };
    let search = Field {
        name: "q",
        label: t!(locale, devices.search).to_owned(),
        hint: Some(hint),
        value: query.field("q"),
        kind: "search",
        ..Field::default()
    };
    let any = || std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let stores = filters.stores.into_iter().map(|(id, name)| (id.to_string(), name));
    let stores = (!platform).then(|| {
        select(
            "store",
            t!(locale, devices.store),
            any().chain(stores),
            &query.field("store"),
        )
    });
    let models = filters.models.into_iter().map(|model| (model.clone(), model));
    let used = query.used(&devices_filters::FILTERS[1..]);
    let fields = view! {
        {select("state", t!(locale, devices.state), states(locale, platform), &query.field("state"))}
        {stores}
        {select("model", t!(locale, devices.model), any().chain(models), &query.field("model"))}
        {devices_filters::sort_field(locale, query)}
        {devices_filters::folded(locale, platform, query)}
    };
    view! {
        <search>
            <form class="grid gap-3 grid-cols-2 lg:grid-cols-5 items-start mb-4" method="get" action=path>
                <div class="max-lg:col-span-2">{search.view()}</div>
                {phone_fold(t!(locale, devices.filters), used, devices_filters::has_wrong_date(query), fields)}
                <div class="flex flex-wrap gap-2 max-lg:col-span-2">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href=path>{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}

/// What is said where a page ends before it is full, and the way on.
fn further(locale: Locale, path: &str, place: &[(&str, &str)], page: &Page<Judged>, cursor: &Cursor) -> Html {
    let title = if page.rows.is_empty() {
        t!(locale, devices.nothing_yet)
    } else {
        t!(locale, devices.looked_so_far)
    };
    let key = cursor.to_string();
    let here = [(cursor.parameter(), key.as_str())];
    let href = address(path, place.iter().copied().chain(here));
    view! {
        <div class="card bg-base-100 border border-base-300 p-4 gap-2 items-start mt-4">
            <h2 class="font-semibold">{title}</h2>
            <p class="max-w-prose">{t!(locale, devices.looked_so_far_text)}</p>
            <a class="btn btn-primary" href=href>
                {t!(locale, devices.look_further)}
            </a>
        </div>
    }
    .rendered()
}

fn nothing(locale: Locale, platform: bool, narrowed: bool, path: &str) -> impl IntoView + use<> {
    let (title, text, href, word) = match (narrowed, platform) {
        (true, _) => (
            t!(locale, devices.nothing_found),
            t!(locale, devices.nothing_found_text),
            path,
            t!(locale, common.clear),
        ),
        (false, true) => (
            t!(locale, devices.empty_platform),
            t!(locale, devices.empty_text_platform),
            "/terminals/import",
            t!(locale, common.import),
        ),
        (false, false) => (
            t!(locale, devices.empty),
            t!(locale, devices.empty_text),
            "/devices/register",
            t!(locale, common.register),
        ),
    };
    empty(title, text, Some((address(href, []), word)))
}
