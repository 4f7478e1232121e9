//! Reading a serial number with the camera: the button beside a field, and the window that `app/extras/scan.ts` opens. Neither
//! shows without a script.

use super::icon;
use crate::components::html::{Html, Rendered};
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The button that reads into the field with that id; into a field for several lines one after the other.
pub(crate) fn button(locale: Locale, field: &'static str) -> impl IntoView {
    view! {
        <button type="button" class="btn js-only self-start shrink-0 whitespace-nowrap" data-scan=field>
            {icon::icon(icon::SCAN)}
            {t!(locale, scan.button)}
        </button>
    }
}

/// The window, once per page that has such a button. What it says stands in its attributes; `{}` is for what was found.
pub(crate) fn window(locale: Locale) -> Html {
    view! {
        <dialog
            id="scan"
            class="scan"
            aria-labelledby="scan-title"
            data-starting=t!(locale, scan.starting)
            data-aim=t!(locale, scan.aim)
            data-denied=t!(locale, scan.denied)
            data-none=t!(locale, scan.none)
            data-unloaded=t!(locale, scan.unloaded)
            data-unread=t!(locale, scan.unread)
            data-other=t!(locale, scan.other, found = "{}")
            data-taken=t!(locale, scan.taken, sn = "{}")
            data-twice=t!(locale, scan.twice, sn = "{}")
            data-count=t!(locale, scan.count, n = "{}")
        >
            <h2 class="text-lg font-semibold" id="scan-title">{t!(locale, scan.title)}</h2>
            <video playsinline=true muted=true hidden=true aria-label=t!(locale, scan.picture)></video>
            <p class="min-h-12" role="status" data-status=""></p>
            <p class="font-semibold tabular-nums" data-number="" hidden=true></p>
            <div class="flex flex-wrap gap-2 items-center">
                <label class="btn">
                    {t!(locale, scan.photo)}
                    <input class="sr-only" type="file" accept="image/*" capture="environment" />
                </label>
                <button type="button" class="btn btn-primary" data-close="">{t!(locale, scan.close)}</button>
            </div>
        </dialog>
    }
    .rendered()
}
