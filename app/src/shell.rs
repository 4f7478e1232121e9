//! The document around every page.

use crate::i18n::{Locale, language_tag};
use crate::pages::App;
use crate::request::Rendering;
use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};

/// A whole document, with the address of its style sheet. Needs the contexts that [`crate::pages`] names.
pub fn shell(options: LeptosOptions, style_sheet: &str) -> impl IntoView + use<> {
    provide_meta_context();
    let locale = use_context::<Rendering>().map_or(Locale::zh, |rendering| rendering.locale);
    view! {
        <!DOCTYPE html>
        <html lang=language_tag(locale)>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="stylesheet" href=style_sheet.to_owned() />
                <AutoReload options=options.clone() />
                <HydrationScripts options=options islands=true />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}
