//! The only code that runs in the browser. Every page works without it; it only makes some things quicker.
//!
//! Islands are given their words as properties: the browser has no translations.

mod enhance;
mod sn_hint;

#[cfg(feature = "ssr")]
pub(crate) use enhance::Enhance;
#[cfg(feature = "ssr")]
pub(crate) use sn_hint::{SnHint, SnHintWords};
