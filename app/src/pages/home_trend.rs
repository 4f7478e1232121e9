//! On the first page: how registrations went lately, and for the platform why they failed.

use super::guard::Visit;
use super::help_address;
use crate::backend::trends::Day;
use crate::components::chart;
use crate::components::format::grouped;
use crate::components::html::{Html, Rendered};
use crate::components::words;
use crate::domain::{Reason, Told};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;

/// The bars, and beside them for the platform the reasons.
pub(super) async fn trend(visit: &Visit, days: &[Day]) -> Result<Html, AppError> {
    let locale = visit.locale();
    let reasons = match visit.caller.platform_viewer() {
        Err(_) => None,
        Ok(by) => Some(reasons(locale, visit.backend.trends.reasons(by).await?)),
    };
    Ok(view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-2" aria-labelledby="trend-title">
            <h2 class="text-lg font-semibold" id="trend-title">{t!(locale, trend.title)}</h2>
            {chart::registrations(locale, days)}
        </section>
        {reasons}
    }
    .rendered())
}

/// The reasons of most failures, each a way to the log of them and to what the help says.
fn reasons(locale: Locale, reasons: Vec<(Reason, u64)>) -> Html {
    let title = t!(locale, trend.reasons);
    let list = if reasons.is_empty() {
        view! { <p>{t!(locale, trend.no_reasons)}</p> }.rendered()
    } else {
        let rows = reasons
            .into_iter()
            .map(|(reason, times)| {
                let told = Told::Itself(reason);
                let href = address("/logs", [("outcome", "failure"), ("reason", reason.code())]);
                view! {
                    <tr>
                        <th scope="row" class="font-normal">
                            <a class="link" href=href>{words::told(locale, told).title}</a>
                        </th>
                        <td class="text-end tabular-nums">{grouped(times)}</td>
                        <td>
                            <a class="link" href=help_address(reason.code()) aria-label=t!(locale, trend.help_which, reason = words::told(locale, told).title)>
                                {t!(locale, common.help)}
                            </a>
                        </td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <table class="table table-sm max-w-xl">
                <thead>
                    <tr>
                        <th scope="col">{t!(locale, trend.reason)}</th>
                        <th scope="col" class="text-end">{t!(locale, trend.times)}</th>
                        <th scope="col"><span class="sr-only">{t!(locale, common.help)}</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .rendered()
    };
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-2" aria-labelledby="reasons-title">
            <h2 class="text-lg font-semibold" id="reasons-title">{title}</h2>
            {list}
        </section>
    }
    .rendered()
}
