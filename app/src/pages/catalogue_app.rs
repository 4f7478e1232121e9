//! One app of the catalogue: what is said of it, its versions, and who may run it.

use super::app_address;
use super::catalogue::{back_with, error_of, package_in, said_fields, typed_app};
use super::catalogue_grants::grants;
use super::guard::{Answer, Visit, guarded};
use crate::backend::catalogue::{CatalogueApp, NOTES_CHARS, NewApp, NewVersion, VersionRow};
use crate::components::app_words::{either, named};
use crate::components::field::Field;
use crate::components::format;
use crate::components::html::{Html, Rendered};
use crate::components::text_area::prose_area;
use crate::domain::{PackageName, Timestamp};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// Versions that are shown before the others are opened.
const OPEN_VERSIONS: usize = 3;

/// Installations are counted as far as this.
const COUNTED: u64 = 10_000;

fn path_of(package: &str) -> String {
    match PackageName::parse(package) {
        Ok(package) => app_address(package.as_str(), true),
        Err(_) => "/catalogue".to_owned(),
    }
}

/// Changes what is said of an app; leads back to its page.
#[server(prefix = "/actions", endpoint = "app-update")]
pub async fn update_app(
    #[server(default)] package: String,
    #[server(default)] name_zh: String,
    #[server(default)] name_en: String,
    #[server(default)] publisher: String,
    #[server(default)] payment: String,
) -> Result<(), ServerFnError> {
    let new = typed_app(&package, &name_zh, &name_en, &publisher, &payment);
    let path = path_of(&package);
    action(back_with(&path, "edit", &new), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let package = package_in(&package)?;
        backend.catalogue.update(by, &package, &new).await?;
        Ok(redirect_with(path, Flash::Done(Notice::AppUpdated)))
    })
    .await
}

/// Publishes a version, or changes what is said of one (`known` is `true`); leads back to the app's page.
#[server(prefix = "/actions", endpoint = "app-version")]
pub async fn save_version(
    #[server(default)] package: String,
    #[server(default)] version: String,
    #[server(default)] known: String,
    #[server(default)] notes_zh: String,
    #[server(default)] notes_en: String,
    #[server(default)] min_firmware: String,
) -> Result<(), ServerFnError> {
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let new = NewVersion {
        version: cut(&version, 200),
        // One more than there may be, so that too long stays too long.
        notes_zh: cut(&notes_zh, NOTES_CHARS + 1),
        notes_en: cut(&notes_en, NOTES_CHARS + 1),
        min_firmware: cut(&min_firmware, 200),
    };
    let path = path_of(&package);
    let mark = if known == "true" { "change" } else { "publish" };
    let typed = [
        (mark, "1"),
        ("version", new.version.as_str()),
        ("notes_zh", &new.notes_zh),
        ("notes_en", &new.notes_en),
        ("min_firmware", &new.min_firmware),
    ];
    action(address(&path, typed), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let package = package_in(&package)?;
        let notice = if known == "true" {
            backend.catalogue.update_version(by, &package, &new).await?;
            Notice::VersionUpdated
        } else {
            backend.catalogue.add_version(by, &package, &new).await?;
            Notice::VersionAdded
        };
        Ok(redirect_with(path, Flash::Done(notice)))
    })
    .await
}

/// One app. The path has its package name.
#[component]
pub(super) fn CatalogueAppPage() -> impl IntoView {
    guarded(app)
}

async fn app(visit: Visit) -> Result<Answer, AppError> {
    let by = visit.caller.platform_viewer()?;
    let package = package_in(visit.param("package"))?;
    let found = visit.backend.catalogue.get(by, &package).await?;
    let app = found.ok_or(AppError::NotFound)?;
    let locale = visit.locale();
    let admin = visit.caller.platform_admin().is_ok();
    let edit = admin.then(|| edit_form(&visit, &app));
    let grants = grants(&visit, &package).await?;
    let body = view! {
        <div class="flex flex-col gap-6">
            {facts(&visit, &app)}
            {edit}
            {versions(&visit, &app, admin)}
            {grants}
            <p>
                <a class="btn" href="/catalogue">{t!(locale, catalogue.back)}</a>
            </p>
        </div>
    };
    Ok(Answer::page(t!(locale, apps.one), body))
}

fn facts(visit: &Visit, app: &CatalogueApp) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let count = |count: u64| {
        if count > COUNTED {
            t!(locale, catalogue.more_than, count = format::grouped(COUNTED))
        } else {
            format::grouped(count)
        }
    };
    let fact = |word: &'static str, fact: Html| {
        view! {
            <div>
                <dt class="text-sm">{word}</dt>
                <dd class="font-medium break-words">{fact}</dd>
            </div>
        }
    };
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4">
            {named(locale, &app.app, None)}
            <dl class="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
                {fact(t!(locale, catalogue.name_zh), app.app.name_zh.clone().rendered())}
                {fact(t!(locale, catalogue.name_en), app.app.name_en.clone().rendered())}
                {fact(t!(locale, apps.publisher), app.app.publisher.clone().rendered())}
                {fact(t!(locale, catalogue.created), format::time(locale, now, app.created).rendered())}
                {fact(t!(locale, catalogue.installed), count(app.installed).rendered())}
                {fact(t!(locale, catalogue.failed), count(app.failed).rendered())}
            </dl>
        </section>
    }
}

fn edit_form(visit: &Visit, app: &CatalogueApp) -> impl IntoView + use<> {
    let locale = visit.locale();
    let typed = visit.query.get("edit").is_some();
    let query = &visit.query;
    let said = if typed {
        NewApp {
            name_zh: query.field("name_zh"),
            name_en: query.field("name_en"),
            publisher: query.field("publisher"),
            payment: query.get("takes_payments") == Some("true"),
            ..NewApp::default()
        }
    } else {
        NewApp {
            name_zh: app.app.name_zh.clone(),
            name_en: app.app.name_en.clone(),
            publisher: app.app.publisher.clone(),
            payment: app.app.payment,
            ..NewApp::default()
        }
    };
    view! {
        <details class="card bg-base-100 border border-base-300 p-4 max-w-xl" open=typed>
            <summary class="cursor-pointer font-medium py-2">{t!(locale, catalogue.edit)}</summary>
            <form class="flex flex-col gap-4 pt-2" method="post" action=UpdateApp::PATH>
                <input type="hidden" name="package" value=app.app.package.to_string() />
                {said_fields(visit, &said)}
                <button class="btn btn-primary self-start" type="submit">{t!(locale, catalogue.save)}</button>
            </form>
        </details>
    }
}

fn versions(visit: &Visit, app: &CatalogueApp, admin: bool) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let package = app.app.package.as_str();
    let shown = |versions: &[VersionRow]| {
        let rows = versions
            .iter()
            .map(|version| version_row(locale, now, package, version, admin))
            .collect_view();
        view! { <ul class="flex flex-col divide-y divide-base-300">{rows}</ul> }
    };
    let (open, folded) = app.versions.split_at(app.versions.len().min(OPEN_VERSIONS));
    let open = if open.is_empty() {
        view! { <p>{t!(locale, catalogue.no_version)}</p> }.rendered()
    } else {
        shown(open).rendered()
    };
    let folded = (!folded.is_empty()).then(|| {
        let count = format::grouped(folded.len() as u64);
        view! {
            <details>
                <summary class="cursor-pointer tap">{t!(locale, catalogue.older, count)}</summary>
                {shown(folded)}
            </details>
        }
    });
    let publish = admin.then(|| publish_form(visit, package));
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-3" aria-labelledby="versions-title">
            <h2 class="text-lg font-semibold" id="versions-title">{t!(locale, apps.versions)}</h2>
            {publish}
            {open}
            {folded}
        </section>
    }
}

fn version_row(
    locale: Locale,
    now: Timestamp,
    package: &str,
    version: &VersionRow,
    admin: bool,
) -> impl IntoView + use<> {
    let firmware = version
        .min_firmware
        .as_ref()
        .map(|firmware| view! { <span class="text-sm">{t!(locale, apps.needs_firmware, firmware = firmware.clone())}</span> });
    let notes = either(locale, &version.notes_zh, &version.notes_en).to_owned();
    let change = admin.then(|| {
        let values = NewVersion {
            version: version.version.clone(),
            notes_zh: version.notes_zh.clone(),
            notes_en: version.notes_en.clone(),
            min_firmware: version.min_firmware.clone().unwrap_or_default(),
        };
        change_form(locale, package, &values)
    });
    view! {
        <li class="flex flex-col gap-1 py-3">
            <p class="flex flex-wrap items-center gap-x-3">
                <span class="font-medium tabular-nums">{version.version.clone()}</span>
                {format::time(locale, now, version.published)}
                {firmware}
            </p>
            <p class="whitespace-pre-line max-w-prose">{notes}</p>
            {change}
        </li>
    }
}

/// The form that changes what is said of a version. The page has one for each, so its fields stand inside their labels.
fn change_form(locale: Locale, package: &str, values: &NewVersion) -> impl IntoView + use<> {
    let area = |name: &'static str, label: &'static str, value: &str| {
        // leptos writes what is inside a textarea as it stands.
        let value = html_escape::encode_text(value).into_owned();
        view! {
            <label class="flex flex-col gap-1 w-full">
                <span class="font-medium">{label}</span>
                <textarea class="textarea w-full" name=name rows="3" maxlength=NOTES_CHARS autocomplete="off">
                    {value}
                </textarea>
            </label>
        }
    };
    view! {
        <details>
            <summary class="cursor-pointer text-sm tap">{t!(locale, catalogue.change_version)}</summary>
            <form class="flex flex-col gap-3 items-start py-2 max-w-xl" method="post" action=SaveVersion::PATH>
                <input type="hidden" name="package" value=package.to_owned() />
                <input type="hidden" name="version" value=values.version.clone() />
                <input type="hidden" name="known" value="true" />
                {area("notes_zh", t!(locale, catalogue.notes_zh), &values.notes_zh)}
                {area("notes_en", t!(locale, catalogue.notes_en), &values.notes_en)}
                <label class="flex flex-col gap-1 w-full">
                    <span class="font-medium">{t!(locale, catalogue.min_firmware)}</span>
                    <input class="input w-full" name="min_firmware" value=values.min_firmware.clone() autocomplete="off" />
                </label>
                <button class="btn btn-primary" type="submit">{t!(locale, catalogue.save)}</button>
            </form>
        </details>
    }
}

/// The form for a version: a new one, or one that was not accepted as it was typed.
fn publish_form(visit: &Visit, package: &str) -> impl IntoView + use<> {
    let locale = visit.locale();
    let changed = visit.query.get("change").is_some();
    let open = changed || visit.query.get("publish").is_some();
    let typed = |name: &str| {
        if open {
            visit.rendering.lines(name)
        } else {
            String::new()
        }
    };
    let version = Field {
        name: "version",
        label: t!(locale, catalogue.version).to_owned(),
        hint: Some(t!(locale, catalogue.version_hint)),
        error: error_of(visit, &[Invalid::VersionMalformed, Invalid::VersionTaken]),
        value: typed("version"),
        required: true,
        ..Field::default()
    };
    let firmware = Field {
        name: "min_firmware",
        label: t!(locale, catalogue.min_firmware).to_owned(),
        hint: Some(t!(locale, catalogue.min_firmware_hint)),
        value: typed("min_firmware"),
        ..Field::default()
    };
    let known = changed.then(|| view! { <input type="hidden" name="known" value="true" /> });
    view! {
        <details open=open>
            <summary class="cursor-pointer font-medium tap">{t!(locale, catalogue.publish)}</summary>
            <form class="flex flex-col gap-3 items-start py-2 max-w-xl" method="post" action=SaveVersion::PATH>
                <input type="hidden" name="package" value=package.to_owned() />
                {known}
                <div class="w-full">{version.view()}</div>
                {prose_area(
                    "notes-zh",
                    "notes_zh",
                    t!(locale, catalogue.notes_zh),
                    Some(t!(locale, catalogue.notes_hint)),
                    NOTES_CHARS,
                    &typed("notes_zh"),
                )}
                {prose_area("notes-en", "notes_en", t!(locale, catalogue.notes_en), None, NOTES_CHARS, &typed("notes_en"))}
                <div class="w-full">{firmware.view()}</div>
                <button class="btn btn-primary" type="submit">{t!(locale, catalogue.publish_submit)}</button>
            </form>
        </details>
    }
}
