//! A one-time link that was just made, and what to do with it.

use super::{format, icon};
use crate::components::html::{Html, Rendered};
use crate::domain::{InvitationToken, Purpose, Timestamp};
use crate::i18n::t;
use crate::request::Rendering;
use leptos::prelude::*;

/// The address of the page that a one-time link opens.
pub(crate) fn link_address(token: &InvitationToken) -> String {
    format!("/welcome/{token}")
}

/// The link, until when it works, and whom to give it to; nothing for what is no link.
pub(crate) fn link_panel(
    rendering: &Rendering,
    token: &str,
    purpose: &str,
    name: String,
    expires: i64,
) -> Option<Html> {
    let locale = rendering.locale;
    let token: InvitationToken = token.parse().ok()?;
    let title = match purpose.parse().ok()? {
        Purpose::Invite | Purpose::Setup => t!(locale, welcome.issued_invite, name = name.clone()),
        Purpose::Reset => t!(locale, welcome.issued_reset, name = name.clone()),
    };
    let link = format!("{}{}", rendering.origin, link_address(&token));
    let panel = view! {
        <section role="status" class="card bg-base-100 border-2 border-success p-4 md:p-6 gap-3 mb-6">
            <h2 class="text-lg font-semibold">{title}</h2>
            <p>{t!(locale, welcome.issued_send, name = name)}</p>
            <p class="flex items-center gap-1">
                <span class="font-mono break-all font-medium" data-testid="one-time-link">{link.clone()}</span>
                <button
                    type="button"
                    class="btn btn-ghost btn-sm px-2 group invisible [html.js_&]:visible after:content-[attr(data-done)]"
                    data-copy=link
                    aria-label=t!(locale, welcome.copy)
                >
                    <svg class="size-4 group-data-done:hidden" aria-hidden="true">
                        <use_ href=icon::COPY />
                    </svg>
                </button>
            </p>
            <p class="font-medium">{t!(locale, welcome.issued_once)}</p>
            <p>
                {t!(locale, welcome.issued_until)} " "
                {format::time(locale, rendering.now, Timestamp(expires))}
            </p>
        </section>
    };
    Some(panel.rendered())
}
