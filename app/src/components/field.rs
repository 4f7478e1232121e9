//! Fields of forms: label, hint and what is wrong, tied together for everybody (WCAG 2.2, 1.3.1 and 3.3.1).

use crate::components::html::{Html, Rendered};
use leptos::prelude::*;

/// A field for one line of text.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// The name when empty.
    pub(crate) id: &'static str,
    pub(crate) label: String,
    pub(crate) hint: Option<&'static str>,
    pub(crate) error: Option<String>,
    pub(crate) value: String,
    /// `text`, `password`, `date` …; text when empty.
    pub(crate) kind: &'static str,
    /// <https://html.spec.whatwg.org/#autofill>; off when empty.
    pub(crate) autocomplete: &'static str,
    pub(crate) required: bool,
    pub(crate) autofocus: bool,
    /// For serial numbers and codes: upper-case keyboard, no spell checker, digits of one width.
    pub(crate) is_code: bool,
    /// A button that fills it in, on the same line.
    pub(crate) beside: Option<Html>,
}

impl Field {
    /// Its markup.
    pub(crate) fn view(self) -> impl IntoView + use<> {
        let Self {
            name,
            id,
            label,
            hint,
            error,
            value,
            kind,
            autocomplete,
            required,
            autofocus,
            is_code,
            beside,
        } = self;
        let or = |text: &'static str, default| if text.is_empty() { default } else { text };
        let id = or(id, name);
        let hint_id = hint.map(|_| format!("{id}-hint"));
        let error_id = error.as_ref().map(|_| format!("{id}-error"));
        let described_by = match (&error_id, &hint_id) {
            (None, None) => None,
            (error, hint) => Some(
                error
                    .iter()
                    .chain(hint)
                    .map(String::as_str)
                    .collect::<Vec<_>>()
                    .join(" "),
            ),
        };
        let class = match (is_code, error.is_some()) {
            (false, false) => "input w-full",
            (false, true) => "input input-error w-full",
            (true, false) => "input w-full code",
            (true, true) => "input input-error w-full code",
        };
        let input = view! {
            <input
                class=class
                id=id
                name=name
                type=or(kind, "text")
                value=value
                autocomplete=or(autocomplete, "off")
                autocapitalize=is_code.then_some("characters")
                spellcheck=is_code.then_some("false")
                required=required
                autofocus=autofocus
                aria-invalid=error.is_some().then_some("true")
                aria-describedby=described_by
            />
        };
        let input = match beside {
            None => input.rendered(),
            Some(button) => view! { <div class="flex gap-2">{input} {button}</div> }.rendered(),
        };
        view! {
            <div class="flex flex-col gap-1">
                <label class="font-medium" for=id>{label}</label>
                {input}
                {error.map(|error| view! { <p class="text-error font-medium" id=error_id>{error}</p> })}
                {hint.map(|hint| view! { <p class="text-sm" id=hint_id>{hint}</p> })}
            </div>
        }
    }
}

/// A list to choose one value from: values and words. Its `id` is its name.
pub(crate) fn select(
    name: &'static str,
    label: &'static str,
    options: impl IntoIterator<Item = (String, String)>,
    selected: &str,
) -> Html {
    select_with_id(name, name, label, options, selected)
}

/// The same with an `id` of its own, where a page has two of that name.
pub(crate) fn select_with_id(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    options: impl IntoIterator<Item = (String, String)>,
    selected: &str,
) -> Html {
    let options = options
        .into_iter()
        .map(|(value, word)| {
            let selected = value == selected;
            view! { <option value=value selected=selected>{word}</option> }
        })
        .collect_view();
    view! {
        <div class="flex flex-col gap-1">
            <label class="font-medium" for=id>{label}</label>
            <select class="select w-full" id=id name=name>{options}</select>
        </div>
    }
    .rendered()
}
