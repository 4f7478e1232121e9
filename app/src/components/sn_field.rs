//! The field for a serial number, with its hint while typing.

use super::field::Field;
use crate::i18n::{Locale, t};
use crate::islands::{SnHint, SnHintWords};
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
        ..Field::default()
    };
    let words = SnHintWords {
        accepted: t!(locale, common.sn_accepted, sn = "{}"),
        character: t!(locale, failure.sn_character, found = "{}"),
        too_short: t!(locale, failure.sn_too_short, count = "{}"),
        too_long: t!(locale, failure.sn_too_long, count = "{}"),
    };
    view! {
        <div class="flex flex-col">{field.view()} <SnHint field="sn".to_owned() words=words /></div>
    }
}
