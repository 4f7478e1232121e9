//! 系统设置 › 注册信息: a merchant's own registration with the platform, made to be printed.

use super::guard::{Answer, Visit, guarded};
use crate::backend::merchants::Merchant;
use crate::components::html::Rendered;
use crate::components::{facts::facts, format, icon, merchant_state::merchant_state};
use crate::domain::MerchantState;
use crate::error::AppError;
use crate::i18n::{Locale, t};
use leptos::prelude::*;

/// The registration of the caller's merchant.
#[component]
pub(super) fn RegistrationPage() -> impl IntoView {
    guarded(registration)
}

async fn registration(visit: Visit) -> Result<Answer, AppError> {
    let merchant = visit.backend.merchants.own(visit.caller.merchant_member()?).await?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let body = view! {
        <div class="flex flex-col gap-6 max-w-4xl">
            <p class="no-print">{t!(locale, registration.intro)}</p>
            {suspended(locale, &merchant)}
            {registered(&visit, &merchant)}
            {quota(locale, &merchant)}
            {by_state(locale, &merchant)}
            {contacts(locale, &merchant)}
            <p class="text-sm">{t!(locale, registration.as_of, at = format::minute(now))}</p>
            <p class="text-sm no-print">{t!(locale, registration.print_hint)}</p>
        </div>
    };
    Ok(Answer::page(t!(locale, registration.title), body))
}

/// That nothing goes on until the platform says so, and why.
fn suspended(locale: Locale, merchant: &Merchant) -> Option<impl IntoView + use<>> {
    (merchant.row.state == MerchantState::Suspended).then(|| {
        let because = merchant.state_reason.clone().map(|reason| {
            view! { <p class="font-medium">{t!(locale, merchants.because, reason)}</p> }
        });
        view! {
            <div role="status" class="alert alert-error alert-outline bg-base-100 items-start">
                {icon::icon(icon::ALERT)}
                <div class="flex flex-col gap-1 text-base-content">
                    <p class="font-semibold">{t!(locale, registration.suspended_title)}</p>
                    {because}
                    <p>{t!(locale, registration.suspended_text)}</p>
                </div>
            </div>
        }
    })
}

fn registered(visit: &Visit, merchant: &Merchant) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let number = view! { <span class="code">{merchant.row.number.to_string()}</span> };
    let stores = merchant.stores.iter().filter(|store| store.closed.is_none()).count();
    let stores = t!(
        locale,
        registration.stores_count,
        count = format::grouped(stores as u64)
    );
    facts(
        "registration-title",
        t!(locale, registration.merchant),
        [
            (t!(locale, merchants.number), number.rendered()),
            (t!(locale, merchants.name), merchant.row.name.clone().rendered()),
            (
                t!(locale, merchants.state),
                merchant_state(locale, merchant.row.state).rendered(),
            ),
            (
                t!(locale, registration.since),
                format::time(locale, now, merchant.created).rendered(),
            ),
            (
                t!(locale, registration.state_since),
                format::time(locale, now, merchant.row.state_since).rendered(),
            ),
            (t!(locale, merchants.time_zone), merchant.time_zone.clone().rendered()),
            (t!(locale, registration.stores), stores.rendered()),
        ],
    )
}

fn quota(locale: Locale, merchant: &Merchant) -> impl IntoView + use<> {
    let row = &merchant.row;
    let left = row.quota.saturating_sub(row.used);
    let (used, all) = (format::grouped(row.used), format::grouped(row.quota));
    let full = (left == 0).then(|| {
        view! { <p class="font-medium text-warning">{t!(locale, registration.quota_full)}</p> }
    });
    let sentence = t!(
        locale,
        registration.quota_used,
        quota = all.clone(),
        used = used.clone(),
        left = format::grouped(left)
    );
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-3" aria-labelledby="quota-title">
            <h2 class="text-lg font-semibold" id="quota-title">{t!(locale, registration.quota_title)}</h2>
            <p>{sentence}</p>
            <progress
                class="progress progress-primary w-full max-w-md"
                value=row.used.min(row.quota).to_string()
                max=row.quota.max(1).to_string()
                aria-label=t!(locale, registration.quota_label, used, quota = all)
            ></progress>
            {full}
        </section>
    }
}

fn by_state(locale: Locale, merchant: &Merchant) -> impl IntoView + use<> {
    let counts = &merchant.counts;
    let rows = [
        (t!(locale, word.registered), "registered", counts.registered),
        (t!(locale, registration.waiting), "unregistered", counts.unregistered()),
        (t!(locale, word.suspended), "suspended", counts.suspended),
        (t!(locale, word.retired), "retired", counts.retired),
        (t!(locale, registration.all), "", counts.all()),
    ];
    let rows = rows
        .into_iter()
        .map(|(word, state, count)| {
            let href = crate::request::address("/devices", [("state", state)]);
            view! {
                <tr>
                    <th scope="row" class="font-normal">
                        <a class="link" href=href>{word}</a>
                    </th>
                    <td class="text-end tabular-nums">{format::grouped(count)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-3" aria-labelledby="states-title">
            <h2 class="text-lg font-semibold" id="states-title">{t!(locale, registration.by_state)}</h2>
            <table class="table max-w-md">
                <caption class="sr-only">{t!(locale, registration.by_state)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t!(locale, merchants.state)}</th>
                        <th scope="col" class="text-end">{t!(locale, registration.count)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="text-sm">{t!(locale, registration.counts_note)}</p>
        </section>
    }
}

fn contacts(locale: Locale, merchant: &Merchant) -> impl IntoView + use<> {
    let known = [
        (t!(locale, merchants.contact_name), &merchant.contact_name),
        (t!(locale, merchants.contact_phone), &merchant.contact_phone),
        (t!(locale, merchants.contact_email), &merchant.contact_email),
    ];
    let mut known: Vec<_> = known
        .into_iter()
        .filter_map(|(word, text)| Some((word, text.clone()?.rendered())))
        .collect();
    if known.is_empty() {
        known.push((
            t!(locale, merchants.contact),
            t!(locale, registration.no_contact).rendered(),
        ));
    }
    facts("contacts-title", t!(locale, registration.contacts), known)
}
