//! What works the same on every page.

use leptos::prelude::*;

/// Makes the buttons with `data-copy` put that text on the clipboard, and shows them. Its own markup is what a screen
/// reader says then.
#[island]
pub(crate) fn Enhance(
    /// What a button says for a moment after it was pressed.
    copied: String,
) -> impl IntoView {
    let said = RwSignal::new(String::new());
    #[cfg(target_arch = "wasm32")]
    browser::copy_buttons(copied, said);
    #[cfg(not(target_arch = "wasm32"))]
    let _ = copied;
    view! {
        <p class="sr-only" role="status">
            {move || said.get()}
        </p>
    }
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use leptos::ev;
    use leptos::prelude::*;
    use std::time::Duration;
    use wasm_bindgen::JsCast;
    use web_sys::{Element, MouseEvent};

    /// Milliseconds for which a button says that it has copied.
    const SAID_MS: u64 = 2000;

    /// Listens for the buttons wherever they are, and shows them by setting the class `js` on `<html>`. A browser has no
    /// clipboard outside a secure context (W3C Secure Contexts); the buttons then stay hidden.
    pub(super) fn copy_buttons(copied: String, said: RwSignal<String>) {
        if !window().is_secure_context() {
            return;
        }
        window_event_listener(ev::click, move |event| copy(&event, &copied, said));
        if let Some(html) = document().document_element() {
            let _ = html.class_list().add_1("js");
        }
    }

    fn copy(event: &MouseEvent, copied: &str, said: RwSignal<String>) {
        let pressed = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(button) = pressed.and_then(|element| element.closest("[data-copy]").ok().flatten()) else {
            return;
        };
        let Some(text) = button.get_attribute("data-copy") else {
            return;
        };
        let done = window().navigator().clipboard().write_text(&text);
        let copied = copied.to_owned();
        leptos::task::spawn_local(async move {
            if wasm_bindgen_futures::JsFuture::from(done).await.is_ok() {
                let _ = button.set_attribute("data-copied", &copied);
                said.set(copied);
                let silence = move || {
                    let _ = button.remove_attribute("data-copied");
                    said.set(String::new());
                };
                set_timeout(silence, Duration::from_millis(SAID_MS));
            }
        });
    }
}
