//! What stands below a field for a serial number while it is typed.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The hint's words. `{}` stands for what was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SnHintWords {
    /// The text is a serial number; `{}` is its normal form.
    pub(crate) accepted: String,
    /// `{}` cannot stand in a serial number.
    pub(crate) character: String,
    /// Too short; `{}` is how many characters there are.
    pub(crate) too_short: String,
    /// Too long; `{}` is how many characters there are.
    pub(crate) too_long: String,
}

/// Says, as a person types into the field with the id `field`, whether that is a serial number.
#[island]
pub(crate) fn SnHint(
    /// The field's id.
    field: String,
    /// What to say.
    words: SnHintWords,
) -> impl IntoView {
    let said = RwSignal::new(String::new());
    #[cfg(target_arch = "wasm32")]
    window_event_listener(leptos::ev::input, move |event| {
        let field_now = event_target::<web_sys::HtmlElement>(&event);
        if field_now.id() == field {
            said.set(say(&words, &event_target_value(&event)));
        }
    });
    #[cfg(not(target_arch = "wasm32"))]
    let _ = (field, words);
    view! {
        <p class="text-sm min-h-6" role="status">
            {move || said.get()}
        </p>
    }
}

/// What is said of a text. Nothing as long as there is none.
#[cfg(any(target_arch = "wasm32", test))]
fn say(words: &SnHintWords, text: &str) -> String {
    use crate::domain::{SerialNumber, SerialNumberError};
    match SerialNumber::parse(text) {
        Ok(sn) => words.accepted.replace("{}", sn.as_str()),
        Err(SerialNumberError::Empty) => String::new(),
        Err(SerialNumberError::Character(c)) => words.character.replace("{}", c.encode_utf8(&mut [0; 4])),
        Err(SerialNumberError::TooShort(n)) => words.too_short.replace("{}", &n.to_string()),
        Err(SerialNumberError::TooLong(n)) => words.too_long.replace("{}", &n.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_says_what_the_server_would() {
        let words = SnHintWords {
            accepted: "ok {}".into(),
            character: "bad {}".into(),
            too_short: "short {}".into(),
            too_long: "long {}".into(),
        };
        for (typed, said) in [
            ("161-203-824", "ok 161203824"),
            (" ", ""),
            ("１２", "short 2"),
            ("AB#12", "bad #"),
        ] {
            assert_eq!(say(&words, typed), said);
        }
        assert_eq!(say(&words, &"9".repeat(65)), "long 65");
    }
}
