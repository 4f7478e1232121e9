//! 账号: a person's own password, language and open sessions.

use super::guard::{Answer, guarded};
use crate::backend::sessions::OpenSession;
use crate::components::field::Field;
use crate::components::html::Rendered;
use crate::components::{display, format, user_agent::browser};
use crate::domain::Timestamp;
use crate::flash::{Flash, Notice, action, actor, redirect_with};
use crate::i18n::{Locale, language_code, language_tag, t};
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// Where the page is.
pub const PATH: &str = "/settings/account";

/// Where the form for the password is posted to. It gives the session another id, which is the server's business.
pub const PASSWORD_PATH: &str = "/settings/account/password";

/// Ends one of the person's sessions.
#[server(prefix = "/actions", endpoint = "end-session")]
pub async fn end_session(#[server(default)] name: String) -> Result<(), ServerFnError> {
    action(PATH.to_owned(), async move {
        let (caller, backend) = actor()?;
        backend.sessions.end(&caller, &name).await?;
        Ok(redirect_with(PATH, Flash::Done(Notice::SessionEnded)))
    })
    .await
}

/// Ends all of the person's sessions but this one.
#[server(prefix = "/actions", endpoint = "end-other-sessions")]
pub async fn end_other_sessions() -> Result<(), ServerFnError> {
    action(PATH.to_owned(), async move {
        let (caller, backend) = actor()?;
        backend.sessions.end_others(&caller).await?;
        Ok(redirect_with(PATH, Flash::Done(Notice::OtherSessionsEnded)))
    })
    .await
}

/// The page.
#[component]
pub(super) fn AccountPage() -> impl IntoView {
    guarded(async move |visit| {
        let (locale, now) = (visit.locale(), visit.rendering.now);
        let sessions = visit.backend.sessions.list(&visit.caller).await?;
        let body = view! {
            <div class="flex flex-col gap-6 max-w-3xl">
                {password(locale, visit.caller.login().to_owned())}
                <p>
                    <a class="btn" href="/settings/security">{t!(locale, account.two_step)}</a>
                </p>
                {language(locale)}
                {display::section(&visit.rendering, "/settings/account#display")}
                {open_sessions(locale, now, sessions)}
            </div>
        };
        Ok(Answer::page(t!(locale, account.title), body))
    })
}

/// The form for another password. The login is in it for password managers, which keep the two together.
fn password(locale: Locale, login: String) -> impl IntoView {
    let field = |name, label: &str, autocomplete, hint| {
        Field {
            name,
            label: label.to_owned(),
            kind: "password",
            autocomplete,
            hint,
            required: true,
            ..Field::default()
        }
        .view()
    };
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4">
            <h2 class="text-lg font-semibold">{t!(locale, account.password)}</h2>
            <form class="flex flex-col gap-4 max-w-sm" method="post" action=PASSWORD_PATH>
                <input class="hidden" type="text" name="login" value=login autocomplete="username" readonly=true tabindex="-1" aria-hidden="true" />
                {field("current", t!(locale, account.current), "current-password", None)}
                {field("chosen", t!(locale, account.chosen), "new-password", Some(t!(locale, account.rule)))}
                {field("again", t!(locale, account.again), "new-password", None)}
                <p class="text-sm">{t!(locale, account.password_ends)}</p>
                <button class="btn btn-primary self-start" type="submit">{t!(locale, account.change)}</button>
            </form>
        </section>
    }
}

fn language(locale: Locale) -> impl IntoView {
    let other = match locale {
        Locale::zh => Locale::en,
        Locale::en => Locale::zh,
    };
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4">
            <h2 class="text-lg font-semibold">{t!(locale, account.language)}</h2>
            <p>{t!(locale, account.language_now)}</p>
            <form method="post" action="/language">
                <input type="hidden" name="language" value=language_code(other) />
                <input type="hidden" name="back" value=PATH />
                <button class="btn" type="submit" lang=language_tag(other)>
                    {t!(other, account.switch_to)}
                </button>
            </form>
        </section>
    }
}

fn open_sessions(locale: Locale, now: Timestamp, sessions: Vec<OpenSession>) -> impl IntoView {
    let others = sessions.iter().any(|session| !session.own);
    let items = sessions
        .into_iter()
        .map(|session| item(locale, now, session))
        .collect_view();
    let end_others = others.then(|| {
        view! {
            <form method="post" action=EndOtherSessions::PATH>
                <button class="btn" type="submit">{t!(locale, account.end_others)}</button>
            </form>
        }
    });
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4">
            <h2 class="text-lg font-semibold">{t!(locale, account.sessions)}</h2>
            <p>{t!(locale, account.sessions_intro)}</p>
            <ul class="flex flex-col gap-3">{items}</ul>
            {end_others}
        </section>
    }
}

fn item(locale: Locale, now: Timestamp, session: OpenSession) -> impl IntoView {
    let named = browser(locale, session.user_agent.as_deref());
    let end = if session.own {
        view! { <span class="badge badge-success whitespace-nowrap">{t!(locale, account.this_one)}</span> }.rendered()
    } else {
        let label = t!(locale, account.end_which, which = named.clone());
        view! {
            <form method="post" action=EndSession::PATH>
                <input type="hidden" name="name" value=session.name />
                <button class="btn btn-sm" type="submit" aria-label=label>
                    {t!(locale, account.end)}
                </button>
            </form>
        }
        .rendered()
    };
    let address = session.address.unwrap_or_else(|| format::NOTHING.to_owned());
    view! {
        <li class="flex flex-wrap items-center gap-3 border border-base-300 rounded-box p-3">
            <div class="grow min-w-0">
                <p class="font-medium break-words">{named}</p>
                <dl class="text-sm flex flex-wrap gap-x-4">
                    <div class="flex gap-1">
                        <dt>{t!(locale, log.address)}</dt>
                        <dd class="font-mono break-all">{address}</dd>
                    </div>
                    <div class="flex gap-1">
                        <dt>{t!(locale, account.since)}</dt>
                        <dd>{format::time(locale, now, session.since)}</dd>
                    </div>
                    <div class="flex gap-1">
                        <dt>{t!(locale, account.last_seen)}</dt>
                        <dd>{format::time(locale, now, session.last_seen)}</dd>
                    </div>
                </dl>
            </div>
            {end}
        </li>
    }
}
