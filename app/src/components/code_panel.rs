//! An activation code that was just issued, and what to do with it.

use super::format;
use crate::backend::codes::Lifetime;
use crate::domain::Timestamp;
use crate::i18n::{Locale, t};
use crate::pages::device_address;
use crate::request::Rendering;
use leptos::prelude::*;

/// The code in large letters, until when it works, and the steps at the terminal.
pub(crate) fn code_panel(
    rendering: &Rendering,
    title: String,
    sn: &str,
    manufacturer: Option<&str>,
    code: String,
    expires: i64,
) -> impl IntoView + use<> {
    let locale: Locale = rendering.locale;
    let path = device_address(sn, manufacturer);
    let link = (rendering.path() != path.split('?').next().unwrap_or_default()).then(|| {
        view! { <a class="btn" href=path>{t!(locale, register.view_it)}</a> }
    });
    // A code for the counter is over while people wait; one for a month is not counted in seconds.
    let left = Some(expires - rendering.now.0).filter(|left| (1..=Lifetime::Counter.ms()).contains(left));
    let left = left.map(|left| {
        view! {
            <p
                class="font-medium tabular-nums"
                role="timer"
                aria-live="off"
                data-left=left.to_string()
                data-label=t!(locale, codes.left)
                data-over=t!(locale, codes.over)
            ></p>
        }
    });
    view! {
        <section role="status" class="card bg-base-100 border-2 border-success p-4 md:p-6 gap-3 mb-6">
            <h2 class="text-lg font-semibold">{title}</h2>
            <p>{t!(locale, register.code_label)}</p>
            <p class="code text-2xl md:text-4xl font-bold tracking-wider" data-testid="activation-code">{code}</p>
            <p class="font-medium">{t!(locale, register.code_once)}</p>
            <p>
                {t!(locale, register.code_until)} " "
                {format::time(locale, rendering.now, Timestamp(expires))}
            </p>
            {left}
            <p>{t!(locale, register.code_steps)}</p>
            <ol class="list-decimal ps-6 flex flex-col gap-1">
                <li>{t!(locale, register.code_step_1)}</li>
                <li>{t!(locale, register.code_step_2)}</li>
                <li>{t!(locale, register.code_step_3)}</li>
            </ol>
            <div class="flex gap-2">{link}</div>
        </section>
    }
}
