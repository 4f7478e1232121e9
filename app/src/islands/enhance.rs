//! What works the same on every page.

use leptos::prelude::*;

/// Makes the buttons with `data-copy` put that text on the clipboard, and says below a field for a serial number while a
/// person types whether it is one, counts down a code for the counter, and makes rows quicker to tick. Its own markup is what a screen reader says when something was copied: the words of
/// `data-copied` around it.
#[island]
pub(crate) fn Enhance() -> impl IntoView {
    #[cfg(target_arch = "wasm32")]
    {
        super::sn_hint::watch_fields();
        copy::watch_buttons();
        super::countdown::run();
        super::select_rows::watch_rows();
    }
    view! { <p class="sr-only" role="status" id="said"></p> }
}

#[cfg(target_arch = "wasm32")]
mod copy {
    use crate::islands::browser::listen;
    use leptos::prelude::{document, window};
    use wasm_bindgen::closure::Closure;
    use wasm_bindgen::{JsCast, JsValue};
    use web_sys::{Element, Event};

    /// Milliseconds for which a button says that it has copied.
    const SAID_MS: i32 = 2000;

    /// Listens for the buttons wherever they are, and shows them by setting the class `js` on `<html>`. A browser has no
    /// clipboard outside a secure context (W3C Secure Contexts); the buttons then stay hidden.
    pub(super) fn watch_buttons() {
        if !window().is_secure_context() {
            return;
        }
        listen("click", |event| {
            let _ = copy(&event);
        });
        if let Some(html) = document().document_element() {
            let _ = html.class_list().add_1("js");
        }
    }

    /// Copies when the event is about one of the buttons.
    fn copy(event: &Event) -> Option<()> {
        let pressed: Element = event.target()?.dyn_into().ok()?;
        let button = pressed.closest("[data-copy]").ok()??;
        let text = button.get_attribute("data-copy")?;
        let copied = document().get_element_by_id("said")?.closest("[data-copied]").ok()??;
        let copied = copied.get_attribute("data-copied")?;
        let done = Closure::once(move |_: JsValue| say(&button, &copied));
        let _ = window().navigator().clipboard().write_text(&text).then(&done);
        done.forget();
        Some(())
    }

    /// Shows and says that a button has copied, for a moment.
    fn say(button: &Element, copied: &str) {
        let said = document().get_element_by_id("said");
        if let Some(said) = &said {
            said.set_text_content(Some(copied));
        }
        let _ = button.set_attribute("data-done", copied);
        let button = button.clone();
        let silence = Closure::once_into_js(move || {
            let _ = button.remove_attribute("data-done");
            if let Some(said) = said {
                said.set_text_content(None);
            }
        });
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(silence.unchecked_ref(), SAID_MS);
    }
}
