//! The document around every page.

use crate::components::html::Html;
use crate::i18n::{Locale, language_tag};
use crate::pages::{App, Trouble, TroublePage};
use crate::preferences::Preferences;
use crate::request::Rendering;
use leptos::either::Either;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use std::sync::{Arc, OnceLock};

/// What the documents of a server have in common.
pub struct Shell {
    options: LeptosOptions,
    style_sheet: Arc<str>,
    /// The folder with what `app/extras` became.
    extras: Option<Arc<str>>,
    /// The scripts that start the islands, cut where a page's nonce stands.
    scripts: OnceLock<Vec<String>>,
}

impl Shell {
    /// For the files of a build, with the addresses of its style sheet and of the folder with what `app/extras` became.
    pub fn new(options: LeptosOptions, style_sheet: Arc<str>, extras: Option<Arc<str>>) -> Self {
        Self {
            options,
            style_sheet,
            extras,
            scripts: OnceLock::new(),
        }
    }

    /// A whole document. Needs the contexts that [`crate::pages`] names.
    pub fn document(&self) -> impl IntoView + use<> {
        provide_meta_context();
        let rendering = use_context::<Rendering>();
        let locale = rendering.as_ref().map_or(Locale::zh, |rendering| rendering.locale);
        let Preferences { theme, large, keys_off } =
            rendering.map(|rendering| rendering.preferences).unwrap_or_default();
        let extras = self.extras.as_ref().map(|folder| {
            let src = format!("{folder}/page.js");
            view! { <script type="module" src=src nonce=use_nonce()></script> }
        });
        view! {
            <!DOCTYPE html>
            <html
                lang=language_tag(locale)
                data-theme=theme.attribute()
                class=large.then_some("large")
                data-keys=keys_off.then_some("off")
            >
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content=theme.color_scheme() />
                    <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                    <link rel="stylesheet" href=self.style_sheet.to_string() />
                    <AutoReload options=self.options.clone() />
                    {self.scripts()}
                    {extras}
                    <MetaTags />
                </head>
                <body>
                    {match use_context::<Trouble>() {
                        None => Either::Left(view! { <App /> }),
                        Some(trouble) => Either::Right(view! { <TroublePage trouble /> }),
                    }}
                </body>
            </html>
        }
    }

    /// Leptos reads the names of the files anew for every page; all that differs from page to page is the nonce.
    fn scripts(&self) -> Html {
        let options = self.options.clone();
        let whole = move || view! { <HydrationScripts options islands=true /> }.to_html();
        let Some(nonce) = use_nonce().map(|nonce| nonce.to_string()) else {
            return Html::new(whole());
        };
        let pieces = self
            .scripts
            .get_or_init(|| whole().split(nonce.as_str()).map(str::to_owned).collect());
        // What the component does beside its markup: nothing outside islands is hydrated.
        if let Some(context) = Owner::current_shared_context() {
            context.set_is_hydrating(false);
        }
        Html::new(pieces.join(&nonce))
    }
}
