//! 商户管理: every merchant, and taking one on.

use super::guard::{Answer, Visit, guarded};
use super::merchant_form::{Typed, fields, short};
use crate::backend::merchants::{MerchantQuery, MerchantRow};
use crate::backend::page::Cursor;
use crate::components::export_links::export_links;
use crate::components::field::{Field, select};
use crate::components::html::Rendered;
use crate::components::{empty::empty, format, merchant_state::merchant_state, pager::pager, words};
use crate::domain::{MerchantNo, MerchantState, Timestamp};
use crate::error::AppError;
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::Query;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

const PATH: &str = "/merchants";

/// The query parameters of the list, without its place.
const FILTERS: [&str; 2] = ["q", "state"];

/// The address of a merchant's page.
pub(super) fn merchant_address(number: &str) -> String {
    format!("{PATH}/{}", urlencoding::encode(number))
}

/// Takes a merchant on; leads to its page, or back with the reason.
#[server(prefix = "/actions", endpoint = "merchant-create")]
pub async fn create_merchant(
    #[server(default)] number: String,
    #[server(default)] name: String,
    #[server(default)] time_zone: String,
    #[server(default)] quota: String,
    #[server(default)] contact_name: String,
    #[server(default)] contact_phone: String,
    #[server(default)] contact_email: String,
) -> Result<(), ServerFnError> {
    let number = short(&number);
    let typed = Typed::new([name, time_zone, quota, contact_name, contact_phone, contact_email]);
    let back = [("new", "1"), ("number", number.as_str())];
    action(typed.address(PATH, back), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let number = backend.merchants.create(by, &number, &typed.input()).await?;
        let to = merchant_address(number.as_str());
        Ok(redirect_with(to, Flash::Done(Notice::MerchantCreated)))
    })
    .await
}

/// The merchants, for the platform.
#[component]
pub(super) fn MerchantsPage() -> impl IntoView {
    guarded(merchants)
}

async fn merchants(visit: Visit) -> Result<Answer, AppError> {
    let viewer = visit.caller.platform_viewer()?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let page = visit.backend.merchants.list(viewer, &asked(&visit.query)).await?;
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let pager = pager(locale, &page, PATH, &kept);
    let list = if !page.rows.is_empty() {
        table(locale, now, page.rows).rendered()
    } else if narrowed {
        let way = Some((PATH.to_owned(), t!(locale, common.clear)));
        let title = t!(locale, merchants.nothing_found);
        empty(title, t!(locale, merchants.nothing_found_text), way).rendered()
    } else {
        empty(t!(locale, merchants.empty), t!(locale, merchants.empty_text), None).rendered()
    };
    let new = visit.caller.platform_admin().is_ok().then(|| new_form(&visit));
    let body = view! {
        {new}
        {form(locale, &visit.query, narrowed)}
        <p class="flex flex-wrap gap-x-4 mb-4 no-print">{export_links(locale, PATH, &kept)}</p>
        {list}
        {pager}
    };
    Ok(Answer::page(t!(locale, common.merchants), body))
}

/// What the query parameters ask for. What is malformed asks for nothing.
pub fn asked(query: &Query) -> MerchantQuery {
    MerchantQuery {
        search: query.text("q"),
        state: query.get("state").and_then(|state| state.parse().ok()),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
}

fn form(locale: Locale, query: &Query, narrowed: bool) -> impl IntoView + use<> {
    let search = Field {
        name: "q",
        label: t!(locale, merchants.search).to_owned(),
        kind: "search",
        hint: Some(t!(locale, merchants.search_hint)),
        value: query.field("q"),
        ..Field::default()
    };
    let any = std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let states = MerchantState::VARIANTS.iter().map(|state| {
        (
            state.code().to_owned(),
            words::merchant_state(locale, *state).to_owned(),
        )
    });
    view! {
        <search>
            <form class="grid gap-3 sm:grid-cols-2 lg:grid-cols-3 items-start mb-4" method="get" action=PATH>
                {search.view()}
                {select("state", t!(locale, merchants.state), any.chain(states), &query.field("state"))}
                <div class="flex flex-wrap gap-2 lg:pt-7">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href=PATH>{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}

/// The form for a new merchant, folded away until it is wanted.
fn new_form(visit: &Visit) -> impl IntoView + use<> {
    let locale = visit.locale();
    let open = visit.query.get("new").is_some();
    let typed = if open {
        Typed::of_query(&visit.query)
    } else {
        Typed::default()
    };
    let fields = fields(visit, &typed, open, Some(visit.query.field("number")));
    view! {
        <details class="card bg-base-100 border border-base-300 p-4 mb-6 max-w-3xl" open=open>
            <summary class="cursor-pointer font-medium py-2">{t!(locale, merchants.add)}</summary>
            <form class="flex flex-col gap-4 pt-2" method="post" action=CreateMerchant::PATH>
                {fields}
                <button class="btn btn-primary self-start" type="submit">{t!(locale, merchants.create)}</button>
            </form>
        </details>
    }
}

fn table(locale: Locale, now: Timestamp, rows: Vec<MerchantRow>) -> impl IntoView + use<> {
    let rows = rows
        .into_iter()
        .map(|merchant| row(locale, now, merchant))
        .collect_view();
    let head = |word: &'static str| view! { <th role="columnheader" scope="col">{word}</th> };
    view! {
        <div class="md:overflow-x-auto md:bg-base-100 md:border border-base-300 rounded-box">
            <table role="table" class="table table-sm cards">
                <caption class="sr-only">{t!(locale, merchants.caption)}</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        {head(t!(locale, merchants.name))} {head(t!(locale, merchants.state))}
                        {head(t!(locale, merchants.number))} {head(t!(locale, merchants.used))}
                        {head(t!(locale, merchants.state_since))}
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
}

fn row(locale: Locale, now: Timestamp, merchant: MerchantRow) -> impl IntoView {
    let href = merchant_address(merchant.number.as_str());
    view! {
        <tr role="row">
            <td role="cell" class="card-start">
                <a class="link font-medium" href=href>{merchant.name.clone()}</a>
            </td>
            <td role="cell" class="card-state">{merchant_state(locale, merchant.state)}</td>
            <td role="cell" class="card-name">
                <span class="code">{merchant.number.to_string()}</span>
            </td>
            <td role="cell" class="whitespace-nowrap">
                <span class="md:hidden">{t!(locale, merchants.used)} " "</span>
                {quota(locale, &merchant)}
            </td>
            <td role="cell" class="card-name">
                <span class="md:hidden">{t!(locale, merchants.state_since)} " "</span>
                {format::time(locale, now, merchant.state_since)}
            </td>
        </tr>
    }
}

/// How much of the quota is in use, and whether there is room.
pub(super) fn quota(locale: Locale, merchant: &MerchantRow) -> impl IntoView + use<> {
    let (used, quota) = (format::grouped(merchant.used), format::grouped(merchant.quota));
    let remark = match merchant.used.cmp(&merchant.quota) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => Some(t!(locale, merchants.full)),
        std::cmp::Ordering::Greater => Some(t!(locale, merchants.over)),
    };
    view! {
        <span class="tabular-nums">{t!(locale, merchants.used_of, used, quota)}</span>
        {remark.map(|remark| view! { " " <span class="text-warning font-medium">{remark}</span> })}
    }
}

/// The merchant number in a path or a form; there is none like that when it is malformed.
pub(super) fn number_of(text: &str) -> Result<MerchantNo, AppError> {
    MerchantNo::parse(text).map_err(|_| AppError::NotFound)
}
