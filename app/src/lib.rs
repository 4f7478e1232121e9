//! Everything a person sees, and the questions it may ask.
//!
//! With the feature `ssr` it is the pages, rendered on the server. With `hydrate` it is the few islands that run in the
//! browser and what they need of the domain; nothing else is sent there.

pub mod domain;
#[expect(unreachable_pub, reason = "what #[island] makes of a function is public")]
pub mod islands;

#[cfg(feature = "ssr")]
pub mod api_docs;
#[cfg(feature = "ssr")]
pub mod backend;
#[cfg(feature = "ssr")]
pub mod caller;
#[cfg(feature = "ssr")]
mod components;
#[cfg(feature = "ssr")]
pub mod error;
#[cfg(feature = "ssr")]
pub mod flash;
#[cfg(feature = "ssr")]
pub mod i18n;
#[cfg(feature = "ssr")]
#[expect(
    unreachable_pub,
    reason = "what #[component] and #[server] make of a function is public"
)]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod preferences;
#[cfg(feature = "ssr")]
pub mod request;
#[cfg(feature = "ssr")]
pub mod shell;

/// Wakes the islands of a page that the server has rendered.
#[cfg(all(feature = "hydrate", target_arch = "wasm32"))]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
