//! One app of a merchant, with the terminals that it concerns.

use super::apps::{places, reaches, versions};
use super::guard::{Answer, Visit, guarded};
use super::{app_address, device_address};
use crate::backend::apps::{AppTerminal, AppTerminalQuery, OwnAppPage};
use crate::backend::page::Cursor;
use crate::components::app_words::{either, install, install_cell, named, policy_cell};
use crate::components::field::select;
use crate::components::html::{Html, Rendered};
use crate::components::stacked_table::{CARD_ROW, stacked_table};
use crate::components::{empty::empty, format, pager::pager};
use crate::domain::{InstallState, PackageName, Timestamp};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use strum::VariantArray;

/// One app. The path has its package name. The platform has the catalogue.
#[component]
pub(super) fn AppPage() -> impl IntoView {
    guarded(app)
}

async fn app(visit: Visit) -> Result<Answer, AppError> {
    let package = PackageName::parse(visit.param("package")).map_err(|_| AppError::NotFound)?;
    if visit.is_platform() {
        return Ok(Answer::Elsewhere(app_address(package.as_str(), true)));
    }
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let by = visit.caller.merchant_member()?;
    let query = AppTerminalQuery {
        state: visit.query.get("state").and_then(|state| state.parse().ok()),
        cursor: Cursor::from_query(visit.query.get("after"), visit.query.get("before")),
    };
    let found = visit.backend.apps.get(by, &package, &query).await?;
    let page = found.ok_or(AppError::NotFound)?;
    let path = app_address(package.as_str(), false);
    let kept = [("state", visit.query.get("state").unwrap_or_default())];
    let pager = pager(locale, &page.terminals, &path, &kept);
    let list = if !page.terminals.rows.is_empty() {
        table(locale, now, &page)
    } else if query.state.is_some() {
        let way = Some((path.clone(), t!(locale, common.clear)));
        empty(t!(locale, apps.no_terminals), t!(locale, apps.no_terminals_text), way).rendered()
    } else {
        empty(t!(locale, apps.no_terminals), t!(locale, apps.no_terminals_here), None).rendered()
    };
    let body = view! {
        <div class="flex flex-col gap-6">
            {facts(locale, now, &page)}
            <section aria-labelledby="terminals-title">
                <h2 class="text-lg font-semibold mb-2" id="terminals-title">{t!(locale, apps.terminals)}</h2>
                {filter(locale, &path, query.state)}
                {list}
                {pager}
            </section>
            <p>
                <a class="btn" href="/apps">{t!(locale, apps.back)}</a>
            </p>
        </div>
    };
    Ok(Answer::page(t!(locale, apps.one), body))
}

fn facts(locale: Locale, now: Timestamp, page: &OwnAppPage) -> impl IntoView + use<> {
    let app = &page.app;
    let notes = page.notes.as_ref().map(|(zh, en, published)| {
        let notes = either(locale, zh, en).to_owned();
        view! {
            <p class="whitespace-pre-line">{notes}</p>
            <p class="text-sm">{t!(locale, apps.published)} " " {format::time(locale, now, *published)}</p>
        }
    });
    let firmware = page.min_firmware.as_ref().map(
        |firmware| view! { <p class="text-sm">{t!(locale, apps.needs_firmware, firmware = firmware.clone())}</p> },
    );
    let fact = |word: &'static str, fact: Html| {
        view! {
            <div>
                <dt class="text-sm">{word}</dt>
                <dd>{fact}</dd>
            </div>
        }
    };
    let newest = view! { <div class="flex flex-col gap-1">{versions(locale, app)} {notes} {firmware}</div> };
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4">
            {named(locale, &app.app, None)}
            <dl class="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
                {fact(t!(locale, apps.publisher), app.app.publisher.clone().rendered())}
                {fact(t!(locale, apps.allowed), reaches(locale, now, app))}
                {fact(t!(locale, apps.where_installed), places(locale, app))}
                {fact(t!(locale, apps.versions), newest.rendered())}
            </dl>
        </section>
    }
}

fn filter(locale: Locale, path: &str, state: Option<InstallState>) -> impl IntoView + use<> {
    let any = std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let states = InstallState::VARIANTS
        .iter()
        .map(|state| (state.code().to_owned(), install(locale, *state).to_owned()));
    let selected = state.map_or("", InstallState::code);
    let clear = state.map(|_| view! { <a class="btn" href=path.to_owned()>{t!(locale, common.clear)}</a> });
    view! {
        <search>
            <form class="flex flex-wrap gap-3 items-end mb-4" method="get" action=path.to_owned()>
                <div class="min-w-48">{select("state", t!(locale, apps.install_title), any.chain(states), selected)}</div>
                <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                {clear}
            </form>
        </search>
    }
}

fn table(locale: Locale, now: Timestamp, page: &OwnAppPage) -> Html {
    let newest = page.app.newest.as_deref();
    let rows = page
        .terminals
        .rows
        .iter()
        .map(|terminal| row(locale, now, newest, terminal))
        .collect_view();
    stacked_table(
        t!(locale, apps.terminals_caption),
        [
            t!(locale, devices.sn),
            t!(locale, devices.store),
            t!(locale, apps.policy_title),
            t!(locale, apps.install_title),
        ],
        rows,
    )
}

fn row(locale: Locale, now: Timestamp, newest: Option<&str>, row: &AppTerminal) -> impl IntoView + use<> {
    let terminal = &row.terminal;
    let href = device_address(terminal.sn.as_str(), Some(terminal.manufacturer.as_str()));
    let store = terminal.store.clone().unwrap_or_else(|| format::NOTHING.to_owned());
    view! {
        <tr
            role="row"
            class=CARD_ROW
        >
            <td role="cell">
                <a class="link code" href=href>{terminal.sn_printed.clone()}</a>
                <p>{terminal.name.clone()}</p>
            </td>
            <td role="cell">{store}</td>
            <td role="cell">{policy_cell(locale, now, row.policy, row.until)}</td>
            <td role="cell">{install_cell(locale, now, row.install.as_ref(), newest)}</td>
        </tr>
    }
}
