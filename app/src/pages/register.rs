//! 终端注册: one terminal by its serial number.

use super::guard::{Answer, Visit, guarded};
use super::register_many::many;
use crate::backend::registration::RegisterInput;
use crate::backend::terminals::TerminalQuery;
use crate::components::field::{Field, select};
use crate::components::html::{Html, Rendered};
use crate::components::sn_field::sn_field;
use crate::components::words;
use crate::domain::{Lifecycle, Reason, SerialNumber, Told};
use crate::error::{AppError, Invalid};
use crate::flash::{Back, Flash, action, actor, redirect_with};
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;

/// Terminals that wait to be registered and are shown.
const WAITING: usize = 5;

/// Registers a terminal; leads to the page with the code to key into it, or back with the reason.
#[server(prefix = "/actions", endpoint = "register")]
pub async fn register_terminal(
    #[server(default)] sn: String,
    #[server(default)] manufacturer: String,
    #[server(default)] code: String,
    #[server(default)] merchant_no: String,
) -> Result<(), ServerFnError> {
    // What comes back in the address has its limits; nobody's serial number is that long.
    let sn: String = sn.chars().take(200).collect();
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let typed = [
        ("sn", sn.as_str()),
        ("manufacturer", &manufacturer),
        ("merchant_no", &merchant_no),
    ];
    let back = Back {
        to: address("/devices/register", typed),
        kept: given(&code),
    };
    let input = RegisterInput {
        manufacturer: given(&manufacturer),
        code: given(&code),
        merchant_no: given(&merchant_no),
        sn: sn.clone(),
    };
    let choose = Back {
        to: address(
            "/devices/register",
            typed.into_iter().chain([("choose", "manufacturer")]),
        ),
        kept: back.kept.clone(),
    };
    action(back, async move {
        let (caller, backend) = actor()?;
        match backend.registration.register(caller.registrar()?, &input).await {
            Ok(registered) => {
                let flash = Flash::Registered {
                    sn: registered.sn.to_string(),
                    manufacturer: registered.manufacturer.to_string(),
                    code: registered.next.code.to_string(),
                    expires: registered.next.expires.0,
                };
                Ok(redirect_with("/devices/register", flash))
            }
            Err(error @ AppError::Invalid(Invalid::ManufacturerRequired)) => Ok(choose.with_error(&error)),
            Err(error) => Err(error),
        }
    })
    .await
}

/// The form, and the terminals that wait for it.
#[component]
pub(super) fn RegisterPage() -> impl IntoView {
    guarded(register)
}

async fn register(visit: Visit) -> Result<Answer, AppError> {
    visit.caller.registrar()?;
    let (locale, platform) = (visit.locale(), visit.is_platform());
    let flash = visit.rendering.flash.as_ref();
    let (error_code, kept) = match flash {
        Some(Flash::Error { code, kept, .. }) => (code.as_str(), kept.clone().unwrap_or_default()),
        _ => ("", String::new()),
    };
    let typed = visit.query.field("sn");
    let sn_error = Some(typed.as_str()).filter(|_| error_code == "sn_malformed");
    let sn_error = sn_error.and_then(|typed| words::sn_fault(locale, typed));
    let maker_matters = ["choose", "manufacturer"]
        .iter()
        .any(|name| visit.query.get(name).is_some());
    let makers = match SerialNumber::parse(&typed) {
        Ok(sn) if maker_matters => Some(makers(&visit, &sn).await?),
        _ => None,
    };
    let makers = makers.map(|makers| maker(locale, &visit.query.field("manufacturer"), makers));
    let merchant = platform.then(|| {
        Field {
            name: "merchant_no",
            label: t!(locale, register.merchant_no).to_owned(),
            hint: Some(t!(locale, register.merchant_no_hint)),
            error: Some(words::invalid(locale, Invalid::MerchantUnknown).0.to_owned())
                .filter(|_| error_code == Invalid::MerchantUnknown.code()),
            value: visit.query.field("merchant_no"),
            ..Field::default()
        }
        .view()
    });
    let code = (!platform).then(|| code(locale, kept, is_about_code(error_code)));
    let intro = if platform {
        t!(locale, register.intro_platform)
    } else {
        t!(locale, register.intro)
    };
    let waiting = waiting(&visit).await?;
    let body = view! {
        <div class="flex flex-col gap-6 max-w-xl">
            <p>{intro}</p>
            <form
                class="card bg-base-100 border border-base-300 p-4 md:p-6 gap-4"
                method="post"
                action=RegisterTerminal::PATH
            >
                {sn_field(locale, typed, None, sn_error, flash.is_none())}
                {makers}
                {merchant}
                {code}
                <button class="btn btn-primary self-start" type="submit">{t!(locale, register.submit)}</button>
            </form>
            {many(locale, platform)}
            {waiting}
        </div>
    };
    Ok(Answer::page(t!(locale, common.register), body))
}

/// Whether another activation code can put a refusal right.
fn is_about_code(error_code: &str) -> bool {
    use Reason::{CodeExpired, CodeInvalid, CodeRequired, CodeRevoked, CodeUsed};
    matches!(
        Told::parse(error_code),
        Some(Told::SnOrCodeWrong | Told::Itself(CodeRequired | CodeInvalid | CodeExpired | CodeUsed | CodeRevoked))
    )
}

/// A merchant's field for the activation code, folded away until it is needed.
fn code(locale: Locale, kept: String, needed: bool) -> impl IntoView {
    let open = needed || !kept.is_empty();
    let field = Field {
        name: "code",
        label: t!(locale, register.code).to_owned(),
        hint: Some(t!(locale, register.code_hint)),
        value: kept,
        is_code: true,
        ..Field::default()
    };
    view! {
        <details open=open>
            <summary class="cursor-pointer font-medium py-2">{t!(locale, register.not_assigned)}</summary>
            <div class="pt-2">{field.view()}</div>
        </details>
    }
}

/// The makers of the terminals with a serial number that the caller can see.
async fn makers(visit: &Visit, sn: &SerialNumber) -> Result<Vec<String>, AppError> {
    let terminals = visit.backend.terminals.get(&visit.caller, sn, None).await?;
    let mut makers: Vec<_> = terminals
        .into_iter()
        .map(|terminal| terminal.row.manufacturer.to_string())
        .collect();
    makers.sort();
    makers.dedup();
    Ok(makers)
}

/// The field for the maker: a choice where the makers are known, else text.
fn maker(locale: Locale, typed: &str, makers: Vec<String>) -> Html {
    let label = t!(locale, register.manufacturer);
    if makers.len() > 1 {
        let none = (String::new(), t!(locale, register.manufacturer_choose).to_owned());
        let makers = makers.into_iter().map(|maker| (maker.clone(), maker));
        return select("manufacturer", label, std::iter::once(none).chain(makers), typed);
    }
    Field {
        name: "manufacturer",
        label: label.to_owned(),
        hint: Some(t!(locale, register.manufacturer_hint)),
        value: typed.to_owned(),
        ..Field::default()
    }
    .view()
    .rendered()
}

/// A merchant's terminals that wait to be registered.
async fn waiting(visit: &Visit) -> Result<Option<impl IntoView + use<>>, AppError> {
    if visit.is_platform() {
        return Ok(None);
    }
    let locale = visit.locale();
    let query = TerminalQuery {
        lifecycles: vec![Lifecycle::Awaiting],
        ..TerminalQuery::default()
    };
    let rows = visit.backend.terminals.list(&visit.caller, &query).await?.rows;
    let more = rows.len() > WAITING;
    let items = rows
        .into_iter()
        .take(WAITING)
        .map(|row| {
            let sn = row.sn.as_str();
            let href = address("/devices/register", [("sn", sn)]);
            let label = t!(locale, register.choose, sn = sn);
            view! {
                <li>
                    <a class="link code" href=href aria-label=label>{row.sn_printed}</a>
                    " · "
                    {row.name}
                </li>
            }
        })
        .collect::<Vec<_>>();
    Ok((!items.is_empty()).then(|| {
        let all = more.then(|| {
            view! {
                <p>
                    <a class="link" href="/devices?state=unregistered">{t!(locale, register.waiting_all)}</a>
                </p>
            }
        });
        view! {
            <section class="flex flex-col gap-2" aria-labelledby="waiting-title">
                <h2 class="text-lg font-semibold" id="waiting-title">{t!(locale, register.waiting)}</h2>
                <p>{t!(locale, register.waiting_text)}</p>
                <ul class="flex flex-col gap-2">{items}</ul>
                {all}
            </section>
        }
    }))
}
