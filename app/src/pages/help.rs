//! 使用帮助: what ends the phone call. Everybody may read it; every code that a page can show has a paragraph here.

use super::guard::{Answer, open};
use crate::components::html::{Html, Rendered};
use crate::components::{app_words, words};
use crate::domain::{InstallFault, Obstacle, Reason, Told};
use crate::error::AppError;
use crate::i18n::{Locale, t};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What there is help on. The code is the last part of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
enum Topic {
    Works,
    FirstUse,
    NoReceipt,
    Screen,
    FindSn,
    Verdict,
    Registration,
    Apps,
}

/// The address of a topic.
pub(crate) fn help_topic_address(topic: &str) -> String {
    format!("/help/{topic}")
}

/// The address of the paragraph on a code: one of [`Obstacle`], else one of [`Told`].
pub(crate) fn help_address(code: &str) -> String {
    let topic = if code.parse::<Obstacle>().is_ok() {
        Topic::Verdict
    } else {
        Topic::Registration
    };
    format!("{}#{code}", help_topic_address(topic.into()))
}

/// What there is help on.
#[component]
pub(super) fn HelpPage() -> impl IntoView {
    open(|rendering, _| {
        let locale = rendering.locale;
        let topics = Topic::VARIANTS
            .iter()
            .map(|topic| {
                let (title, intro) = heading(locale, *topic);
                view! {
                    <li>
                        <a
                            class="card bg-base-100 border border-base-300 p-4 h-full gap-1 hover:border-primary"
                            href=help_topic_address((*topic).into())
                        >
                            <span class="text-lg font-semibold">{title}</span>
                            <span>{intro}</span>
                        </a>
                    </li>
                }
            })
            .collect_view();
        let body = view! {
            <div class="flex flex-col gap-4 max-w-4xl">
                <p class="max-w-prose">{t!(locale, help.intro)}</p>
                <ul class="grid gap-3 sm:grid-cols-2">{topics}</ul>
            </div>
        };
        Ok(Answer::page(t!(locale, help.title), body))
    })
}

/// One topic; the last part of the path says which.
#[component]
pub(super) fn HelpTopicPage() -> impl IntoView {
    let topic = use_params_map().get_untracked().get("topic");
    open(move |rendering, _| {
        let locale = rendering.locale;
        let topic: Topic = topic
            .as_deref()
            .and_then(|topic| topic.parse().ok())
            .ok_or(AppError::NotFound)?;
        let (title, intro) = heading(locale, topic);
        let body = view! {
            <article class="flex flex-col gap-4 max-w-prose">
                <p>{intro}</p>
                {text(locale, topic)}
                <p class="flex flex-wrap gap-2">
                    <a class="btn" href="/help">{t!(locale, help.back)}</a>
                    <a class="btn" href="/">{t!(locale, help.search_home)}</a>
                </p>
            </article>
        };
        Ok(Answer::page(title, body))
    })
}

/// A topic's title and what it begins with.
fn heading(locale: Locale, topic: Topic) -> (&'static str, &'static str) {
    macro_rules! of {
        ($topic:ident) => {
            (t!(locale, help.$topic.title), t!(locale, help.$topic.intro))
        };
    }
    match topic {
        Topic::Works => of!(works),
        Topic::FirstUse => of!(first_use),
        Topic::NoReceipt => of!(no_receipt),
        Topic::Screen => of!(screen),
        Topic::FindSn => of!(find_sn),
        Topic::Verdict => of!(verdict),
        Topic::Registration => of!(registration),
        Topic::Apps => of!(apps),
    }
}

/// What a topic says.
fn text(locale: Locale, topic: Topic) -> Html {
    macro_rules! steps {
        ($topic:ident: $($step:ident)+) => {
            steps(&[$(t!(locale, help.$topic.$step)),+])
        };
    }
    match topic {
        Topic::Works => steps!(works: a b c d e),
        Topic::FirstUse => steps!(first_use: a b c d e f g),
        Topic::NoReceipt => steps!(no_receipt: a b c d e f),
        Topic::Screen => screen(locale),
        Topic::FindSn => where_the_sn_is(locale),
        Topic::Verdict => Obstacle::VARIANTS
            .iter()
            .map(|code| {
                let said = words::obstacle(locale, *code);
                let related = related_to(*code);
                paragraph(locale, code.code(), said, words::who_clears(locale, *code), related)
            })
            .collect_view()
            .rendered(),
        Topic::Registration => Told::all()
            .map(|code| {
                let said = words::told(locale, code);
                paragraph(
                    locale,
                    code.code(),
                    said,
                    words::who(locale, code),
                    related_to_told(code),
                )
            })
            .collect_view()
            .rendered(),
        Topic::Apps => InstallFault::VARIANTS
            .iter()
            .map(|code| {
                let said = app_words::fault(locale, *code);
                paragraph(locale, code.code(), said, app_words::who_mends(locale, *code), None)
            })
            .collect_view()
            .rendered(),
    }
}

fn steps(steps: &[&'static str]) -> Html {
    let steps = steps
        .iter()
        .map(|step| view! { <li class="ps-1">{*step}</li> })
        .collect_view();
    view! { <ol class="list-decimal ps-6 flex flex-col gap-3">{steps}</ol> }.rendered()
}

/// What the messages on a terminal's screen mean, and where the reason behind each is explained.
fn screen(locale: Locale) -> Html {
    macro_rules! messages {
        ($($term:ident => $code:expr),+ $(,)?) => {
            [$((t!(locale, help.screen.$term.term), t!(locale, help.screen.$term.text), $code)),+]
        };
    }
    let terms = messages!(
        a => Some(Obstacle::NotRegistered),
        b => Some(Obstacle::MerchantStopped),
        c => Some(Obstacle::NotSignedIn),
        d => None,
        e => Some(Obstacle::NetworkDown),
        f => Some(Obstacle::Suspended),
        g => None,
        h => Some(Obstacle::PaperOut),
        i => Some(Obstacle::AppNotAuthorized),
    );
    terms_of(locale, &terms)
}

/// Where the serial number is on the machines of each maker.
pub(super) fn where_the_sn_is(locale: Locale) -> Html {
    macro_rules! makers {
        ($($term:ident)+) => {
            [$((t!(locale, help.find_sn.$term.term), t!(locale, help.find_sn.$term.text), None)),+]
        };
    }
    terms_of(locale, &makers!(a b c d e f g))
}

/// Terms with what they mean and, where there is one, the way to the paragraph on the reason.
fn terms_of(locale: Locale, terms: &[(&'static str, &'static str, Option<Obstacle>)]) -> Html {
    let terms = terms
        .iter()
        .map(|(term, text, code)| {
            let more = code.map(|code| {
                let label = words::obstacle(locale, code).title;
                view! {
                    " "
                    <a class="link" href=help_address(code.code())>
                        {label}
                    </a>
                }
            });
            view! {
                <div>
                    <dt class="font-semibold">{*term}</dt>
                    <dd>{*text} {more}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="flex flex-col gap-4">{terms}</dl> }.rendered()
}

/// The topic that helps with an obstacle, step by step.
fn related_to(code: Obstacle) -> Option<Topic> {
    use Obstacle::*;
    match code {
        NotFound => Some(Topic::FindSn),
        NotRegistered | NotConnected | NotSignedIn | SignedOut => Some(Topic::FirstUse),
        PrinterFault | PaperOut => Some(Topic::NoReceipt),
        Silent | NetworkDown | CardReaderFault => Some(Topic::Screen),
        Retired | Suspended | MerchantStopped | NotAssigned | AppNotAuthorized | AppExpired | AppNotInstalled
        | AppInstallFailed => None,
    }
}

/// The topic that helps with a refusal.
fn related_to_told(told: Told) -> Option<Topic> {
    use Reason::*;
    match told {
        Told::SnOrCodeWrong | Told::Itself(SnMalformed | SnUnknown | ModelMismatch) => Some(Topic::FindSn),
        Told::Itself(CodeRequired | CodeInvalid | CodeExpired | CodeUsed | CodeRevoked | AlreadyRegistered) => {
            Some(Topic::FirstUse)
        }
        Told::Itself(
            RegisteredElsewhere | MerchantSuspended | TerminalSuspended | TerminalRetired | QuotaExceeded
            | TooManyAttempts,
        ) => None,
    }
}

/// All that is to be said of a code.
fn paragraph(
    locale: Locale,
    code: &'static str,
    said: words::Texts,
    who: &'static str,
    related: Option<Topic>,
) -> Html {
    let related = related.map(|topic| {
        let title = heading(locale, topic).0;
        view! {
            <p>
                <a class="link" href=help_topic_address(topic.into())>
                    {title}
                </a>
            </p>
        }
    });
    view! {
        <section
            class="card bg-base-100 border border-base-300 p-4 gap-2 scroll-mt-4 target:border-primary"
            id=code
            aria-labelledby=format!("{code}-title")
        >
            <h2 class="text-lg font-semibold" id=format!("{code}-title")>
                {said.title}
            </h2>
            <p>
                <strong>{t!(locale, help.what)}</strong>
                {said.what}
            </p>
            <p>
                <strong>{t!(locale, help.next)}</strong>
                {said.next}
            </p>
            <p>
                <strong>{t!(locale, failure.who)}</strong>
                {who}
            </p>
            <p>{said.help}</p>
            {related}
        </section>
    }
    .rendered()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pages that the addresses lead to, and the paragraphs on them, are looked at in `tests/pages`.
    #[test]
    fn every_code_leads_to_its_topic() {
        for code in Obstacle::VARIANTS {
            assert_eq!(help_address(code.code()), format!("/help/verdict#{}", code.code()));
        }
        for told in Told::all() {
            assert_eq!(help_address(told.code()), format!("/help/registration#{}", told.code()));
        }
    }
}
