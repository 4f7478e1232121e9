//! What stands below a field for a serial number while it is typed.
//!
//! The page has an element whose `data-hint-for` is the field's id and whose other attributes are the words; in them, `{}`
//! stands for what was found.

/// What is said of a text: the attribute with the words, and what was found. Nothing as long as there is no text.
#[cfg(any(target_arch = "wasm32", test))]
fn said_of(text: &str) -> Option<(&'static str, String)> {
    use crate::domain::{SerialNumber, SerialNumberError};
    match SerialNumber::parse(text) {
        Ok(sn) => Some(("data-accepted", sn.as_str().to_owned())),
        Err(SerialNumberError::Empty) => None,
        Err(SerialNumberError::Character(c)) => Some(("data-character", String::from(c))),
        Err(SerialNumberError::TooShort(n)) => Some(("data-too-short", n.to_string())),
        Err(SerialNumberError::TooLong(n)) => Some(("data-too-long", n.to_string())),
    }
}

/// Keeps the hints of all fields up to date.
#[cfg(target_arch = "wasm32")]
pub(super) fn watch_fields() {
    use super::browser::listen;
    listen("input", |event| {
        let _ = hint(&event);
    });
}

#[cfg(target_arch = "wasm32")]
fn hint(event: &web_sys::Event) -> Option<()> {
    use leptos::prelude::document;
    use wasm_bindgen::JsCast;
    let field: web_sys::HtmlInputElement = event.target()?.dyn_into().ok()?;
    let hint = document()
        .query_selector(&format!("[data-hint-for='{}']", field.id()))
        .ok()??;
    let said =
        said_of(&field.value()).and_then(|(words, found)| Some(hint.get_attribute(words)?.replace("{}", &found)));
    hint.set_text_content(said.as_deref());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_says_what_the_server_would() {
        let said = |text: &str| said_of(text).map(|(words, found)| format!("{words} {found}"));
        assert_eq!(said("161-203-824").as_deref(), Some("data-accepted 161203824"));
        assert_eq!(said(" - "), None);
        assert_eq!(said("１２").as_deref(), Some("data-too-short 2"));
        assert_eq!(said("AB#12").as_deref(), Some("data-character #"));
        assert_eq!(said(&"9".repeat(65)).as_deref(), Some("data-too-long 65"));
    }
}
