//! A field for several lines.

use crate::components::html::{Html, Rendered};
use leptos::prelude::*;

/// A field for several lines.
pub(crate) fn text_area(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: &str,
) -> Html {
    let hint_id = format!("{id}-hint");
    // leptos writes what is inside a textarea as it stands.
    let value = html_escape::encode_text(value).into_owned();
    view! {
        <div class="flex flex-col gap-1">
            <label class="font-medium" for=id>{label}</label>
            <textarea
                class="textarea w-full code"
                id=id
                name=name
                rows="6"
                autocomplete="off"
                autocapitalize="characters"
                spellcheck="false"
                required=true
                aria-describedby=hint_id.clone()
            >
                {value}
            </textarea>
            <p class="text-sm" id=hint_id>{hint}</p>
        </div>
    }
    .rendered()
}

/// A field for several lines of prose.
pub(crate) fn prose_area(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    hint: Option<&'static str>,
    most: usize,
    value: &str,
) -> Html {
    let hint_id = hint.map(|_| format!("{id}-hint"));
    // leptos writes what is inside a textarea as it stands.
    let value = html_escape::encode_text(value).into_owned();
    view! {
        <div class="flex flex-col gap-1 w-full">
            <label class="font-medium" for=id>{label}</label>
            <textarea class="textarea w-full" id=id name=name rows="3" maxlength=most autocomplete="off" aria-describedby=hint_id.clone()>
                {value}
            </textarea>
            {hint.map(|hint| view! { <p class="text-sm" id=hint_id>{hint}</p> })}
        </div>
    }
    .rendered()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_text() {
        let html = text_area("list", "sn", "List", "One each", "A\n</textarea><script>1</script>&").to_html();
        assert!(
            html.contains(">A\n&lt;/textarea&gt;&lt;script&gt;1&lt;/script&gt;&amp;</textarea>"),
            "{html}"
        );
    }
}
