//! Icons: drawn once at the top of a page, used by reference everywhere else.

use leptos::prelude::*;

pub(crate) const ALERT: &str = "#i-alert";
pub(crate) const APPS: &str = "#i-apps";
// As an attribute that is computed: leptos_macro 0.8.20 prints the tag `use_` as it stands inside markup that is fixed.
pub(crate) const COPY: &str = "#i-copy";
pub(crate) const CARD: &str = "#i-card";
pub(crate) const AUDIT: &str = "#i-audit";
pub(crate) const DEVICES: &str = "#i-devices";
pub(crate) const DISPLAY: &str = "#i-display";
pub(crate) const HOME: &str = "#i-home";
pub(crate) const IMPORT: &str = "#i-import";
pub(crate) const LOG: &str = "#i-log";
pub(crate) const MORE: &str = "#i-more";
pub(crate) const OK: &str = "#i-ok";
pub(crate) const PEOPLE: &str = "#i-people";
pub(crate) const REGISTER: &str = "#i-register";
pub(crate) const RETIRED: &str = "#i-retired";
pub(crate) const STORE: &str = "#i-store";
pub(crate) const SCAN: &str = "#i-scan";
pub(crate) const SEARCH: &str = "#i-search";
pub(crate) const SUSPENDED: &str = "#i-suspended";
pub(crate) const UNKNOWN: &str = "#i-unknown";
pub(crate) const WAITING: &str = "#i-waiting";
pub(crate) const HELP: &str = UNKNOWN;

/// An icon beside a word that says the same.
pub(crate) fn icon(href: &'static str) -> impl IntoView {
    view! {
        <svg class="size-5 shrink-0" aria-hidden="true">
            <use_ href=href />
        </svg>
    }
}

/// The drawings, each 24 by 24 and in the colour of the text around it.
pub(crate) fn sprite() -> impl IntoView {
    view! {
        <svg class="hidden" aria-hidden="true">
            <symbol id="i-alert" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M12 4 2.8 20h18.4L12 4Zm0 6v4m0 3v.1" />
            </symbol>
            <symbol id="i-apps" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M4 4h6v6H4zm10 0h6v6h-6zM4 14h6v6H4zm13-1v8m-4-4h8" />
            </symbol>
            <symbol id="i-audit" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M12 3 5 6v5c0 4.5 2.8 8 7 10 4.2-2 7-5.5 7-10V6l-7-3Zm-3 9 2.2 2.2L15.5 10" />
            </symbol>
            <symbol id="i-card" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M3 5h18v14H3zm3.5 4.5h4m-4 4h4m-4 2.5h2.5m5.5-6.5h4v5h-4z" />
            </symbol>
            <symbol id="i-copy" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M9 9h11v11H9zM5 15H4V4h11v1" />
            </symbol>
            <symbol id="i-devices" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M6 2.5h12v19H6zM9 6h6v4H9zm0 7.5h.1m2.9 0h.1m2.9 0h.1M9 17h.1m2.9 0h.1m2.9 0h.1" />
            </symbol>
            <symbol id="i-display" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z" />
                <path d="M12 3a9 9 0 0 1 0 18Z" fill="currentColor" />
            </symbol>
            <symbol id="i-home" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="m3 11 9-7.5L21 11m-15-2.5V20h12V8.5M10 20v-6h4v6" />
            </symbol>
            <symbol id="i-import" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M12 15V4m-4.5 4.5L12 4l4.5 4.5M4 15v5h16v-5" />
            </symbol>
            <symbol id="i-log" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M5 3h14v18H5zm4 5h6m-6 4h6m-6 4h3" />
            </symbol>
            <symbol id="i-more" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M4 7h16M4 12h16M4 17h16" />
            </symbol>
            <symbol id="i-ok" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="m5 12.5 4.5 4.5L19 7.5" />
            </symbol>
            <symbol id="i-people" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M12 8a3.5 3.5 0 1 1-7 0 3.5 3.5 0 0 1 7 0ZM2.5 20a6 6 0 0 1 12 0m1-15.2a3.5 3.5 0 0 1 0 6.4m2 3.6a6 6 0 0 1 4 5.2" />
            </symbol>
            <symbol id="i-register" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M12 8v8m-4-4h8M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z" />
            </symbol>
            <symbol id="i-retired" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="m6 6 12 12M18 6 6 18" />
            </symbol>
            <symbol id="i-store" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M4.5 11v9.5h15V11M3 8.5 5 3.5h14l2 5a3 3 0 0 1-6 0 3 3 0 0 1-6 0 3 3 0 0 1-6 0Zm7 12V15h4v5.5" />
            </symbol>
            <symbol id="i-scan" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M3 8V4h4m10 0h4v4m0 8v4h-4M7 20H3v-4m4-8v8m3-8v8m4-8v8m3-8v8" />
            </symbol>
            <symbol id="i-search" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M17 10.5a6.5 6.5 0 1 1-13 0 6.5 6.5 0 0 1 13 0Zm-2 5 5.5 5.5" />
            </symbol>
            <symbol id="i-suspended" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M9 6v12m6-12v12" />
            </symbol>
            <symbol id="i-unknown" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M9 9.2a3 3 0 1 1 4.4 2.7c-.9.5-1.4 1.1-1.4 2.1m0 3v.1M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0Z" />
            </symbol>
            <symbol id="i-waiting" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2">
                <path d="M20 12a8 8 0 1 1-16 0 8 8 0 0 1 16 0Zm-8-4.5V12l3 2" />
            </symbol>
        </svg>
    }
}
