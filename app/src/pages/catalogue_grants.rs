//! Who may run an app of the catalogue: the authorizations, taking them back, and preparing more.

use super::app_address;
use super::catalogue::{error_of, package_in};
use super::grant_preview::draft_address;
use super::guard::Visit;
use crate::backend::grants::{GrantKind, GrantQuery, GrantRow, NewGrants};
use crate::backend::page::Cursor;
use crate::components::app_words::{policy, policy_badge};
use crate::components::field::{Field, select};
use crate::components::html::{Html, Rendered};
use crate::components::terminal_actions::confirm_field;
use crate::components::{format, pager::pager, text_area::text_area};
use crate::domain::{AppGrantId, Cause, PackageName, PolicyState, Timestamp};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::address;
use chrono::NaiveDate;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

/// Most bytes of a list that stand in an address when it was not accepted.
const LIST_BYTES: usize = 8_000;

/// The query parameters of the list, without its place.
const FILTERS: [&str; 2] = ["merchant", "policy"];

/// What each kind of list is.
pub(super) fn kind_word(locale: Locale, kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Merchants => t!(locale, catalogue.kind_merchants),
        GrantKind::Stores => t!(locale, catalogue.kind_stores),
        GrantKind::Terminals => t!(locale, catalogue.kind_terminals),
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// A day that was typed, as an instant by `of`; `None` for nothing.
fn instant(text: &str, of: impl Fn(NaiveDate) -> Option<Timestamp>) -> Result<Option<Timestamp>, AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let at = day.and_then(of).ok_or(AppError::Invalid(Invalid::Period))?;
    Ok(Some(at))
}

/// Keeps what is to be authorized; leads to the page that shows whom it touches, or back with the reason.
#[server(prefix = "/actions", endpoint = "app-authorize")]
pub async fn prepare_grants(
    #[server(default)] package: String,
    #[server(default)] kind: String,
    #[server(default)] merchant_no: String,
    #[server(default)] list: String,
    #[server(default)] starts: String,
    #[server(default)] ends: String,
) -> Result<(), ServerFnError> {
    let path = PackageName::parse(&package).map_or_else(
        |_| "/catalogue".to_owned(),
        |package| app_address(package.as_str(), true),
    );
    let typed = [
        ("authorize", "1"),
        ("kind", cut(&kind, 40)),
        ("merchant_no", cut(&merchant_no, 100)),
        ("starts", cut(&starts, 40)),
        ("ends", cut(&ends, 40)),
        ("list", cut(&list, LIST_BYTES)),
    ];
    action(address(&path, typed), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let zone = caller.zone();
        let package = package_in(&package)?;
        let new = NewGrants {
            starts: instant(&starts, |day| format::day_begins(zone, day))?,
            expires: instant(&ends, |day| format::day_ends(zone, day))?,
            kind,
            merchant_no,
            list,
        };
        let id = backend.grants.prepare(by, &package, &new).await?;
        Ok(redirect(draft_address(&package, id)))
    })
    .await
}

/// Takes authorizations back; leads back to the app's page.
#[server(prefix = "/actions", endpoint = "app-revoke")]
pub async fn revoke_grants(
    #[server(default)] package: String,
    #[server(default)] ids: Vec<String>,
    #[server(default)] reason: String,
    #[server(default)] confirmed: String,
) -> Result<(), ServerFnError> {
    let path = PackageName::parse(&package).map_or_else(
        |_| "/catalogue".to_owned(),
        |package| app_address(package.as_str(), true),
    );
    let chosen: Vec<&str> = ids.iter().map(|id| cut(id, 40)).take(50).collect();
    let typed = chosen.iter().map(|id| ("chosen", *id));
    let reason_typed: String = reason.chars().take(Cause::MAX_CHARS + 1).collect();
    let back = address(&path, typed.chain([("reason", reason_typed.as_str())]));
    action(format!("{back}#grants"), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let package = package_in(&package)?;
        if confirmed != "true" {
            return Err(AppError::Invalid(Invalid::Form));
        }
        let ids: Result<Vec<AppGrantId>, _> = ids.iter().map(|id| id.parse()).collect();
        let ids = ids.map_err(|_| AppError::Invalid(Invalid::Form))?;
        backend.grants.revoke(by, &package, &ids, &reason).await?;
        Ok(redirect_with(path, Flash::Done(Notice::AppRevoked)))
    })
    .await
}

/// The section of an app's page.
pub(super) async fn grants(visit: &Visit, package: &PackageName) -> Result<Html, AppError> {
    let locale = visit.locale();
    let by = visit.caller.platform_viewer()?;
    let query = GrantQuery {
        merchant_no: visit.query.text("merchant"),
        state: visit.query.get("policy").and_then(|state| state.parse().ok()),
        cursor: Cursor::from_query(visit.query.get("after"), visit.query.get("before")),
    };
    let page = visit.backend.grants.list(by, package, &query).await?;
    let path = app_address(package.as_str(), true);
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let pager = pager(locale, &page, &path, &kept);
    let admin = visit.caller.platform_admin().is_ok();
    let list = if page.rows.is_empty() {
        let text = if narrowed {
            t!(locale, catalogue.no_grants_found)
        } else {
            t!(locale, catalogue.no_grants)
        };
        view! { <p>{text}</p> }.rendered()
    } else if admin {
        revoke_form(visit, package, &page.rows)
    } else {
        table(visit, &page.rows, false)
    };
    let prepare = admin.then(|| prepare_form(visit, package));
    Ok(view! {
        <section
            class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4 scroll-mt-4"
            id="grants"
            aria-labelledby="grants-title"
        >
            <h2 class="text-lg font-semibold" id="grants-title">{t!(locale, catalogue.grants)}</h2>
            {prepare}
            {filter(visit, &path, narrowed)}
            {list}
            {pager}
        </section>
    }
    .rendered())
}

fn prepare_form(visit: &Visit, package: &PackageName) -> impl IntoView + use<> {
    let locale = visit.locale();
    let query = &visit.query;
    let kinds = GrantKind::VARIANTS
        .iter()
        .map(|kind| (kind.code().to_owned(), kind_word(locale, *kind).to_owned()));
    let kind = query.get("kind").unwrap_or(GrantKind::Merchants.code()).to_owned();
    let merchant = Field {
        name: "merchant_no",
        label: t!(locale, catalogue.merchant_no).to_owned(),
        hint: Some(t!(locale, catalogue.merchant_no_hint)),
        error: error_of(visit, &[Invalid::MerchantUnknown]),
        value: query.field("merchant_no"),
        ..Field::default()
    };
    let day = |name, label: &str, hint, error| Field {
        name,
        label: label.to_owned(),
        hint: Some(hint),
        kind: "date",
        error,
        value: query.field(name),
        ..Field::default()
    };
    let starts = day(
        "starts",
        t!(locale, catalogue.starts),
        t!(locale, catalogue.starts_hint),
        None,
    );
    let wrong = error_of(visit, &[Invalid::Period]);
    let ends = day(
        "ends",
        t!(locale, catalogue.ends),
        t!(locale, catalogue.ends_hint),
        wrong,
    );
    view! {
        <details open=query.get("authorize").is_some()>
            <summary class="cursor-pointer font-medium tap">{t!(locale, catalogue.authorize)}</summary>
            <form class="flex flex-col gap-4 py-2 max-w-xl" method="post" action=PrepareGrants::PATH>
                <p>{t!(locale, catalogue.authorize_text)}</p>
                <input type="hidden" name="package" value=package.to_string() />
                {select("kind", t!(locale, catalogue.whom), kinds, &kind)}
                {text_area(
                    "grant-list",
                    "list",
                    t!(locale, catalogue.list),
                    t!(locale, catalogue.list_hint),
                    &visit.rendering.lines("list"),
                )}
                {merchant.view()}
                <div class="grid gap-3 sm:grid-cols-2">{starts.view()} {ends.view()}</div>
                <button class="btn btn-primary self-start" type="submit">{t!(locale, catalogue.preview)}</button>
            </form>
        </details>
    }
}

fn filter(visit: &Visit, path: &str, narrowed: bool) -> impl IntoView + use<> {
    let locale = visit.locale();
    let merchant = Field {
        name: "merchant",
        label: t!(locale, users.merchant_no).to_owned(),
        kind: "search",
        value: visit.query.field("merchant"),
        ..Field::default()
    };
    let any = std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let states = PolicyState::VARIANTS
        .iter()
        .map(|state| (state.code().to_owned(), policy(locale, *state).to_owned()));
    let clear = narrowed.then(|| view! { <a class="btn" href=path.to_owned()>{t!(locale, common.clear)}</a> });
    view! {
        <search>
            <form class="flex flex-wrap gap-3 items-end" method="get" action=path.to_owned()>
                {merchant.view()}
                <div class="min-w-40">
                    {select("policy", t!(locale, users.state), any.chain(states), &visit.query.field("policy"))}
                </div>
                <button class="btn" type="submit">{t!(locale, common.filter)}</button>
                {clear}
            </form>
        </search>
    }
}

/// The authorizations, each with a box to tick, and what to say when taking them back.
fn revoke_form(visit: &Visit, package: &PackageName, rows: &[GrantRow]) -> Html {
    let locale = visit.locale();
    let reason = Field {
        name: "reason",
        label: t!(locale, catalogue.reason).to_owned(),
        hint: Some(t!(locale, catalogue.reason_hint)),
        error: error_of(visit, &[Invalid::RevokeReason]),
        value: visit.query.field("reason"),
        required: true,
        ..Field::default()
    };
    let any = rows.iter().any(can_be_revoked);
    let revoke = any.then(|| {
        view! {
            <div class="flex flex-col gap-3 items-start max-w-xl pt-2">
                <p>{t!(locale, catalogue.revoke_text)}</p>
                <div class="w-full">{reason.view()}</div>
                {confirm_field(locale)}
                <button class="btn btn-error btn-outline" type="submit">{t!(locale, catalogue.revoke)}</button>
            </div>
        }
    });
    view! {
        <form class="flex flex-col gap-3" method="post" action=RevokeGrants::PATH>
            <input type="hidden" name="package" value=package.to_string() />
            {table(visit, rows, any)}
            {revoke}
        </form>
    }
    .rendered()
}

fn can_be_revoked(row: &GrantRow) -> bool {
    matches!(row.state, PolicyState::Granted | PolicyState::NotYet)
}

fn table(visit: &Visit, rows: &[GrantRow], boxes: bool) -> Html {
    let locale = visit.locale();
    let caption = t!(locale, catalogue.grants_caption);
    let rows = rows.iter().map(|row| grant_row(visit, row, boxes)).collect_view();
    view! {
        <div class="overflow-x-auto border border-base-300 rounded-box" tabindex="0" role="region" aria-label=caption>
            <table class="table table-sm [&_td]:align-top">
                <caption class="sr-only">{caption}</caption>
                <thead>
                    <tr>
                        {boxes.then(|| view! { <th scope="col">{t!(locale, batch.chosen)}</th> })}
                        <th scope="col">{t!(locale, users.merchant)}</th>
                        <th scope="col">{t!(locale, catalogue.for_whom)}</th>
                        <th scope="col">{t!(locale, users.state)}</th>
                        <th scope="col">{t!(locale, catalogue.starts)}</th>
                        <th scope="col">{t!(locale, catalogue.expires)}</th>
                        <th scope="col">{t!(locale, catalogue.granted_by)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .rendered()
}

fn grant_row(visit: &Visit, row: &GrantRow, boxes: bool) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let whom = match (&row.sn, &row.store) {
        (Some(sn), _) => t!(locale, apps.on_one, sn = sn.clone()),
        (None, Some(store)) => t!(locale, apps.in_store, name = store.clone()),
        (None, None) => t!(locale, apps.everywhere).to_owned(),
    };
    let id = row.id.to_string();
    let tick = boxes.then(|| {
        let label = format!("{} {whom}", row.merchant.name);
        let ticked = visit.query.has("chosen", &id);
        let tick = can_be_revoked(row).then(|| {
            view! {
                <label class="tap flex items-center">
                    <input class="checkbox" type="checkbox" name="ids[]" value=id checked=ticked aria-label=label />
                </label>
            }
        });
        view! { <td>{tick}</td> }
    });
    let ended = row.revoked.map(|at| {
        let reason = row.reason.clone().unwrap_or_else(|| format::NOTHING.to_owned());
        view! {
            <p>{format::time(locale, now, at)}</p>
            <p>{t!(locale, apps.because, reason)}</p>
        }
    });
    let expires = match row.expires {
        Some(at) => format::time(locale, now, at).rendered(),
        None => t!(locale, apps.no_end).rendered(),
    };
    let by = row.granted_by.clone().unwrap_or_else(|| format::NOTHING.to_owned());
    view! {
        <tr>
            {tick}
            <td>
                <p class="font-medium">{row.merchant.name.clone()}</p>
                <p class="code">{row.merchant.number.clone()}</p>
            </td>
            <td>{whom}</td>
            <td class="min-w-40">{policy_badge(locale, Some(row.state))} {ended}</td>
            <td>{format::time(locale, now, row.starts)}</td>
            <td>{expires}</td>
            <td class="break-all">{by}</td>
        </tr>
    }
}
