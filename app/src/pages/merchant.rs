//! One merchant: what is known of it, its stores, its terminals by state, its latest log; and changing it.

use super::guard::{Answer, Visit, guarded};
use super::merchant_form::{Typed, fields, short};
use super::merchants::{merchant_address, number_of, quota};
use super::stores::stores_section;
use crate::backend::device_log::LogQuery;
use crate::backend::merchants::Merchant;
use crate::components::field::Field;
use crate::components::html::{Html, Rendered};
use crate::components::{facts::facts, format, log_table::log_table, merchant_state::merchant_state, words};
use crate::domain::MerchantState;
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::t;
use crate::request::address;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// Entries of the log that are shown.
const ENTRIES: usize = 10;

/// Changes what is known of a merchant; leads back, with the reason when it was not done.
#[server(prefix = "/actions", endpoint = "merchant-update")]
pub async fn update_merchant(
    #[server(default)] number: String,
    #[server(default)] name: String,
    #[server(default)] time_zone: String,
    #[server(default)] quota: String,
    #[server(default)] contact_name: String,
    #[server(default)] contact_phone: String,
    #[server(default)] contact_email: String,
) -> Result<(), ServerFnError> {
    let typed = Typed::new([name, time_zone, quota, contact_name, contact_phone, contact_email]);
    let path = merchant_address(&short(&number));
    action(typed.address(&path, [("edit", "1")]), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let number = number_of(&number)?;
        backend.merchants.update(by, &number, &typed.input()).await?;
        Ok(redirect_with(path, Flash::Done(Notice::MerchantUpdated)))
    })
    .await
}

/// Suspends a merchant; leads back, with what was typed when it was not done.
#[server(prefix = "/actions", endpoint = "merchant-suspend")]
pub async fn suspend_merchant(
    #[server(default)] number: String,
    #[server(default)] reason: String,
) -> Result<(), ServerFnError> {
    let path = merchant_address(&short(&number));
    let reason = short(&reason);
    action(address(&path, [("reason", reason.as_str())]), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let number = number_of(&number)?;
        backend.merchants.suspend(by, &number, &reason).await?;
        Ok(redirect_with(path, Flash::Done(Notice::MerchantSuspended)))
    })
    .await
}

/// Lets a merchant go on; leads back.
#[server(prefix = "/actions", endpoint = "merchant-resume")]
pub async fn resume_merchant(#[server(default)] number: String) -> Result<(), ServerFnError> {
    let path = merchant_address(&short(&number));
    action(path.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let number = number_of(&number)?;
        backend.merchants.resume(by, &number).await?;
        Ok(redirect_with(path, Flash::Done(Notice::MerchantResumed)))
    })
    .await
}

/// One merchant. The path has its number.
#[component]
pub(super) fn MerchantPage() -> impl IntoView {
    guarded(merchant)
}

async fn merchant(visit: Visit) -> Result<Answer, AppError> {
    let viewer = visit.caller.platform_viewer()?;
    let number = number_of(visit.param("number"))?;
    let found = visit.backend.merchants.get(viewer, &number).await?;
    let merchant = found.ok_or(AppError::NotFound)?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let query = LogQuery {
        merchant_no: Some(number.to_string()),
        ..LogQuery::default()
    };
    let mut entries = visit.backend.device_log.list(&visit.caller, &query).await?.rows;
    entries.truncate(ENTRIES);
    let log = if entries.is_empty() {
        view! { <p>{t!(locale, merchants.no_log)}</p> }.rendered()
    } else {
        let whole = address("/logs", [("merchant", number.as_str())]);
        view! {
            {log_table(locale, now, false, t!(locale, merchants.log), entries)}
            <p class="mt-2">
                <a class="link" href=whole>{t!(locale, merchants.whole_log)}</a>
            </p>
        }
        .rendered()
    };
    let may_change = visit.caller.platform_admin().is_ok();
    let (edit, actions) = if may_change {
        (Some(edit_form(&visit, &merchant)), actions(&visit, &merchant))
    } else {
        (None, view! { <p>{t!(locale, merchants.looks_only)}</p> }.rendered())
    };
    let body = view! {
        <div class="flex flex-col gap-6">
            {known(&visit, &merchant)}
            {edit}
            {tally(&visit, &merchant)}
            {stores_section(&visit, Some(&number), &merchant.stores, may_change)}
            <section class="flex flex-col gap-3 items-start max-w-3xl" aria-labelledby="actions-title">
                <h2 class="text-lg font-semibold" id="actions-title">{t!(locale, merchants.actions)}</h2>
                {actions}
            </section>
            <section aria-labelledby="log-title">
                <h2 class="text-lg font-semibold mb-2" id="log-title">{t!(locale, merchants.log)}</h2>
                {log}
            </section>
            <p>
                <a class="link" href="/merchants">{t!(locale, merchants.all)}</a>
            </p>
        </div>
    };
    Ok(Answer::page(t!(locale, merchants.one, number = number.as_str()), body))
}

fn known(visit: &Visit, merchant: &Merchant) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let text = |text: &Option<String>| text.as_deref().unwrap_or(format::NOTHING).to_owned().rendered();
    let because = merchant.state_reason.clone().map(|reason| {
        view! { <p class="font-normal text-sm">{t!(locale, merchants.because, reason)}</p> }
    });
    let state = view! { {merchant_state(locale, merchant.row.state)} {because} };
    facts(
        "facts-title",
        t!(locale, merchants.facts),
        [
            (t!(locale, merchants.name), merchant.row.name.clone().rendered()),
            (t!(locale, merchants.state), state.rendered()),
            (
                t!(locale, merchants.state_since),
                format::time(locale, now, merchant.row.state_since).rendered(),
            ),
            (t!(locale, merchants.used), quota(locale, &merchant.row).rendered()),
            (t!(locale, merchants.time_zone), merchant.time_zone.clone().rendered()),
            (
                t!(locale, merchants.created),
                format::time(locale, now, merchant.created).rendered(),
            ),
            (t!(locale, merchants.contact_name), text(&merchant.contact_name)),
            (t!(locale, merchants.contact_phone), text(&merchant.contact_phone)),
            (t!(locale, merchants.contact_email), text(&merchant.contact_email)),
        ],
    )
}

/// The form that changes what is known, folded away until it is wanted.
fn edit_form(visit: &Visit, merchant: &Merchant) -> impl IntoView + use<> {
    let locale = visit.locale();
    let again = visit.query.get("edit").is_some();
    let typed = if again {
        Typed::of_query(&visit.query)
    } else {
        Typed::of_merchant(merchant)
    };
    let fields = fields(visit, &typed, again, None);
    view! {
        <details class="card bg-base-100 border border-base-300 p-4 max-w-3xl" open=again>
            <summary class="cursor-pointer font-medium py-2">{t!(locale, merchants.edit)}</summary>
            <form class="flex flex-col gap-4 pt-2" method="post" action=UpdateMerchant::PATH>
                <input type="hidden" name="number" value=merchant.row.number.to_string() />
                {fields}
                <button class="btn btn-primary self-start" type="submit">{t!(locale, merchants.save)}</button>
            </form>
        </details>
    }
}

/// How many terminals are in which state, and how many accounts there are, with the ways to them.
fn tally(visit: &Visit, merchant: &Merchant) -> impl IntoView + use<> {
    let locale = visit.locale();
    let number = merchant.row.number.as_str();
    let counts = &merchant.counts;
    let states = [
        ("", t!(locale, home.all), counts.all()),
        ("registered", t!(locale, word.registered), counts.registered),
        ("unregistered", t!(locale, word.unregistered), counts.unregistered()),
        ("suspended", t!(locale, word.suspended), counts.suspended),
        ("retired", t!(locale, word.retired), counts.retired),
    ];
    let tiles = states
        .into_iter()
        .map(|(state, word, count)| {
            let href = address("/terminals", [("q", number), ("state", state)]);
            view! {
                <li>
                    <a class="card bg-base-100 border border-base-300 p-4 h-full hover:border-primary" href=href>
                        <span>{word}</span>
                        <span class="text-2xl font-semibold tabular-nums">{format::grouped(count)}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let users = address("/users", [("merchant", number)]);
    let count = format::grouped(merchant.users);
    view! {
        <section aria-labelledby="counts-title">
            <h2 class="text-lg font-semibold mb-2" id="counts-title">{t!(locale, merchants.counts)}</h2>
            <ul class="grid gap-3 grid-cols-2 sm:grid-cols-3 lg:grid-cols-5">{tiles}</ul>
        </section>
        <section aria-labelledby="users-title">
            <h2 class="text-lg font-semibold mb-2" id="users-title">{t!(locale, merchants.users)}</h2>
            <p class="flex flex-wrap gap-x-4">
                {t!(locale, merchants.users_count, count)}
                <a class="link tap" href=users>
                    {t!(locale, merchants.see_users)}
                </a>
            </p>
        </section>
    }
}

/// Suspending, or going on.
fn actions(visit: &Visit, merchant: &Merchant) -> Html {
    let locale = visit.locale();
    let number = || view! { <input type="hidden" name="number" value=merchant.row.number.to_string() /> };
    if merchant.row.state == MerchantState::Suspended {
        return view! {
            <form class="flex flex-col gap-2 items-start" method="post" action=ResumeMerchant::PATH>
                {number()}
                <p>{t!(locale, merchants.resume_text)}</p>
                <button class="btn btn-primary" type="submit">{t!(locale, merchants.resume)}</button>
            </form>
        }
        .rendered();
    }
    let invalid = Invalid::SuspensionUnexplained;
    let wrong = matches!(&visit.rendering.flash, Some(Flash::Error { code, .. }) if code == invalid.code());
    let reason = Field {
        name: "reason",
        label: t!(locale, merchants.suspend_reason).to_owned(),
        hint: Some(t!(locale, merchants.suspend_reason_hint)),
        error: wrong.then(|| words::invalid(locale, invalid).1.to_owned()),
        value: visit.query.field("reason"),
        required: true,
        ..Field::default()
    };
    view! {
        <form class="flex flex-col gap-3 w-full max-w-xl" method="post" action=SuspendMerchant::PATH>
            {number()}
            <p>{t!(locale, merchants.suspend_text)}</p>
            {reason.view()}
            <button class="btn self-start" type="submit">{t!(locale, merchants.suspend)}</button>
        </form>
    }
    .rendered()
}
