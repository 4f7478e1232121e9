//! What stands where a list has nothing to show.

use leptos::prelude::*;

/// A heading, a sentence and what to do.
pub(crate) fn empty(title: &'static str, text: &'static str, link: Option<(String, &'static str)>) -> impl IntoView {
    view! {
        <div class="card bg-base-100 border border-base-300 p-8 items-center text-center gap-3">
            <h2 class="text-lg font-semibold">{title}</h2>
            <p class="max-w-prose">{text}</p>
            {link.map(|(href, word)| view! { <a class="btn btn-primary" href=href>{word}</a> })}
        </div>
    }
}
