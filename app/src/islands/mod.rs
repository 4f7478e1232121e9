//! The only code that runs in the browser. Every page works without it; it only makes some things quicker.
//!
//! The browser has no translations: an island finds its words in attributes of the page. That also spares every visitor
//! the download of a reader for JSON, which properties of islands need.

mod countdown;
mod enhance;
mod select_rows;
mod sn_hint;

#[cfg(feature = "ssr")]
pub(crate) use enhance::Enhance;

#[cfg(target_arch = "wasm32")]
mod browser {
    use leptos::prelude::document;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::Event;

    /// Calls `heard` for every event of that name on the page, for as long as the page is there.
    pub(super) fn listen(name: &str, heard: impl Fn(Event) + 'static) {
        let heard = Closure::<dyn Fn(Event)>::new(heard);
        let _ = document().add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
        heard.forget();
    }
}
