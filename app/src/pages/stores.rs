//! 门店管理: an owner's stores; and the part of a merchant's page that is the same for the platform.

use super::guard::{Answer, Visit, guarded};
use super::merchants::{merchant_address, number_of};
use crate::backend::stores::{Closing, StoreInput, StoreRow};
use crate::components::field::Field;
use crate::components::format;
use crate::components::html::{Html, Rendered};
use crate::components::words;
use crate::domain::{MerchantNo, StoreId};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::t;
use crate::request::address;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

const PATH: &str = "/settings/stores";

/// Where whoever sent a form sees the stores: an owner on a page of their own, the platform on the merchant's.
fn home_of(merchant: &str) -> String {
    if merchant.is_empty() {
        PATH.to_owned()
    } else {
        merchant_address(merchant)
    }
}

fn short(text: &str) -> String {
    text.chars().take(250).collect()
}

fn store_of(text: &str) -> Result<StoreId, AppError> {
    text.parse().map_err(|_| AppError::NotFound)
}

/// Adds a store; leads back, with what was typed when it was not done.
#[server(prefix = "/actions", endpoint = "store-create")]
pub async fn create_store(
    #[server(default)] merchant: String,
    #[server(default)] store_name: String,
    #[server(default)] store_address: String,
) -> Result<(), ServerFnError> {
    let (merchant, name, place) = (short(merchant.trim()), short(&store_name), short(&store_address));
    let home = home_of(&merchant);
    let typed = [("store_name", name.as_str()), ("store_address", &place)];
    action(address(&home, typed), async move {
        let (caller, backend) = actor()?;
        let by = caller.store_manager()?;
        let merchant = Some(merchant.as_str()).filter(|merchant| !merchant.is_empty());
        let merchant = merchant.map(number_of).transpose()?;
        let input = StoreInput { name, address: place };
        backend.stores.create(by, merchant.as_ref(), &input).await?;
        Ok(redirect_with(home, Flash::Done(Notice::StoreCreated)))
    })
    .await
}

/// Changes a store; leads back, with what was typed when it was not done.
#[server(prefix = "/actions", endpoint = "store-update")]
pub async fn update_store(
    #[server(default)] merchant: String,
    #[server(default)] store: String,
    #[server(default)] store_name: String,
    #[server(default)] store_address: String,
) -> Result<(), ServerFnError> {
    let (name, place, store) = (short(&store_name), short(&store_address), short(&store));
    let home = home_of(&short(merchant.trim()));
    let typed = [
        ("edit_store", store.as_str()),
        ("store_name", &name),
        ("store_address", &place),
    ];
    action(address(&home, typed), async move {
        let (caller, backend) = actor()?;
        let by = caller.store_manager()?;
        let input = StoreInput { name, address: place };
        backend.stores.update(by, store_of(&store)?, &input).await?;
        Ok(redirect_with(home, Flash::Done(Notice::StoreUpdated)))
    })
    .await
}

/// Closes a store; leads back.
#[server(prefix = "/actions", endpoint = "store-close")]
pub async fn close_store(
    #[server(default)] merchant: String,
    #[server(default)] store: String,
) -> Result<(), ServerFnError> {
    let home = home_of(&short(merchant.trim()));
    action(home.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.store_manager()?;
        let notice = match backend.stores.close(by, store_of(&store)?).await? {
            Closing::Closed => Notice::StoreClosed,
            Closing::Removed => Notice::StoreRemoved,
        };
        Ok(redirect_with(home, Flash::Done(notice)))
    })
    .await
}

/// Opens a closed store again; leads back.
#[server(prefix = "/actions", endpoint = "store-reopen")]
pub async fn reopen_store(
    #[server(default)] merchant: String,
    #[server(default)] store: String,
) -> Result<(), ServerFnError> {
    let home = home_of(&short(merchant.trim()));
    action(home.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.store_manager()?;
        backend.stores.reopen(by, store_of(&store)?).await?;
        Ok(redirect_with(home, Flash::Done(Notice::StoreReopened)))
    })
    .await
}

/// The stores, for their owner.
#[component]
pub(super) fn StoresPage() -> impl IntoView {
    guarded(stores)
}

async fn stores(visit: Visit) -> Result<Answer, AppError> {
    visit.caller.merchant_member()?;
    visit.caller.store_manager()?;
    let locale = visit.locale();
    let rows = visit.backend.stores.list(&visit.caller, None).await?;
    let body = view! {
        <div class="flex flex-col gap-6 max-w-3xl">
            <p>{t!(locale, stores.intro)}</p>
            {stores_section(&visit, None, &rows, true)}
        </div>
    };
    Ok(Answer::page(t!(locale, stores.title), body))
}

/// A merchant's stores, with the forms to change them where that is allowed. `merchant` is for the platform.
pub(super) fn stores_section(
    visit: &Visit,
    merchant: Option<&MerchantNo>,
    stores: &[StoreRow],
    may_change: bool,
) -> Html {
    let locale = visit.locale();
    let edited = visit.query.get("edit_store").and_then(|id| id.parse::<StoreId>().ok());
    let edited = stores.iter().find(|store| Some(store.id) == edited);
    let form = may_change.then(|| store_form(visit, merchant, edited));
    let list = if stores.is_empty() {
        view! { <p>{t!(locale, stores.none)}</p> }.rendered()
    } else {
        let items = stores
            .iter()
            .map(|store| item(visit, merchant, store, may_change))
            .collect_view();
        view! { <ul class="card bg-base-100 border border-base-300 divide-y divide-base-300">{items}</ul> }.rendered()
    };
    view! {
        <section class="flex flex-col gap-3 max-w-3xl" aria-labelledby="stores-title" id="stores">
            <h2 class="text-lg font-semibold" id="stores-title">{t!(locale, stores.list)}</h2>
            {form}
            {list}
        </section>
    }
    .rendered()
}

/// The platform says which merchant it means.
fn of_merchant(merchant: Option<&MerchantNo>) -> impl IntoView + use<> {
    merchant.map(|number| view! { <input type="hidden" name="merchant" value=number.to_string() /> })
}

/// The form for a store: of the one that is edited, or for another one.
fn store_form(visit: &Visit, merchant: Option<&MerchantNo>, edited: Option<&StoreRow>) -> Html {
    let locale = visit.locale();
    let code = match &visit.rendering.flash {
        Some(Flash::Error { code, .. }) => code.as_str(),
        _ => "",
    };
    let typed = visit.query.get("store_name").is_some() || visit.query.get("store_address").is_some();
    let about_store = typed || edited.is_some();
    let error = |invalid: &[Invalid]| {
        let found = invalid.iter().find(|invalid| about_store && invalid.code() == code)?;
        Some(words::invalid(locale, *found).1.to_owned())
    };
    let value = |name, kept: Option<String>| match edited {
        Some(_) if !typed => kept.unwrap_or_default(),
        _ => visit.query.field(name),
    };
    let name = Field {
        name: "store_name",
        label: t!(locale, stores.name).to_owned(),
        error: error(&[Invalid::Name, Invalid::StoreTaken]),
        value: value("store_name", edited.map(|store| store.name.clone())),
        required: true,
        autofocus: edited.is_some(),
        ..Field::default()
    };
    let place = Field {
        name: "store_address",
        label: format!("{} ({})", t!(locale, stores.address), t!(locale, common.optional)),
        error: error(&[Invalid::AddressMalformed]),
        value: value("store_address", edited.and_then(|store| store.address.clone())),
        ..Field::default()
    };
    let merchant_field = of_merchant(merchant);
    let fields = view! { <div class="grid gap-4 sm:grid-cols-2 items-start">{name.view()} {place.view()}</div> };
    match edited {
        Some(store) => {
            let home = home_of(merchant.map_or("", MerchantNo::as_str));
            view! {
                <form
                    class="card bg-base-100 border border-primary p-4 gap-4"
                    method="post"
                    action=UpdateStore::PATH
                    id="store-form"
                >
                    <h3 class="font-semibold">{t!(locale, stores.edit_title)}</h3>
                    {merchant_field}
                    <input type="hidden" name="store" value=store.id.to_string() />
                    {fields}
                    <div class="flex flex-wrap gap-2">
                        <button class="btn btn-primary" type="submit">{t!(locale, stores.save)}</button>
                        <a class="btn" href=format!("{home}#stores")>{t!(locale, stores.cancel)}</a>
                    </div>
                </form>
            }
            .rendered()
        }
        None => view! {
            <details class="card bg-base-100 border border-base-300 p-4" open=typed>
                <summary class="cursor-pointer font-medium py-2">{t!(locale, stores.add)}</summary>
                <form class="flex flex-col gap-4 pt-2" method="post" action=CreateStore::PATH>
                    {merchant_field}
                    {fields}
                    <button class="btn btn-primary self-start" type="submit">{t!(locale, stores.create)}</button>
                </form>
            </details>
        }
        .rendered(),
    }
}

fn item(visit: &Visit, merchant: Option<&MerchantNo>, store: &StoreRow, may_change: bool) -> impl IntoView + use<> {
    let locale = visit.locale();
    let count = format::grouped(store.terminals);
    let href = match merchant {
        Some(number) => address("/terminals", [("q", format!("{number} {}", store.name).as_str())]),
        None => address("/devices", [("store", store.id.to_string().as_str())]),
    };
    let closed = store
        .closed
        .map(|_| view! { <span class="badge badge-neutral whitespace-nowrap">{t!(locale, stores.closed)}</span> });
    let actions = may_change.then(|| {
        let home = home_of(merchant.map_or("", MerchantNo::as_str));
        let id = store.id.to_string();
        let edit = address(&home, [("edit_store", id.as_str())]);
        let (path, word, label) = match store.closed {
            None => (
                CloseStore::PATH,
                t!(locale, stores.close),
                t!(locale, stores.close_which, name = store.name.clone()),
            ),
            Some(_) => (
                ReopenStore::PATH,
                t!(locale, stores.reopen),
                t!(locale, stores.reopen_which, name = store.name.clone()),
            ),
        };
        let edit_label = t!(locale, stores.edit_which, name = store.name.clone());
        // A store with terminals cannot be closed, so that is not offered.
        let can = store.closed.is_some() || store.terminals == 0;
        let change = can.then(|| {
            view! {
                <form method="post" action=path>
                    {of_merchant(merchant)}
                    <input type="hidden" name="store" value=id />
                    <button class="btn btn-sm tap" type="submit" aria-label=label>{word}</button>
                </form>
            }
        });
        view! {
            <div class="flex flex-wrap gap-2 no-print">
                <a class="btn btn-sm tap" href=format!("{edit}#store-form") aria-label=edit_label>
                    {t!(locale, stores.edit)}
                </a>
                {change}
            </div>
        }
    });
    view! {
        <li class="p-4 flex flex-wrap items-center gap-x-4 gap-y-2">
            <div class="grow min-w-48">
                <p class="flex flex-wrap items-center gap-2 font-medium">{store.name.clone()} {closed}</p>
                {store.address.clone().map(|place| view! { <p class="text-sm">{place}</p> })}
            </div>
            <a class="link tap whitespace-nowrap tabular-nums" href=href>
                {t!(locale, stores.terminals, count)}
            </a>
            {actions}
        </li>
    }
}
