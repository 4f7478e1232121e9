//! 查看: one terminal, what it needs next, and what happened to it.

use super::device_timeline::{last_call, timeline};
use super::guard::{Answer, Visit, guarded};
use super::help::where_the_sn_is;
use super::register::RegisterTerminal;
use super::{device_address, help_topic_address};
use crate::backend::device_log::LogQuery;
use crate::backend::terminals::{Terminal, TerminalRow};
use crate::components::field::Field;
use crate::components::html::Rendered;
use crate::components::{format, log_table::log_table, state_badge, verdict, words};
use crate::components::{
    terminal_actions::terminal_actions, terminal_apps::terminal_apps, terminal_codes::terminal_codes,
};
use crate::domain::{Lifecycle, Manufacturer, SerialNumber, TerminalId, Verdict};
use crate::error::{AppError, Invalid};
use crate::flash::{Flash, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// Entries of the log that are shown.
const ENTRIES: usize = 20;

/// Issues an activation code; leads back to the terminal's page with the code, or with the reason why not.
#[server(prefix = "/actions", endpoint = "issue-code")]
pub async fn issue_code(
    #[server(default)] terminal: String,
    #[server(default)] sn: String,
    #[server(default)] manufacturer: String,
    #[server(default)] merchant_no: String,
) -> Result<(), ServerFnError> {
    let path = device_address(
        &sn,
        Some(&manufacturer)
            .filter(|maker| !maker.is_empty())
            .map(String::as_str),
    );
    let typed = [("manufacturer", manufacturer.as_str()), ("merchant_no", &merchant_no)];
    let back = address(path.split('?').next().unwrap_or_default(), typed);
    action(back, async move {
        let (caller, backend) = actor()?;
        let sn = SerialNumber::parse(&sn)?;
        let terminal: TerminalId = terminal.parse().map_err(|_| AppError::Invalid(Invalid::Form))?;
        let merchant_no = Some(merchant_no.trim()).filter(|number| !number.is_empty());
        let issued = backend
            .registration
            .issue_code(caller.code_issuer()?, terminal, merchant_no)
            .await?;
        let flash = Flash::CodeIssued {
            sn: sn.to_string(),
            code: issued.code.to_string(),
            expires: issued.expires.0,
        };
        Ok(redirect_with(path, flash))
    })
    .await
}

/// One terminal. The path has its serial number, `?manufacturer=` the maker where two use the same.
#[component]
pub(super) fn DevicePage() -> impl IntoView {
    guarded(device)
}

async fn device(visit: Visit) -> Result<Answer, AppError> {
    let locale = visit.locale();
    let sn = SerialNumber::parse(visit.param("sn")).map_err(|_| AppError::NotFound)?;
    let manufacturer = match visit.query.get("manufacturer") {
        Some(text) => Some(Manufacturer::parse(text).map_err(|_| AppError::NotFound)?),
        None => None,
    };
    let found = visit
        .backend
        .terminals
        .get(&visit.caller, &sn, manufacturer.as_ref())
        .await?;
    let Some(first) = found.first() else {
        return missing(&visit, &sn).await;
    };
    let makers = makers(&found);
    if makers.len() > 1 {
        return Ok(choice(locale, &sn, &makers));
    }
    let older = found.len() - 1;
    let query = LogQuery {
        exact_sn: Some(sn.clone()),
        ..LogQuery::default()
    };
    let verdict = visit.backend.verdicts.get(&visit.caller, first.row.id).await?;
    let verdict = verdict.map_or_else(|| Verdict::of(None, visit.rendering.now), |judged| judged.verdict);
    let mut entries = visit.backend.device_log.list(&visit.caller, &query).await?.rows;
    let call = last_call(&entries, first.created);
    entries.truncate(ENTRIES);
    let now = visit.rendering.now;
    let codes = visit.backend.codes.list(&visit.caller, first.row.id).await?;
    let timeline = timeline(locale, now, first, &verdict, &codes, call);
    let stores = visit.backend.lifecycle.stores(&visit.caller, first.row.id).await?;
    let apps = visit.backend.apps.of_terminal(&visit.caller, first.row.id).await?;
    let log = if entries.is_empty() {
        view! { <p>{t!(locale, device.no_log)}</p> }.rendered()
    } else {
        let caption = t!(locale, device.log);
        let whole = address("/logs", [("sn", sn.as_str())]);
        view! {
            {log_table(locale, now, visit.is_platform(), caption, entries)}
            <p class="mt-2">
                <a class="link" href=whole>{t!(locale, device.whole_log)}</a>
            </p>
        }
        .rendered()
    };
    let older = (older > 0).then(|| {
        let count = format::grouped(older as u64);
        view! { <p class="text-sm">{t!(locale, device.older, count)}</p> }
    });
    let body = view! {
        <div class="flex flex-col gap-6">
            <p class="flex flex-wrap items-center gap-3">
                {state_badge::lifecycle(locale, first.row.lifecycle)}
                <span>{first.row.name.clone()}</span>
            </p>
            {verdict::answer(locale, &verdict)}
            <div class="grid gap-6 lg:grid-cols-2 items-start">
                {verdict::checklist(locale, now, &verdict)}
                <div class="flex flex-col gap-6">
                    {next_step(&visit, first)} {timeline}
                </div>
            </div>
            {terminal_apps(locale, now, visit.is_platform(), &apps)}
            {super::device_facts::facts(locale, now, first)}
            {terminal_codes(locale, now, &visit.caller, first, &codes)}
            {terminal_actions(locale, &visit.caller, first, &stores)}
            {older}
            <section>
                <h2 class="text-lg font-semibold mb-2">{t!(locale, device.log)}</h2>
                {log}
            </section>
        </div>
    };
    Ok(Answer::page(t!(locale, device.title, sn = sn.as_str()), body))
}

/// The makers among whom the caller has to choose: those of the live terminals, else of the retired ones.
fn makers(found: &[Terminal]) -> Vec<Manufacturer> {
    let live = found
        .iter()
        .any(|terminal| terminal.row.lifecycle != Lifecycle::Retired);
    let mut makers: Vec<Manufacturer> = Vec::new();
    for terminal in found {
        let counts = !live || terminal.row.lifecycle != Lifecycle::Retired;
        if counts && !makers.contains(&terminal.row.manufacturer) {
            makers.push(terminal.row.manufacturer.clone());
        }
    }
    makers
}

async fn missing(visit: &Visit, sn: &SerialNumber) -> Result<Answer, AppError> {
    let locale = visit.locale();
    let (text, list) = if visit.is_platform() {
        (t!(locale, device.missing_text_platform), "/terminals")
    } else {
        (t!(locale, device.missing_text), "/devices")
    };
    let register = visit.caller.registrar().is_ok().then(|| {
        let href = address("/devices/register", [("sn", sn.as_str())]);
        view! { <a class="btn btn-primary" href=href>{t!(locale, device.missing_register)}</a> }
    });
    let search = address(list, [("q", sn.as_str())]);
    let merchant_number = looks_like_merchant_no(sn).then(|| view! { <p>{t!(locale, device.missing_merchant_no)}</p> });
    let alike = visit.backend.terminals.look_alikes(&visit.caller, sn).await?;
    let alike = (!alike.is_empty()).then(|| look_alikes(locale, alike));
    let body = view! {
        <div class="flex flex-col gap-4 max-w-prose">
            <p>{text}</p>
            {alike}
            {merchant_number}
            <details class="card bg-base-100 border border-base-300 px-4 py-2">
                <summary class="cursor-pointer font-medium py-2">{t!(locale, device.missing_where)}</summary>
                {where_the_sn_is(locale)}
                <p class="py-2">
                    <a class="link" href=help_topic_address("find-sn")>{t!(locale, verdict.more)}</a>
                </p>
            </details>
            <p class="flex flex-wrap gap-2">
                {register} <a class="btn" href=search>{t!(locale, device.missing_search)}</a>
                <a class="btn" href="/">{t!(locale, failure.go_home)}</a>
            </p>
        </div>
    };
    Ok(Answer::missing(t!(locale, device.missing, sn = sn.as_str()), body))
}

/// Terminals whose serial numbers are easily taken for the one that was asked for.
fn look_alikes(locale: Locale, alike: Vec<TerminalRow>) -> impl IntoView {
    let links = alike
        .into_iter()
        .map(|row| {
            let href = device_address(row.sn.as_str(), Some(row.manufacturer.as_str()));
            view! {
                <li>
                    <a class="link code" href=href>{row.sn_printed}</a>
                    " · "
                    {row.name}
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 gap-2" aria-labelledby="alike-title">
            <h2 class="font-semibold" id="alike-title">{t!(locale, device.alike)}</h2>
            <ul class="flex flex-col gap-2">{links}</ul>
        </section>
    }
}

/// Whether somebody has taken the merchant's number for a terminal's. Those of this country's acquirers have 15 digits; few
/// serial numbers look like that.
pub(super) fn looks_like_merchant_no(sn: &SerialNumber) -> bool {
    let text = sn.as_str();
    text.len() == 15 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn choice(locale: Locale, sn: &SerialNumber, makers: &[Manufacturer]) -> Answer {
    let links = makers
        .iter()
        .map(|maker| {
            let href = device_address(sn.as_str(), Some(maker.as_str()));
            view! {
                <li>
                    <a class="btn" href=href>{maker.to_string()}</a>
                </li>
            }
        })
        .collect_view();
    let body = view! {
        <div class="flex flex-col gap-4">
            <p>{t!(locale, device.choose_text, sn = sn.as_str())}</p>
            <ul class="flex flex-wrap gap-2">{links}</ul>
        </div>
    };
    Answer::page(t!(locale, device.choose), body)
}

/// What to do next, and the forms that do it.
fn next_step(visit: &Visit, terminal: &Terminal) -> impl IntoView + use<> {
    let (locale, now) = (visit.locale(), visit.rendering.now);
    let may_register = visit.caller.registrar().is_ok();
    let may_issue = visit.caller.code_issuer().is_ok();
    let (text, register, issue) = match (terminal.row.lifecycle, terminal.connected) {
        (Lifecycle::Unassigned, _) => (t!(locale, device.unassigned), false, true),
        (Lifecycle::Awaiting, _) if may_register => (t!(locale, device.awaiting), true, true),
        (Lifecycle::Awaiting, _) => (t!(locale, device.awaiting_look), false, true),
        (Lifecycle::Registered, None) => (t!(locale, device.not_connected), false, true),
        (Lifecycle::Registered, Some(_)) => (t!(locale, device.connected), false, true),
        (Lifecycle::Suspended, _) => (t!(locale, device.suspended), false, false),
        (Lifecycle::Retired, _) => (t!(locale, device.retired), false, false),
    };
    let because = terminal.lifecycle_reason.map(|reason| {
        let mut reason = words::lifecycle_reason(locale, reason).to_owned();
        if let Some(note) = &terminal.lifecycle_note {
            reason = format!("{reason} · {note}");
        }
        view! { <p>{t!(locale, device.because, reason)}</p> }
    });
    let code_out = terminal.code_expires.filter(|expires| *expires > now).map(|expires| {
        view! { <p>{t!(locale, device.code_out)} " " {format::time(locale, now, expires)}</p> }
    });
    let unassigned = terminal.row.lifecycle == Lifecycle::Unassigned;
    let for_merchant = visit.caller.platform_admin().ok().filter(|_| unassigned).map(|_| {
        let sn = ("sn", terminal.row.sn_printed.as_str());
        let maker = ("manufacturer", terminal.row.manufacturer.as_str());
        let href = address("/devices/register", [sn, maker]);
        view! { <a class="btn btn-primary self-start" href=href>{t!(locale, device.register_for)}</a> }
    });
    let waits_for_code = terminal.row.lifecycle == Lifecycle::Registered && terminal.connected.is_none();
    let code_gone = (waits_for_code && code_out.is_none()).then(|| view! { <p>{t!(locale, device.code_gone)}</p> });
    let reinstall = terminal
        .connected
        .filter(|_| issue && may_issue)
        .map(|_| view! { <p>{t!(locale, device.reinstall)}</p> });
    view! {
        <section class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-3" aria-labelledby="next-title">
            <h2 class="text-lg font-semibold" id="next-title">{t!(locale, device.next)}</h2>
            <p>{text}</p>
            {because}
            {code_out}
            {code_gone}
            {register.then(|| register_form(locale, terminal))}
            {for_merchant}
            {reinstall}
            {(issue && may_issue).then(|| issue_form(visit, terminal))}
        </section>
    }
}

fn register_form(locale: Locale, terminal: &Terminal) -> impl IntoView + use<> {
    view! {
        <form method="post" action=RegisterTerminal::PATH>
            <input type="hidden" name="sn" value=terminal.row.sn_printed.clone() />
            <input type="hidden" name="manufacturer" value=terminal.row.manufacturer.to_string() />
            <button class="btn btn-primary" type="submit">{t!(locale, device.register)}</button>
        </form>
    }
}

fn issue_form(visit: &Visit, terminal: &Terminal) -> impl IntoView + use<> {
    let locale = visit.locale();
    let unassigned = terminal.row.merchant.is_none();
    let merchant = unassigned.then(|| {
        Field {
            name: "merchant_no",
            label: t!(locale, register.merchant_no).to_owned(),
            hint: Some(t!(locale, device.merchant_no_hint)),
            value: visit.query.field("merchant_no"),
            required: true,
            ..Field::default()
        }
        .view()
    });
    let again = terminal.code_expires.is_some() || terminal.connected.is_some();
    let word = if again {
        t!(locale, device.issue_again)
    } else {
        t!(locale, device.issue)
    };
    let note = again.then(|| view! { <p class="text-sm">{t!(locale, device.issue_note)}</p> });
    view! {
        <form class="flex flex-col gap-3 items-start" method="post" action=IssueCode::PATH>
            <input type="hidden" name="terminal" value=terminal.row.id.to_string() />
            <input type="hidden" name="sn" value=terminal.row.sn.to_string() />
            <input type="hidden" name="manufacturer" value=terminal.row.manufacturer.to_string() />
            {merchant}
            <button class="btn" type="submit">{word}</button>
            {note}
        </form>
    }
}
