//! How the pages look: the choice at the top of every page, and the same in the account's settings.

use super::icon;
use crate::components::html::{Html, Rendered};
use crate::i18n::{Locale, t};
use crate::preferences::{Preferences, Theme};
use crate::request::Rendering;
use leptos::prelude::*;
use strum::VariantArray;

/// Where the forms are posted to.
const ACTION: &str = "/preferences";

fn theme_word(locale: Locale, theme: Theme) -> &'static str {
    match theme {
        Theme::Auto => t!(locale, display.auto),
        Theme::Light => t!(locale, display.light),
        Theme::Dark => t!(locale, display.dark),
        Theme::Contrast => t!(locale, display.contrast),
    }
}

/// The choice behind one button of a page's head. It opens without a script.
pub(crate) fn menu(rendering: &Rendering) -> impl IntoView + use<> {
    let locale = rendering.locale;
    view! {
        <details class="display-menu" data-menu="">
            <summary class="btn btn-ghost btn-square" aria-label=t!(locale, display.title) title=t!(locale, display.title)>
                {icon::icon(icon::DISPLAY)}
            </summary>
            <div class="display-panel">
                {choices(rendering, &rendering.path_and_query)}
            </div>
        </details>
    }
}

/// The choice as a part of a page.
pub(crate) fn section(rendering: &Rendering, back: &str) -> impl IntoView + use<> {
    let locale = rendering.locale;
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4" id="display">
            <h2 class="text-lg font-semibold">{t!(locale, display.title)}</h2>
            <p>{t!(locale, display.intro)}</p>
            {choices(rendering, back)}
            {keys(rendering, back)}
        </section>
    }
}

fn choices(rendering: &Rendering, back: &str) -> impl IntoView + use<> {
    let (
        locale,
        Preferences {
            theme: chosen, large, ..
        },
    ) = (rendering.locale, rendering.preferences);
    let themes = Theme::VARIANTS
        .iter()
        .map(|theme| ("theme", theme.code(), theme_word(locale, *theme), *theme == chosen));
    let sizes = [
        ("text", "normal", t!(locale, display.normal), !large),
        ("text", "large", t!(locale, display.large), large),
    ];
    view! {
        {group(t!(locale, display.colours), back, themes)}
        {group(t!(locale, display.size), back, sizes)}
    }
}

/// Whether single keys do something: `/` and `?` alone can be pressed by mistake, or by a voice.
fn keys(rendering: &Rendering, back: &str) -> impl IntoView + use<> {
    let (locale, off) = (rendering.locale, rendering.preferences.keys_off);
    let choices = [
        ("keys", "on", t!(locale, display.keys_on), !off),
        ("keys", "off", t!(locale, display.keys_off), off),
    ];
    view! {
        {group(t!(locale, display.keys), back, choices)}
        <p class="text-sm">{t!(locale, display.keys_text)}</p>
    }
}

/// Buttons of which one is pressed. Each posts its own value.
fn group(
    title: &'static str,
    back: &str,
    choices: impl IntoIterator<Item = (&'static str, &'static str, &'static str, bool)>,
) -> Html {
    let buttons = choices
        .into_iter()
        .map(|(name, value, word, chosen)| {
            view! {
                <button class="btn btn-sm choice" type="submit" name=name value=value aria-pressed=chosen.to_string()>
                    {word}
                </button>
            }
        })
        .collect_view();
    view! {
        <form method="post" action=ACTION>
            <input type="hidden" name="back" value=back.to_owned() />
            <fieldset class="flex flex-col gap-2">
                <legend class="font-medium mb-2">{title}</legend>
                <div class="flex flex-wrap gap-2">{buttons}</div>
            </fieldset>
        </form>
    }
    .rendered()
}
