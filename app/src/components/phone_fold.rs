//! Fields that would push a list below the first screen of a phone: folded away there, and in their form's grid elsewhere.

use crate::components::html::{Html, Rendered};
use leptos::prelude::*;

/// The fields behind a line with `word` and how many of them are in use, `open` when one of them has something to say.
pub(crate) fn phone_fold(word: &'static str, used: usize, open: bool, fields: impl IntoView) -> Html {
    let used = (used > 0).then(|| view! { <span class="badge badge-neutral badge-sm">{used.to_string()}</span> });
    view! {
        <details class="phone-fold" open=open>
            <summary class="tap cursor-pointer font-medium w-fit">{word} " " {used}</summary>
            <div>{fields.into_view()}</div>
        </details>
    }
    .rendered()
}
