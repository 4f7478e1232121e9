//! The apps of a terminal, for its page.

use super::app_words::{install_cell, named, policy_cell};
use crate::backend::apps::TerminalApp;
use crate::components::html::{Html, Rendered};
use crate::components::stacked_table::stacked_table;
use crate::domain::Timestamp;
use crate::i18n::{Locale, t};
use crate::pages::app_address;
use leptos::prelude::*;

/// The section. The platform is led to the catalogue, a merchant to the apps that it may run.
pub(crate) fn terminal_apps(locale: Locale, now: Timestamp, platform: bool, apps: &[TerminalApp]) -> Html {
    let list = if apps.is_empty() {
        view! { <p>{t!(locale, apps.none_here)}</p> }.rendered()
    } else {
        let rows = apps.iter().map(|app| row(locale, now, platform, app)).collect_view();
        stacked_table(
            t!(locale, apps.on_terminal),
            [
                t!(locale, apps.app),
                t!(locale, apps.policy_title),
                t!(locale, apps.install_title),
            ],
            rows,
        )
    };
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-3" aria-labelledby="apps-title">
            <h2 class="text-lg font-semibold" id="apps-title">{t!(locale, apps.on_terminal)}</h2>
            {list}
        </section>
    }
    .rendered()
}

fn row(locale: Locale, now: Timestamp, platform: bool, app: &TerminalApp) -> impl IntoView + use<> {
    let allowed = app.policy.is_some_and(|policy| policy.allows());
    // A merchant has no page of an app that it may not run.
    let href = (platform || allowed).then(|| app_address(app.app.package.as_str(), platform));
    let reason = app
        .reason
        .as_ref()
        .map(|reason| view! { <p class="text-sm">{t!(locale, apps.because, reason = reason.clone())}</p> });
    view! {
        <tr
            role="row"
            class="max-md:flex max-md:flex-col max-md:gap-2 max-md:p-3 max-md:border max-md:border-base-300 max-md:rounded-box"
        >
            <td role="cell" class="md:min-w-64">{named(locale, &app.app, href)}</td>
            <td role="cell">{policy_cell(locale, now, app.policy, app.until)} {reason}</td>
            <td role="cell">{install_cell(locale, now, app.install.as_ref(), app.newest.as_deref())}</td>
        </tr>
    }
}
