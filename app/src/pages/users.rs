//! 账号管理: every account, and making one.

use super::guard::{Answer, Visit, guarded};
use super::user::user_address;
use crate::backend::page::Cursor;
use crate::backend::users::{NewAccount, UserQuery, UserRow};
use crate::components::account_state::account_state;
use crate::components::field::{Field, select, select_with_id};
use crate::components::html::{Html, Rendered};
use crate::components::stacked_table::{CARD_ROW, stacked_table};
use crate::components::{empty::empty, format, pager::pager, words};
use crate::domain::{Role, Timestamp, UserState};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use strum::VariantArray;

/// The query parameters of the list, without its place.
const FILTERS: [&str; 4] = ["q", "role", "state", "merchant"];

/// Makes an account; leads to the list with the link for its user, or back with the reason.
#[server(prefix = "/actions", endpoint = "user-create")]
pub async fn create_user(
    #[server(default)] login: String,
    #[server(default)] name: String,
    #[server(default)] role: String,
    #[server(default)] merchant_no: String,
) -> Result<(), ServerFnError> {
    let short = |text: &str| text.chars().take(200).collect::<String>();
    let new = NewAccount {
        login: short(&login),
        name: short(&name),
        role: short(&role),
        merchant_no: short(&merchant_no),
    };
    let typed = [
        ("new", "1"),
        ("new_login", new.login.as_str()),
        ("new_name", &new.name),
        ("new_role", &new.role),
        ("new_merchant", &new.merchant_no),
    ];
    action(address("/users", typed), async move {
        let (caller, backend) = actor()?;
        let link = backend.users.create(caller.platform_admin()?, &new).await?;
        Ok(redirect_with("/users", Flash::link(&link)))
    })
    .await
}

/// The accounts, for the platform.
#[component]
pub(super) fn UsersPage() -> impl IntoView {
    guarded(users)
}

async fn users(visit: Visit) -> Result<Answer, AppError> {
    visit.caller.platform_viewer()?;
    let viewer = visit.caller.account_viewer()?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let page = visit.backend.users.list(viewer, &asked(&visit.query)).await?;
    let kept = FILTERS.map(|name| (name, visit.query.get(name).unwrap_or_default()));
    let narrowed = kept.iter().any(|(_, value)| !value.is_empty());
    let pager = pager(locale, &page, "/users", &kept);
    let list = if page.rows.is_empty() {
        let way = Some(("/users".to_owned(), t!(locale, common.clear)));
        empty(
            t!(locale, users.nothing_found),
            t!(locale, users.nothing_found_text),
            way,
        )
        .rendered()
    } else {
        table(locale, now, page.rows).rendered()
    };
    let new = visit.caller.platform_admin().is_ok().then(|| new_form(&visit));
    let body = view! { {new} {form(locale, &visit.query, narrowed)} {list} {pager} };
    Ok(Answer::page(t!(locale, common.users), body))
}

/// What the query parameters ask for. What is malformed asks for nothing.
fn asked(query: &Query) -> UserQuery {
    UserQuery {
        search: query.text("q"),
        role: query.get("role").and_then(|role| role.parse().ok()),
        state: query.get("state").and_then(|state| state.parse().ok()),
        merchant_no: query.text("merchant"),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
}

fn roles(locale: Locale) -> impl Iterator<Item = (String, String)> {
    Role::VARIANTS
        .iter()
        .map(move |role| (role.code().to_owned(), words::role(locale, *role).to_owned()))
}

fn form(locale: Locale, query: &Query, narrowed: bool) -> impl IntoView + use<> {
    let field = |name, label: &str, kind, hint| Field {
        name,
        label: label.to_owned(),
        kind,
        hint,
        value: query.field(name),
        ..Field::default()
    };
    let any = || std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let states = UserState::VARIANTS
        .iter()
        .map(|state| (state.code().to_owned(), words::user_state(locale, *state).to_owned()));
    let search = field(
        "q",
        t!(locale, users.search),
        "search",
        Some(t!(locale, users.search_hint)),
    );
    view! {
        <search>
            <form class="grid gap-3 grid-cols-2 lg:grid-cols-5 items-start mb-4" method="get" action="/users">
                <div class="max-lg:col-span-2">{search.view()}</div>
                {select("role", t!(locale, users.role), any().chain(roles(locale)), &query.field("role"))}
                {select("state", t!(locale, users.state), any().chain(states), &query.field("state"))}
                {field("merchant", t!(locale, users.merchant_no), "text", None).view()}
                <div class="flex flex-wrap gap-2 max-lg:col-span-2 lg:pt-7">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href="/users">{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}

/// The form for a new account, folded away until it is wanted.
fn new_form(visit: &Visit) -> impl IntoView + use<> {
    let locale = visit.locale();
    let query = &visit.query;
    let code = match &visit.rendering.flash {
        Some(Flash::Error { code, .. }) => code.as_str(),
        _ => "",
    };
    let error = |wrong: &[Invalid]| {
        let wrong = wrong.iter().find(|invalid| invalid.code() == code)?;
        Some(words::invalid(locale, *wrong).0.to_owned())
    };
    let login = Field {
        name: "login",
        label: t!(locale, users.login).to_owned(),
        hint: Some(t!(locale, users.login_hint)),
        error: error(&[Invalid::LoginMalformed, Invalid::LoginTaken]),
        value: query.field("new_login"),
        required: true,
        ..Field::default()
    };
    let name = Field {
        name: "name",
        label: t!(locale, users.name).to_owned(),
        error: error(&[Invalid::NameMalformed]),
        value: query.field("new_name"),
        required: true,
        ..Field::default()
    };
    let merchant = Field {
        name: "merchant_no",
        label: t!(locale, users.merchant_no).to_owned(),
        hint: Some(t!(locale, users.merchant_no_hint)),
        error: error(&[Invalid::MerchantUnknown, Invalid::RoleAndMerchant]),
        value: query.field("new_merchant"),
        ..Field::default()
    };
    let role = query.get("new_role").unwrap_or(Role::MerchantOwner.code()).to_owned();
    let roles = select_with_id("new-role", "role", t!(locale, users.role), roles(locale), &role);
    view! {
        <details class="card bg-base-100 border border-base-300 p-4 mb-6 max-w-xl" open=query.get("new").is_some()>
            <summary class="cursor-pointer font-medium py-2">{t!(locale, users.add)}</summary>
            <p class="py-2">{t!(locale, users.add_text)}</p>
            <form class="flex flex-col gap-4" method="post" action=CreateUser::PATH>
                {login.view()}
                {name.view()}
                {roles}
                {merchant.view()}
                <button class="btn btn-primary self-start" type="submit">{t!(locale, users.create)}</button>
            </form>
        </details>
    }
}

fn table(locale: Locale, now: Timestamp, rows: Vec<UserRow>) -> Html {
    let rows = rows.into_iter().map(|user| row(locale, now, user)).collect_view();
    stacked_table(
        t!(locale, users.caption),
        [
            t!(locale, users.login),
            t!(locale, users.name),
            t!(locale, users.role),
            t!(locale, users.merchant),
            t!(locale, users.state),
            t!(locale, users.last_signed_in),
        ],
        rows,
    )
}

fn row(locale: Locale, now: Timestamp, user: UserRow) -> impl IntoView {
    let href = user_address(&user.login);
    let merchant = user
        .merchant
        .map_or_else(|| format::NOTHING.to_owned(), |merchant| merchant.name);
    let signed_in = match user.last_signed_in {
        Some(at) => format::time(locale, now, at).rendered(),
        None => t!(locale, common.never).rendered(),
    };
    view! {
        <tr
            role="row"
            class=CARD_ROW
        >
            <td role="cell">
                <a class="link break-all" href=href>{user.login.to_string()}</a>
            </td>
            <td role="cell">{user.name}</td>
            <td role="cell" class="whitespace-nowrap">{words::role(locale, user.role)}</td>
            <td role="cell">{merchant}</td>
            <td role="cell">{account_state(locale, user.state)}</td>
            <td role="cell">
                <span class="md:hidden">{t!(locale, users.last_signed_in)} " "</span>
                {signed_in}
            </td>
        </tr>
    }
}
