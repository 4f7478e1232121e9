//! 快速查找: every page, action and terminal behind one field. A page of its own without a script; with one, Ctrl+K opens it in
//! a window (`app/extras/palette.ts`).

use super::guard::{Answer, Visit, guarded};
use super::{ACCOUNT, SECURITY, device_address};
use crate::backend::terminals::TerminalQuery;
use crate::components::field::Field;
use crate::components::html::{Html, Rendered};
use crate::components::layout::entries;
use crate::components::{icon, words};
use crate::domain::Role;
use crate::error::AppError;
use crate::i18n::{Locale, language_code, language_tag, t};
use crate::preferences::Theme;
use leptos::prelude::*;

/// Most terminals that are shown.
const TERMINALS: usize = 8;

/// The page.
#[component]
pub(super) fn PalettePage() -> impl IntoView {
    guarded(palette)
}

async fn palette(visit: Visit) -> Result<Answer, AppError> {
    let locale = visit.locale();
    let typed = visit.query.field("q");
    let (terminals, found) = terminals(&visit, &typed).await?;
    let role = visit.caller.role();
    let pages = links(t!(locale, palette.pages), &typed, pages(locale, role));
    let actions = actions(&visit, &typed);
    let nothing = (!found && pages.is_none() && actions.is_none())
        .then(|| view! { <p role="status">{t!(locale, palette.nothing)}</p> });
    let field = Field {
        name: "q",
        id: "palette-q",
        label: t!(locale, palette.label).to_owned(),
        kind: "search",
        value: typed,
        autofocus: true,
        ..Field::default()
    };
    let body = view! {
        <div class="flex flex-col gap-4 max-w-2xl" data-palette-body="">
            <h2 class="text-lg font-semibold" id="palette-title">{t!(locale, palette.heading)}</h2>
            <form class="flex flex-col gap-2" method="get" action="/palette" role="search">
                {field.view()}
                <button class="btn self-start" type="submit">{t!(locale, home.find)}</button>
            </form>
            <div class="flex flex-col gap-4" data-results="">{terminals} {pages} {actions} {nothing}</div>
            {keys(locale)}
            <button type="button" class="btn self-start palette-close" data-close="">{t!(locale, scan.close)}</button>
        </div>
    };
    Ok(Answer::page(t!(locale, palette.title), body))
}

/// The terminals that a text finds, and whether there are any.
async fn terminals(visit: &Visit, typed: &str) -> Result<(Option<Html>, bool), AppError> {
    if typed.is_empty() {
        return Ok((None, false));
    }
    let locale = visit.locale();
    let query = TerminalQuery {
        search: Some(typed.to_owned()),
        ..TerminalQuery::default()
    };
    let rows = visit.backend.terminals.list(&visit.caller, &query).await?.rows;
    let found = !rows.is_empty();
    let items = rows.into_iter().take(TERMINALS).map(|row| {
        let href = device_address(row.sn.as_str(), Some(row.manufacturer.as_str()));
        let merchant = row.merchant.map(|merchant| merchant.name);
        let beside = [
            Some(row.name),
            merchant,
            Some(words::lifecycle(locale, row.lifecycle).to_owned()),
        ];
        let beside = beside.into_iter().flatten().filter(|text| !text.is_empty());
        let beside = beside.collect::<Vec<_>>().join(" · ");
        view! {
            <li>
                <a class="palette-item" href=href>
                    <span class="code">{row.sn_printed}</span>
                    <span class="text-sm">{beside}</span>
                </a>
            </li>
        }
        .rendered()
    });
    let list = found.then(|| section(t!(locale, palette.terminals), items.collect()));
    Ok((list, found))
}

/// Pages by their words: those of the menu, and a person's own.
fn pages(locale: Locale, role: Role) -> Vec<(&'static str, &'static str)> {
    let menu = entries(locale, role).into_iter().map(|(href, _, word)| (href, word));
    let own = [
        (ACCOUNT, t!(locale, account.title)),
        (SECURITY, t!(locale, account.two_step)),
    ];
    menu.chain(own).collect()
}

/// Links whose words have the text in them.
fn links(title: &'static str, typed: &str, links: Vec<(&'static str, &'static str)>) -> Option<Html> {
    let items: Vec<_> = links
        .into_iter()
        .filter(|(_, word)| mentions(word, typed))
        .map(|(href, word)| {
            view! {
                <li>
                    <a class="palette-item" href=href>{word}</a>
                </li>
            }
            .rendered()
        })
        .collect();
    (!items.is_empty()).then(|| section(title, items))
}

fn mentions(word: &str, typed: &str) -> bool {
    word.to_lowercase().contains(&typed.to_lowercase())
}

/// What can be done from anywhere.
fn actions(visit: &Visit, typed: &str) -> Option<Html> {
    let locale = visit.locale();
    let other = match locale {
        Locale::zh => Locale::en,
        Locale::en => Locale::zh,
    };
    let list = if visit.is_platform() { "/terminals" } else { "/devices" };
    let link = |href: String, word: &'static str| {
        let item = view! { <li><a class="palette-item" href=href>{word}</a></li> };
        (word, item.rendered())
    };
    let form = |action: &'static str,
                name: &'static str,
                value: &'static str,
                word: &'static str,
                lang: Option<&'static str>| {
        let item = view! {
            <li>
                <form method="post" action=action>
                    <input type="hidden" name="back" value="/palette" />
                    <button class="palette-item" type="submit" name=name value=value lang=lang>{word}</button>
                </form>
            </li>
        };
        (word, item.rendered())
    };
    let themes = [
        (Theme::Light, t!(locale, palette.light)),
        (Theme::Dark, t!(locale, palette.dark)),
        (Theme::Contrast, t!(locale, palette.contrast)),
    ];
    let themes = themes.map(|(theme, word)| form("/preferences", "theme", theme.code(), word, None));
    let all = [
        link(format!("{list}?state=unregistered"), t!(locale, palette.unregistered)),
        link("/logs?outcome=failure".to_owned(), t!(locale, palette.failures)),
        link("/logs/export.csv".to_owned(), t!(locale, palette.export_log)),
        link(ACCOUNT.to_owned(), t!(locale, account.password)),
        form(
            "/language",
            "language",
            language_code(other),
            t!(locale, common.other_language),
            Some(language_tag(other)),
        ),
    ];
    let sign_out = form("/sign-out", "sign_out", "1", t!(locale, common.sign_out), None);
    let items: Vec<_> = all
        .into_iter()
        .chain(themes)
        .chain([sign_out])
        .filter(|(word, _)| mentions(word, typed))
        .map(|(_, item)| item)
        .collect();
    (!items.is_empty()).then(|| section(t!(locale, palette.actions), items))
}

fn section(title: &'static str, items: Vec<Html>) -> Html {
    view! {
        <section>
            <h3 class="font-medium">{title}</h3>
            <ul class="flex flex-col">{items}</ul>
        </section>
    }
    .rendered()
}

/// The keys, for whoever presses `?`.
fn keys(locale: Locale) -> impl IntoView {
    let keys: [(&'static [&'static str], &'static str); 7] = [
        (&["Ctrl", "K"], t!(locale, palette.key_palette)),
        (&["/"], t!(locale, palette.key_search)),
        (&["↑", "↓"], t!(locale, palette.key_arrows)),
        (&["J", "K"], t!(locale, palette.key_rows)),
        (&["?"], t!(locale, palette.key_help)),
        (&["Esc"], t!(locale, palette.key_close)),
        (&["Enter"], t!(locale, palette.key_scanner)),
    ];
    let rows = keys
        .into_iter()
        .map(|(names, what)| {
            let names = names
                .iter()
                .map(|name| view! { <kbd class="key">{*name}</kbd> " " })
                .collect_view();
            view! {
                <tr>
                    <th scope="row" class="whitespace-nowrap">{names}</th>
                    <td>{what}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details data-keys="" id="keys">
            <summary class="cursor-pointer font-medium py-2 flex items-center gap-2">
                {icon::icon(icon::HELP)}
                {t!(locale, palette.keys)}
            </summary>
            <table class="table table-sm">
                <tbody>{rows}</tbody>
            </table>
            <p>
                <a class="link" href="/settings/account#display">{t!(locale, palette.keys_off)}</a>
            </p>
        </details>
    }
}
