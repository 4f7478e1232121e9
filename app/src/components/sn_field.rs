//! The field for a serial number, with the button that reads one by the camera. Its hint while typing is filled in by
//! [`crate::islands`], from the words that are put here.

use super::field::Field;
use super::scan;
use crate::components::html::Rendered;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The field `sn`. `error` is what was wrong with what was sent; `autofocus` is for a page that is asked for this field.
pub(crate) fn sn_field(
    locale: Locale,
    value: String,
    hint: Option<&'static str>,
    error: Option<String>,
    autofocus: bool,
) -> impl IntoView + use<> {
    let field = Field {
        name: "sn",
        label: t!(locale, common.sn).to_owned(),
        hint,
        autofocus,
        error,
        value,
        required: true,
        is_code: true,
        beside: Some(scan::button(locale, "sn").rendered()),
        ..Field::default()
    };
    view! {
        <div class="flex flex-col">
            {field.view()}
            <p
                class="text-sm min-h-6"
                role="status"
                data-hint-for="sn"
                data-accepted=t!(locale, common.sn_accepted, sn = "{}")
                data-character=t!(locale, failure.sn_character, found = "{}")
                data-too-short=t!(locale, failure.sn_too_short, count = "{}")
                data-too-long=t!(locale, failure.sn_too_long, count = "{}")
            ></p>
            {scan::window(locale)}
        </div>
    }
}
