//! What is said when something was not done: what happened, what to do, who can do it. All of it comes from the code.

use super::support::Report;
use super::{icon, words};
use crate::components::html::{Html, Rendered};
use crate::domain::{PasswordFault, Reason, Told};
use crate::error::Invalid;
use crate::flash::Flash;
use crate::i18n::{Locale, t};
use crate::pages::{help_address, trouble_words};
use crate::request::{Rendering, is_local};
use leptos::prelude::*;

/// What is said of a code.
pub(crate) struct Said {
    /// What happened, as a heading.
    pub(crate) title: &'static str,
    /// What happened, as a sentence.
    pub(crate) what: &'static str,
    /// What to do next, where the sentence does not say it.
    pub(crate) next: Option<&'static str>,
    /// Who can do it.
    pub(crate) who: Option<&'static str>,
    /// Where the help says more.
    pub(crate) help: Option<String>,
}

/// What is said of an [`crate::error::AppError`] with that code. A code that there is not is "something broke".
pub(crate) fn said(locale: Locale, code: &str) -> Said {
    if let Some(told) = Told::parse(code) {
        let words::Texts { title, what, next, .. } = words::told(locale, told);
        return Said {
            title,
            what,
            next: Some(next),
            who: Some(words::who(locale, told)),
            help: Some(help_address(code)),
        };
    }
    let (title, what) = match (code.parse::<Invalid>(), code.parse::<PasswordFault>()) {
        (Ok(invalid), _) => words::invalid(locale, invalid),
        (_, Ok(fault)) => words::password_fault(locale, fault),
        _ => match code {
            Flash::THROTTLED => (t!(locale, failure.throttled.title), t!(locale, failure.throttled.text)),
            "not_found" => (t!(locale, failure.not_found.title), t!(locale, failure.not_found.text)),
            "forbidden" => (t!(locale, failure.forbidden.title), t!(locale, failure.forbidden.text)),
            "sign_in_required" => (
                t!(locale, failure.sign_in_required.title),
                t!(locale, failure.sign_in_required.text),
            ),
            code => trouble_words(locale, code)
                .unwrap_or((t!(locale, failure.internal.title), t!(locale, failure.internal.text))),
        },
    };
    Said {
        title,
        what,
        next: None,
        who: None,
        help: None,
    }
}

/// What a code says in a word, and the way to its paragraph of the help where it has one.
pub(crate) fn linked(title: &'static str, help: Option<String>) -> Html {
    match help {
        Some(help) => view! { <a class="link" href=help>{title}</a> }.rendered(),
        None => title.rendered(),
    }
}

/// A code's words as an alert at the top of a page. `exactly` replaces the sentence where more is known, and `failed` is the
/// id of the request that failed, for what only its log explains.
pub(crate) fn alert(
    rendering: &Rendering,
    code: &str,
    exactly: Option<String>,
    failed: Option<&str>,
) -> impl IntoView + use<> {
    let locale = rendering.locale;
    let Said {
        title,
        what,
        next,
        who,
        help,
    } = said(locale, code);
    // What is wrong with what was typed needs no support.
    let typed = code == Reason::SnMalformed.code();
    let broken = matches!(code, "internal" | "unavailable" | "forbidden" | Flash::THROTTLED);
    let report = failed.filter(|_| (who.is_some() && !typed) || broken);
    let report = report.map(|request| Report { code, title, request }.view(rendering));
    view! {
        <div role="alert" class="alert alert-error alert-outline bg-base-100 items-start mb-4">
            {icon::icon(icon::ALERT)}
            <div class="flex flex-col gap-1 text-base-content">
                <p class="font-semibold">{title}</p>
                <p>{exactly.unwrap_or_else(|| what.to_owned())}</p>
                {next
                    .map(|next| {
                        view! {
                            <p>
                                <strong>{t!(locale, failure.what_to_do)}</strong>
                                {next}
                            </p>
                        }
                    })}
                {who
                    .map(|who| {
                        view! {
                            <p>
                                <strong>{t!(locale, failure.who)}</strong>
                                {who}
                            </p>
                        }
                    })}
                {help
                    .map(|help| {
                        view! {
                            <p>
                                <a class="link" href=help>
                                    {t!(locale, verdict.more)}
                                </a>
                            </p>
                        }
                    })}
                {report}
            </div>
        </div>
    }
}

/// A code's words as a page of its own, with the ways back; `again` where its address can be asked for again.
pub(crate) fn page(rendering: &Rendering, code: &str, again: bool) -> impl IntoView + use<> {
    let (locale, request) = (rendering.locale, rendering.request.id.as_str());
    let Said {
        title,
        what,
        next,
        who,
        help,
    } = said(locale, code);
    let report = Report { code, title, request }.view(rendering);
    // What may work the next time is asked for again; a form that was sent is not sent twice.
    let can_help = matches!(code, "unavailable" | "internal") && is_local(&rendering.path_and_query);
    let again = (again && can_help).then(|| {
        view! {
            <a class="btn" href=rendering.path_and_query.clone()>{t!(locale, failure.again)}</a>
        }
    });
    view! {
        <div class="flex flex-col items-start gap-4 max-w-prose">
            <p>{what}</p>
            {next.map(|next| view! { <p>{next}</p> })}
            {who
                .map(|who| {
                    view! {
                        <p>
                            <strong>{t!(locale, failure.who)}</strong>
                            {who}
                        </p>
                    }
                })}
            <p class="text-sm code whitespace-normal break-all">{t!(locale, failure.request_id, id = request.to_owned())}</p>
            <p class="flex flex-wrap gap-2">
                <a class="btn btn-primary" href="/">{t!(locale, failure.go_home)}</a>
                {again}
                {help.map(|help| view! { <a class="btn" href=help>{t!(locale, verdict.more)}</a> })}
            </p>
            {report}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_there_is_not_shows_nothing_of_itself() {
        let said = said(Locale::en, "<script>");
        assert_eq!(said.title, t!(Locale::en, failure.internal.title));
    }
}
