//! 应用目录: which apps there are, for the platform.

use super::app_address;
use super::guard::{Answer, Visit, guarded};
use crate::backend::catalogue::{CatalogueQuery, CatalogueRow, NewApp};
use crate::backend::page::Cursor;
use crate::components::app_words::named;
use crate::components::field::{Field, select};
use crate::components::html::{Html, Rendered};
use crate::components::stacked_table::{CARD_ROW, stacked_table};
use crate::components::{empty::empty, format, pager::pager, words};
use crate::domain::{Name, PackageName, Timestamp};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// The query parameters of the list, without its place.
const FILTERS: [&str; 2] = ["q", "payment"];

/// What a form says of an app, each text cut to what can be right and a little more.
pub(super) fn typed_app(package: &str, name_zh: &str, name_en: &str, publisher: &str, payment: &str) -> NewApp {
    let short = |text: &str| text.chars().take(200).collect::<String>();
    NewApp {
        package: short(package),
        name_zh: short(name_zh),
        name_en: short(name_en),
        publisher: short(publisher),
        payment: payment == "true",
    }
}

/// The address of `path` with what was typed of an app.
pub(super) fn back_with(path: &str, mark: &str, new: &NewApp) -> String {
    let typed = [
        (mark, "1"),
        ("package", new.package.as_str()),
        ("name_zh", &new.name_zh),
        ("name_en", &new.name_en),
        ("publisher", &new.publisher),
        ("takes_payments", if new.payment { "true" } else { "false" }),
    ];
    address(path, typed)
}

/// Adds an app; leads to its page, or back with the reason.
#[server(prefix = "/actions", endpoint = "app-create")]
pub async fn create_app(
    #[server(default)] package: String,
    #[server(default)] name_zh: String,
    #[server(default)] name_en: String,
    #[server(default)] publisher: String,
    #[server(default)] payment: String,
) -> Result<(), ServerFnError> {
    let new = typed_app(&package, &name_zh, &name_en, &publisher, &payment);
    action(back_with("/catalogue", "new", &new), async move {
        let (caller, backend) = actor()?;
        let package = backend.catalogue.create(caller.platform_admin()?, &new).await?;
        let path = app_address(package.as_str(), true);
        Ok(redirect_with(path, Flash::Done(Notice::AppCreated)))
    })
    .await
}

/// The catalogue.
#[component]
pub(super) fn CataloguePage() -> impl IntoView {
    guarded(catalogue)
}

async fn catalogue(visit: Visit) -> Result<Answer, AppError> {
    let by = visit.caller.platform_viewer()?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let page = visit.backend.catalogue.list(by, &asked(&visit.query)).await?;
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let pager = pager(locale, &page, "/catalogue", &kept);
    let list = if !page.rows.is_empty() {
        table(locale, now, &page.rows)
    } else if narrowed {
        let way = Some(("/catalogue".to_owned(), t!(locale, common.clear)));
        empty(
            t!(locale, catalogue.nothing_found),
            t!(locale, catalogue.nothing_found_text),
            way,
        )
        .rendered()
    } else {
        empty(t!(locale, catalogue.empty), t!(locale, catalogue.empty_text), None).rendered()
    };
    let new = visit.caller.platform_admin().is_ok().then(|| new_form(&visit));
    let body = view! { {new} {form(locale, &visit.query, narrowed)} {list} {pager} };
    Ok(Answer::page(t!(locale, common.catalogue), body))
}

/// What the query parameters ask for. What is malformed asks for nothing.
fn asked(query: &Query) -> CatalogueQuery {
    CatalogueQuery {
        search: query.text("q"),
        payment: query.get("payment").and_then(|payment| payment.parse().ok()),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
}

fn form(locale: Locale, query: &Query, narrowed: bool) -> impl IntoView + use<> {
    let search = Field {
        name: "q",
        label: t!(locale, catalogue.search).to_owned(),
        hint: Some(t!(locale, catalogue.search_hint)),
        kind: "search",
        value: query.field("q"),
        ..Field::default()
    };
    let kinds = [
        ("", t!(locale, common.any)),
        ("true", t!(locale, apps.payment)),
        ("false", t!(locale, catalogue.other_apps)),
    ];
    let kinds = kinds.map(|(value, word)| (value.to_owned(), word.to_owned()));
    view! {
        <search>
            <form class="grid gap-3 grid-cols-2 lg:grid-cols-4 items-start mb-4" method="get" action="/catalogue">
                <div class="col-span-2">{search.view()}</div>
                {select("payment", t!(locale, catalogue.kind), kinds, &query.field("payment"))}
                <div class="flex flex-wrap gap-2 pt-7">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href="/catalogue">{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}

/// The form for a new app, folded away until it is wanted.
fn new_form(visit: &Visit) -> impl IntoView + use<> {
    let locale = visit.locale();
    let package = Field {
        name: "package",
        label: t!(locale, catalogue.package).to_owned(),
        hint: Some(t!(locale, catalogue.package_hint)),
        error: error_of(visit, &[Invalid::PackageMalformed, Invalid::PackageTaken]),
        value: visit.query.field("package"),
        required: true,
        ..Field::default()
    };
    let typed = NewApp {
        name_zh: visit.query.field("name_zh"),
        name_en: visit.query.field("name_en"),
        publisher: visit.query.field("publisher"),
        payment: visit.query.get("takes_payments") == Some("true"),
        ..NewApp::default()
    };
    view! {
        <details class="card bg-base-100 border border-base-300 p-4 mb-6 max-w-xl" open=visit.query.get("new").is_some()>
            <summary class="cursor-pointer font-medium py-2">{t!(locale, catalogue.add)}</summary>
            <p class="py-2">{t!(locale, catalogue.add_text)}</p>
            <form class="flex flex-col gap-4" method="post" action=CreateApp::PATH>
                {package.view()}
                {said_fields(visit, &typed)}
                <button class="btn btn-primary self-start" type="submit">{t!(locale, catalogue.create)}</button>
            </form>
        </details>
    }
}

/// What was wrong with a field, when the request before this one was refused for it.
pub(super) fn error_of(visit: &Visit, wrong: &[Invalid]) -> Option<String> {
    let code = match &visit.rendering.flash {
        Some(Flash::Error { code, .. }) => code.as_str(),
        _ => "",
    };
    let wrong = wrong.iter().find(|invalid| invalid.code() == code)?;
    Some(words::invalid(visit.locale(), *wrong).1.to_owned())
}

/// The fields for what is said of an app.
pub(super) fn said_fields(visit: &Visit, app: &NewApp) -> Html {
    let locale = visit.locale();
    let field = |name, label: &str, value: &str| {
        let malformed = error_of(visit, &[Invalid::Name]).filter(|_| Name::parse(value).is_err());
        Field {
            name,
            label: label.to_owned(),
            error: malformed,
            value: value.to_owned(),
            required: true,
            ..Field::default()
        }
        .view()
    };
    view! {
        {field("name_zh", t!(locale, catalogue.name_zh), &app.name_zh)}
        {field("name_en", t!(locale, catalogue.name_en), &app.name_en)}
        {field("publisher", t!(locale, apps.publisher), &app.publisher)}
        <label class="flex items-center gap-2 tap">
            <input class="checkbox" type="checkbox" name="payment" value="true" checked=app.payment />
            {t!(locale, catalogue.takes_payments)}
        </label>
    }
    .rendered()
}

fn table(locale: Locale, now: Timestamp, rows: &[CatalogueRow]) -> Html {
    let rows = rows.iter().map(|app| row(locale, now, app)).collect_view();
    stacked_table(
        t!(locale, catalogue.caption),
        [
            t!(locale, apps.app),
            t!(locale, catalogue.other_name),
            t!(locale, apps.publisher),
            t!(locale, catalogue.newest),
            t!(locale, catalogue.merchants),
        ],
        rows,
    )
}

fn row(locale: Locale, now: Timestamp, row: &CatalogueRow) -> impl IntoView + use<> {
    let app = &row.app;
    let other = match locale {
        Locale::zh => app.name_en.clone(),
        Locale::en => app.name_zh.clone(),
    };
    let newest = match &row.newest {
        Some((version, published)) => view! {
            <span class="tabular-nums font-medium">{version.clone()}</span>
            " "
            {format::time(locale, now, *published)}
        }
        .rendered(),
        None => t!(locale, catalogue.no_version).rendered(),
    };
    let href = app_address(app.package.as_str(), true);
    view! {
        <tr
            role="row"
            class=CARD_ROW
        >
            <td role="cell">{named(locale, app, Some(href))}</td>
            <td role="cell">{other}</td>
            <td role="cell">{app.publisher.clone()}</td>
            <td role="cell">{newest}</td>
            <td role="cell">{t!(locale, catalogue.merchant_count, count = format::grouped(row.merchants))}</td>
        </tr>
    }
}

/// The package name in a path.
pub(super) fn package_in(text: &str) -> Result<PackageName, AppError> {
    PackageName::parse(text).map_err(|_| AppError::NotFound)
}
