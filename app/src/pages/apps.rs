//! 应用管理: the apps that a merchant may run, and where they are.

use super::app_address;
use super::guard::{Answer, Visit, guarded};
use crate::backend::apps::{Allowed, OwnApp, OwnApps, Reach};
use crate::backend::page::Cursor;
use crate::components::app_words::{ends_soon, named, until};
use crate::components::html::{Html, Rendered};
use crate::components::stacked_table::stacked_table;
use crate::components::{empty::empty, format, icon, pager::pager};
use crate::domain::Timestamp;
use crate::error::AppError;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The apps of the caller's merchant. The platform has the catalogue.
#[component]
pub(super) fn AppsPage() -> impl IntoView {
    guarded(apps)
}

async fn apps(visit: Visit) -> Result<Answer, AppError> {
    if visit.is_platform() {
        return Ok(Answer::Elsewhere("/catalogue".to_owned()));
    }
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let by = visit.caller.merchant_member()?;
    let cursor = Cursor::from_query(visit.query.get("after"), visit.query.get("before"));
    let OwnApps { page, ended } = visit.backend.apps.list(by, cursor.as_ref()).await?;
    let pager = pager(locale, &page, "/apps", &[]);
    let soon = page
        .rows
        .iter()
        .filter(|app| soonest(app).is_some_and(|at| ends_soon(now, Some(at))))
        .count();
    let list = if page.rows.is_empty() {
        empty(t!(locale, apps.empty), t!(locale, apps.empty_text), None).rendered()
    } else {
        table(locale, now, &page.rows)
    };
    let body = view! {
        <div class="flex flex-col gap-4">
            <p class="max-w-prose">{t!(locale, apps.intro)}</p>
            {(soon > 0).then(|| notice(t!(locale, apps.soon_notice, count = format::grouped(soon as u64))))}
            {(ended > 0).then(|| notice(t!(locale, apps.ended_notice, count = format::grouped(ended))))}
            <div>{list} {pager}</div>
        </div>
    };
    Ok(Answer::page(t!(locale, common.apps), body))
}

/// The instant at which the first of an app's authorizations ends.
fn soonest(app: &OwnApp) -> Option<Timestamp> {
    app.allowed.iter().filter_map(|allowed| allowed.until).min()
}

fn notice(text: String) -> impl IntoView {
    view! {
        <div role="status" class="alert alert-warning alert-outline bg-base-100">
            {icon::icon(icon::WAITING)} <p class="text-base-content">{text}</p>
        </div>
    }
}

fn table(locale: Locale, now: Timestamp, rows: &[OwnApp]) -> Html {
    let rows = rows.iter().map(|app| row(locale, now, app)).collect_view();
    stacked_table(
        t!(locale, apps.caption),
        [
            t!(locale, apps.app),
            t!(locale, apps.allowed),
            t!(locale, apps.where_installed),
            t!(locale, apps.versions),
        ],
        rows,
    )
}

fn row(locale: Locale, now: Timestamp, app: &OwnApp) -> impl IntoView + use<> {
    let href = app_address(app.app.package.as_str(), false);
    view! {
        <tr
            role="row"
            class="max-md:flex max-md:flex-col max-md:gap-3 max-md:p-4 max-md:bg-base-100 max-md:border max-md:border-base-300 max-md:rounded-box"
        >
            <td role="cell">
                {named(locale, &app.app, Some(href))} <p class="text-sm">{app.app.publisher.clone()}</p>
            </td>
            <td role="cell">{reaches(locale, now, app)}</td>
            <td role="cell">{places(locale, app)}</td>
            <td role="cell">{versions(locale, app)}</td>
        </tr>
    }
}

/// Where an app may run, and until when.
pub(super) fn reaches(locale: Locale, now: Timestamp, app: &OwnApp) -> Html {
    let reach = |allowed: &Allowed| {
        let whom = match &allowed.reach {
            Reach::Everywhere => t!(locale, apps.everywhere).to_owned(),
            Reach::Store(name) => t!(locale, apps.in_store, name = name.clone()),
            Reach::Terminal(sn) => t!(locale, apps.on_one, sn = sn.clone()),
        };
        view! {
            <li class="flex flex-col gap-0.5">
                <span class="font-medium">{whom}</span>
                {until(locale, now, allowed.until)}
            </li>
        }
    };
    let reaches = app.allowed.iter().map(reach).collect_view();
    let more = (app.allowed_more > 0)
        .then(|| view! { <li>{t!(locale, apps.more_reaches, count = format::grouped(app.allowed_more))}</li> });
    view! { <ul class="flex flex-col gap-2">{reaches} {more}</ul> }.rendered()
}

/// Where an app is, and where it could not be installed.
pub(super) fn places(locale: Locale, app: &OwnApp) -> Html {
    let stores = app
        .stores
        .iter()
        .map(|(store, count)| {
            let store = store.clone().unwrap_or_else(|| t!(locale, apps.no_store).to_owned());
            let count = format::grouped(*count);
            view! { <li>{t!(locale, apps.store_count, store, count)}</li> }
        })
        .collect_view();
    let more = (app.stores_more > 0)
        .then(|| view! { <li>{t!(locale, apps.more_stores, count = format::grouped(app.stores_more))}</li> });
    let installing = (app.installing > 0)
        .then(|| view! { <p>{t!(locale, apps.installing_count, count = format::grouped(app.installing))}</p> });
    let failed = (app.failed > 0).then(|| {
        let href = format!("{}?state=failed", app_address(app.app.package.as_str(), false));
        let count = format::grouped(app.failed);
        view! {
            <p>
                <a class="link font-medium text-error" href=href>{t!(locale, apps.failed_count, count)}</a>
            </p>
        }
    });
    view! {
        <div class="flex flex-col gap-1">
            <p class="font-medium">{t!(locale, apps.installed_count, count = format::grouped(app.installed))}</p>
            <ul class="text-sm">{stores} {more}</ul>
            {installing}
            {failed}
        </div>
    }
    .rendered()
}

/// Which versions are installed, and which one is the newest.
pub(super) fn versions(locale: Locale, app: &OwnApp) -> Html {
    let installed = app
        .versions
        .iter()
        .map(|(version, count)| {
            let (version, count) = (version.clone(), format::grouped(*count));
            view! { <li class="tabular-nums">{t!(locale, apps.version_count, version, count)}</li> }
        })
        .collect_view();
    let newest = match &app.newest {
        Some(version) => {
            view! { <p class="text-sm">{t!(locale, apps.newest, version = version.clone())}</p> }.rendered()
        }
        None => format::NOTHING.rendered(),
    };
    view! { <ul>{installed}</ul> {newest} }.rendered()
}
