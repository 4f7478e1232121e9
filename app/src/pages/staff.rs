//! 员工: an owner's clerks, and inviting them.

use super::guard::{Answer, Visit, guarded};
use super::user::{EnableUser, ResetUser};
use crate::backend::invitations::Invitation;
use crate::backend::page::Cursor;
use crate::backend::users::{UserQuery, UserRow};
use crate::components::account_state::account_state;
use crate::components::field::Field;
use crate::components::html::{Html, Rendered};
use crate::components::{format, pager::pager, words};
use crate::domain::{InvitationId, Timestamp, UserState};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

const PATH: &str = "/settings/staff";

/// Invites a clerk; leads back with the link, or with the reason why not.
#[server(prefix = "/actions", endpoint = "staff-invite")]
pub async fn invite_clerk(#[server(default)] name: String) -> Result<(), ServerFnError> {
    let name: String = name.chars().take(200).collect();
    action(address(PATH, [("name", name.as_str())]), async move {
        let (caller, backend) = actor()?;
        let link = backend.invitations.create(caller.staff_manager()?, &name).await?;
        Ok(redirect_with(PATH, Flash::link(&link)))
    })
    .await
}

/// Makes another link for an invitation; leads back with it.
#[server(prefix = "/actions", endpoint = "invitation-renew")]
pub async fn renew_invitation(#[server(default)] id: String) -> Result<(), ServerFnError> {
    action(PATH.to_owned(), async move {
        let (caller, backend) = actor()?;
        let by = caller.staff_manager()?;
        let id: InvitationId = id.parse().map_err(|_| AppError::NotFound)?;
        let link = backend.invitations.renew(by, id).await?;
        Ok(redirect_with(PATH, Flash::link(&link)))
    })
    .await
}

/// Withdraws an invitation; leads back.
#[server(prefix = "/actions", endpoint = "invitation-withdraw")]
pub async fn withdraw_invitation(#[server(default)] id: String) -> Result<(), ServerFnError> {
    action(PATH.to_owned(), async move {
        let (caller, backend) = actor()?;
        let by = caller.staff_manager()?;
        let id: InvitationId = id.parse().map_err(|_| AppError::NotFound)?;
        backend.invitations.delete(by, id).await?;
        Ok(redirect_with(PATH, Flash::Done(Notice::InvitationWithdrawn)))
    })
    .await
}

/// The clerks, for their owner.
#[component]
pub(super) fn StaffPage() -> impl IntoView {
    guarded(staff)
}

async fn staff(visit: Visit) -> Result<Answer, AppError> {
    let manager = visit.caller.staff_manager()?;
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let query = UserQuery {
        cursor: Cursor::from_query(visit.query.get("after"), visit.query.get("before")),
        ..UserQuery::default()
    };
    let clerks = visit.backend.users.list(visit.caller.account_viewer()?, &query).await?;
    let open = visit.backend.invitations.list(manager).await?;
    let pager = pager(locale, &clerks, PATH, &[]);
    let clerks = if clerks.rows.is_empty() {
        view! { <p>{t!(locale, staff.none)}</p> }.rendered()
    } else {
        let cards = clerks
            .rows
            .into_iter()
            .map(|clerk| card(locale, now, clerk))
            .collect_view();
        view! { <ul class="flex flex-col gap-3">{cards}</ul> }.rendered()
    };
    let body = view! {
        <div class="flex flex-col gap-6 max-w-3xl">
            <p>{t!(locale, staff.intro)}</p>
            {invite(&visit)}
            {(!open.is_empty()).then(|| invitations(locale, now, open))}
            <section class="flex flex-col gap-3" aria-labelledby="clerks-title">
                <h2 class="text-lg font-semibold" id="clerks-title">{t!(locale, staff.clerks)}</h2>
                {clerks}
                {pager}
            </section>
        </div>
    };
    Ok(Answer::page(t!(locale, common.staff), body))
}

fn invite(visit: &Visit) -> impl IntoView + use<> {
    let locale = visit.locale();
    let wrong = matches!(
        &visit.rendering.flash,
        Some(Flash::Error { code, .. }) if code == Invalid::NameMalformed.code()
    );
    let name = Field {
        name: "name",
        label: t!(locale, staff.name).to_owned(),
        hint: Some(t!(locale, staff.name_hint)),
        error: wrong.then(|| words::invalid(locale, Invalid::NameMalformed).0.to_owned()),
        value: visit.query.field("name"),
        required: true,
        ..Field::default()
    };
    view! {
        <form class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4" method="post" action=InviteClerk::PATH>
            <h2 class="text-lg font-semibold">{t!(locale, staff.invite)}</h2>
            {name.view()}
            <button class="btn btn-primary self-start" type="submit">{t!(locale, staff.invite_submit)}</button>
        </form>
    }
}

/// The invitations that nobody has accepted yet.
fn invitations(locale: Locale, now: Timestamp, open: Vec<Invitation>) -> impl IntoView + use<> {
    let cards = open
        .into_iter()
        .map(|invitation| {
            let id = invitation.id.to_string();
            let over = invitation.expires <= now;
            let until = if over {
                t!(locale, staff.expired)
            } else {
                t!(locale, welcome.issued_until)
            };
            let name = invitation.name;
            let renew = t!(locale, staff.renew_for, name = name.clone());
            let withdraw = t!(locale, staff.withdraw_for, name = name.clone());
            view! {
                <li class="card bg-base-100 border border-base-300 p-4 gap-2">
                    <p class="font-medium">{name}</p>
                    <p>{until} " " {format::time(locale, now, invitation.expires)}</p>
                    <div class="flex flex-wrap gap-2">
                        <form method="post" action=RenewInvitation::PATH>
                            <input type="hidden" name="id" value=id.clone() />
                            <button class="btn" type="submit" aria-label=renew>{t!(locale, staff.renew)}</button>
                        </form>
                        <form method="post" action=WithdrawInvitation::PATH>
                            <input type="hidden" name="id" value=id />
                            <button class="btn" type="submit" aria-label=withdraw>{t!(locale, staff.withdraw)}</button>
                        </form>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="flex flex-col gap-3" aria-labelledby="open-title">
            <h2 class="text-lg font-semibold" id="open-title">{t!(locale, staff.open)}</h2>
            <ul class="flex flex-col gap-3">{cards}</ul>
        </section>
    }
}

fn card(locale: Locale, now: Timestamp, clerk: UserRow) -> impl IntoView {
    let disabled = clerk.state == UserState::Disabled;
    let login = clerk.login.to_string();
    let signed_in = match clerk.last_signed_in {
        Some(at) => format::time(locale, now, at).rendered(),
        None => t!(locale, common.never).rendered(),
    };
    let button = |word: &'static str, label: String| -> Html {
        view! { <button class="btn" type="submit" aria-label=label>{word}</button> }.rendered()
    };
    let (word, label) = if disabled {
        (
            t!(locale, users.enable),
            t!(locale, staff.enable_who, login = login.clone()),
        )
    } else {
        (
            t!(locale, users.disable),
            t!(locale, staff.disable_who, login = login.clone()),
        )
    };
    let enable = button(word, label);
    let reset = (!disabled).then(|| {
        let label = t!(locale, staff.reset_who, login = login.clone());
        view! {
            <form method="post" action=ResetUser::PATH>
                <input type="hidden" name="login" value=login.clone() />
                {button(t!(locale, users.reset), label)}
            </form>
        }
    });
    view! {
        <li class="card bg-base-100 border border-base-300 p-4 gap-2">
            <p class="flex flex-wrap items-center gap-2">
                <span class="font-medium">{clerk.name}</span>
                <span class="break-all">{login.clone()}</span>
                {account_state(locale, clerk.state)}
            </p>
            <p>{t!(locale, users.last_signed_in)} " " {signed_in}</p>
            <div class="flex flex-wrap gap-2">
                {reset}
                <form method="post" action=EnableUser::PATH>
                    <input type="hidden" name="login" value=login />
                    <input type="hidden" name="enabled" value=disabled.to_string() />
                    {enable}
                </form>
            </div>
        </li>
    }
}
