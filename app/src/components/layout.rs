//! What is around every page: header, menu, the message of the request before, and the main part.

use super::{code_panel::code_panel, display, failure, format, icon, link_panel::link_panel, terminal_actions, words};
use crate::caller::Caller;
use crate::components::html::{Html, Rendered};
use crate::domain::{Role, Timestamp};
use crate::flash::Flash;
use crate::i18n::{Locale, language_code, language_tag, t};
use crate::islands::Enhance;
use crate::pages::ACCOUNT;
use crate::request::Rendering;
use leptos::prelude::*;
use leptos_meta::Title;

/// Puts a page's body under its heading and into its surroundings.
///
/// The title goes into `<title>` as it stands (leptos_meta escapes nothing there): nothing that a person typed belongs
/// into it, except a serial number in normal form.
pub(crate) fn layout(rendering: &Rendering, caller: Option<&Caller>, title: String, body: Html) -> Html {
    let locale = rendering.locale;
    let page_title = t!(locale, common.page_title, page = title.clone());
    // In seconds, whatever else happened within them.
    let now = (rendering.now.0 / 1000 * 1000).to_string();
    view! {
        <Title text=page_title />
        <a class="skip-link" href="#main">
            {t!(locale, common.skip)}
        </a>
        {icon::sprite()}
        {header(rendering, caller)}
        <div class="flex">
            {caller.map(|caller| menu(locale, caller.role(), rendering.path()))}
            <main id="main" tabindex="-1" class="grow min-w-0 max-w-7xl p-4 pb-24 md:p-6">
                <h1 class="text-2xl font-bold mb-4">{title}</h1>
                {rendering.flash.as_ref().map(|flash| message(rendering, flash))}
                {body}
            </main>
        </div>
        <div data-copied=t!(locale, common.copied) data-now=now data-ages=format::ages(locale)>
            <Enhance />
        </div>
    }
    .rendered()
}

fn header(rendering: &Rendering, caller: Option<&Caller>) -> impl IntoView + use<> {
    let locale = rendering.locale;
    let other = match locale {
        Locale::zh => Locale::en,
        Locale::en => Locale::zh,
    };
    let account = caller.map(|caller| {
        view! {
            <a class="btn btn-ghost" href=ACCOUNT>
                <span class="md:sr-only">{t!(locale, account.title)}</span>
                <span class="hidden md:inline">
                    {caller.login().to_owned()}
                    " · "
                    {words::role(locale, caller.role())}
                </span>
            </a>
            <form method="post" action="/sign-out">
                <button class="btn btn-ghost" type="submit">{t!(locale, common.sign_out)}</button>
            </form>
        }
    });
    view! {
        <header class="navbar bg-base-100 border-b border-base-300 gap-2 px-4">
            <a class="flex items-center gap-2 text-lg font-bold me-auto tap" href="/">
                <img src="/favicon.svg" alt="" width="28" height="28" />
                <span class="max-sm:sr-only">{t!(locale, common.product)}</span>
            </a>
            {caller.map(|_| palette(locale))}
            {display::menu(rendering)}
            <form method="post" action="/language">
                <input type="hidden" name="language" value=language_code(other) />
                <input type="hidden" name="back" value=rendering.path_and_query.clone() />
                <button class="btn btn-ghost" type="submit" lang=language_tag(other)>
                    {t!(locale, common.other_language)}
                </button>
            </form>
            {account}
        </header>
    }
}

/// The way to the palette, which a script opens in a window. A phone has no room for it, and no keys.
fn palette(locale: Locale) -> impl IntoView {
    view! {
        <a class="btn btn-ghost max-sm:hidden" href="/palette" data-palette="">
            {icon::icon(icon::SEARCH)}
            <span class="max-lg:sr-only">{t!(locale, palette.title)}</span>
            <kbd class="key max-lg:hidden">"Ctrl K"</kbd>
        </a>
    }
}

/// An entry of the menu: address, drawing, word.
pub(crate) type Entry = (&'static str, &'static str, &'static str);

/// Entries that stand in a phone's bottom bar; the others open from a last one there.
const IN_BAR: usize = 4;

/// The entries of a role's menu, the most used first.
pub(crate) fn entries(locale: Locale, role: Role) -> Vec<Entry> {
    let home = ("/", icon::HOME, t!(locale, common.home));
    let register = ("/devices/register", icon::REGISTER, t!(locale, common.register));
    let logs = ("/logs", icon::LOG, t!(locale, common.logs));
    let help = ("/help", icon::HELP, t!(locale, common.help));
    let audit = ("/audit", icon::AUDIT, t!(locale, common.audit));
    let terminals = ("/terminals", icon::DEVICES, t!(locale, common.terminals));
    let users = ("/users", icon::PEOPLE, t!(locale, common.users));
    let catalogue = ("/catalogue", icon::APPS, t!(locale, common.catalogue));
    let merchants = ("/merchants", icon::STORE, t!(locale, common.merchants));
    let stores = ("/settings/stores", icon::STORE, t!(locale, common.stores));
    let registration = ("/settings/registration", icon::CARD, t!(locale, common.registration));
    match role {
        Role::MerchantOwner | Role::MerchantClerk => {
            let own = [
                home,
                ("/devices", icon::DEVICES, t!(locale, common.devices)),
                register,
                ("/apps", icon::APPS, t!(locale, common.apps)),
                logs,
            ];
            let staff = ("/settings/staff", icon::PEOPLE, t!(locale, common.staff));
            let owners = (role == Role::MerchantOwner).then_some([stores, staff]);
            let rest = owners.into_iter().flatten().chain([registration, help]);
            own.into_iter().chain(rest).collect()
        }
        Role::PlatformAdmin => vec![
            home,
            terminals,
            register,
            logs,
            ("/terminals/import", icon::IMPORT, t!(locale, common.import)),
            catalogue,
            merchants,
            users,
            audit,
            help,
        ],
        Role::PlatformSupport => vec![home, terminals, logs, merchants, catalogue, users, audit, help],
    }
}

/// The menu: a column at the left of a wide screen, a row at the bottom of a phone's. What has no room in the row opens
/// from its last place.
fn menu(locale: Locale, role: Role, path: &str) -> impl IntoView + use<> {
    let entries = entries(locale, role);
    let here = here(&entries.iter().map(|(href, ..)| *href).collect::<Vec<_>>(), path, role);
    let item = |class: &'static str, (href, drawing, word): Entry| {
        let current = (here == Some(href)).then_some(if href == path { "page" } else { "true" });
        view! {
            <li class=class>
                <a
                    class="flex flex-col md:flex-row items-center gap-0.5 md:gap-3 px-1 py-2 md:px-3 rounded-field text-xs md:text-base hover:bg-base-200 aria-[current]:bg-primary aria-[current]:text-primary-content"
                    href=href
                    aria-current=current
                >
                    {icon::icon(drawing)}
                    {word}
                </a>
            </li>
        }
    };
    // One more than fits would only be hidden behind a press.
    let fits = if entries.len() > IN_BAR + 1 {
        IN_BAR
    } else {
        entries.len()
    };
    let (bar, rest) = entries.split_at(fits);
    let items = bar
        .iter()
        .map(|entry| item("flex-1 md:flex-none", *entry))
        .collect_view();
    let more = (!rest.is_empty()).then(|| {
        let beside = rest.iter().map(|entry| item("max-md:hidden", *entry)).collect_view();
        let opened = rest.iter().map(|entry| item("", *entry)).collect_view();
        let here = rest.iter().any(|(href, ..)| here == Some(*href));
        let class = if here {
            "more-summary bg-primary text-primary-content"
        } else {
            "more-summary hover:bg-base-200"
        };
        view! {
            {beside}
            <li class="flex-1 md:hidden">
                <details>
                    <summary class=class>{icon::icon(icon::MORE)} {t!(locale, common.more)}</summary>
                    <ul class="more-list">{opened}</ul>
                </details>
            </li>
        }
    });
    view! {
        <nav
            class="fixed inset-x-0 bottom-0 z-10 bg-base-100 border-t border-base-300 p-1 md:static md:border-t-0 md:border-e md:w-52 md:shrink-0 md:p-3 md:min-h-dvh no-print"
            aria-label=t!(locale, common.menu)
        >
            <ul class="flex gap-1 md:flex-col">{items} {more}</ul>
        </nav>
    }
}

/// The entry of the menu to which a path belongs: the longest that it starts with. A terminal's page belongs to the list
/// of terminals.
fn here<'a>(entries: &[&'a str], path: &str, role: Role) -> Option<&'a str> {
    let within = |entry: &str| path == entry || path.strip_prefix(entry).is_some_and(|rest| rest.starts_with('/'));
    let found = entries
        .iter()
        .copied()
        .filter(|entry| within(entry))
        .max_by_key(|entry| entry.len());
    found.or_else(|| {
        let list = entries.iter().copied().find(|entry| *entry == "/terminals");
        list.filter(|_| role.is_platform() && path.starts_with("/devices/"))
    })
}

/// What the request before has to say.
fn message(rendering: &Rendering, flash: &Flash) -> Html {
    let locale = rendering.locale;
    match flash.clone() {
        Flash::Registered {
            sn,
            manufacturer,
            code,
            expires,
        } => {
            let title = t!(locale, register.registered, sn = sn.clone());
            code_panel(rendering, title, &sn, Some(&manufacturer), code, expires).rendered()
        }
        Flash::CodeIssued { sn, code, expires } => {
            let title = t!(locale, register.code_issued, sn = sn.clone());
            code_panel(rendering, title, &sn, None, code, expires).rendered()
        }
        Flash::LinkIssued {
            token,
            purpose,
            name,
            expires,
        } => link_panel(rendering, &token, &purpose, name, expires).unwrap_or_else(|| ().rendered()),
        // The page shows them itself.
        Flash::RecoveryCodes(_) => ().rendered(),
        Flash::Done(notice) => done(words::notice(locale, notice)),
        Flash::Moved { wanted, sn } => {
            let wanted = wanted.parse().ok();
            match wanted.and_then(|wanted| terminal_actions::done(locale, wanted, &sn)) {
                None => ().rendered(),
                Some(said) => done(said),
            }
        }
        // The page shows them itself.
        Flash::Opened { .. } => ().rendered(),
        Flash::CodeRevoked { sn } => done(t!(locale, codes.revoked_done, sn)),
        Flash::SignedOut => done(t!(locale, sign_in.signed_out)),
        Flash::Error {
            code, found, request, ..
        } => {
            let exactly = match (code.as_str(), found) {
                ("sn_malformed", Some(found)) => Some(t!(locale, failure.sn_character, found)),
                (Flash::THROTTLED, Some(until)) => until.parse().ok().map(|until| {
                    // Rounded up, so that it may be tried again when the clock shows it.
                    let until = Timestamp(until).plus_ms(59_999);
                    let (at, wait) = (format::minute(until), format::age(locale, rendering.now, until));
                    t!(locale, failure.try_again_at, at, wait)
                }),
                _ => None,
            };
            failure::alert(rendering, &code, exactly, request.as_deref()).rendered()
        }
    }
}

/// A sentence that says what was done.
fn done(sentence: impl Into<String>) -> Html {
    view! {
        <div role="status" class="alert alert-outline bg-base-100 mb-4">
            {icon::icon(icon::OK)} <p>{sentence.into()}</p>
        </div>
    }
    .rendered()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_found_in_the_menu() {
        let merchant = ["/", "/devices", "/devices/register", "/logs"];
        let platform = ["/", "/terminals", "/terminals/import", "/logs"];
        let owner = |path| here(&merchant, path, Role::MerchantOwner);
        let admin = |path| here(&platform, path, Role::PlatformAdmin);
        assert_eq!(owner("/"), Some("/"));
        assert_eq!(owner("/devices/A"), Some("/devices"));
        assert_eq!(owner("/devices/register"), Some("/devices/register"));
        assert_eq!(owner("/devicesx"), None);
        assert_eq!(admin("/devices/A"), Some("/terminals"));
        assert_eq!(admin("/terminals/import/1"), Some("/terminals/import"));
    }

    #[test]
    fn a_phones_bar_has_four_places_and_a_way_to_the_rest() {
        use strum::VariantArray;
        for role in Role::VARIANTS {
            let entries = entries(Locale::zh, *role);
            let html = menu(Locale::zh, *role, "/help/works").to_html();
            let bar = html.matches("<li class=\"flex-1 md:flex-none\"").count();
            assert_eq!(bar, IN_BAR, "{role:?}");
            let (_, opened) = html.split_once("<details").unwrap();
            for (place, (href, ..)) in entries.iter().enumerate() {
                let link = format!("href=\"{href}\"");
                assert_eq!(opened.contains(&link), place >= IN_BAR, "{href} of {role:?}");
                assert_eq!(
                    html.matches(&link).count(),
                    if place < IN_BAR { 1 } else { 2 },
                    "{href}"
                );
            }
            assert!(
                opened.contains("more-summary bg-primary"),
                "the help is opened from there"
            );
        }
    }
}
