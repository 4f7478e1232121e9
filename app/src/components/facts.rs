//! Names and values, as a card.

use super::html::Html;
use leptos::prelude::*;

/// A list of names and values under a heading.
pub(crate) fn facts(
    id: &'static str,
    title: &'static str,
    facts: impl IntoIterator<Item = (&'static str, Html)>,
) -> impl IntoView {
    let facts = facts
        .into_iter()
        .map(|(word, fact)| {
            view! {
                <div>
                    <dt class="text-sm">{word}</dt>
                    <dd class="font-medium break-words">{fact}</dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6" aria-labelledby=id>
            <h2 class="text-lg font-semibold mb-3" id=id>{title}</h2>
            <dl class="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">{facts}</dl>
        </section>
    }
}
