//! 使用帮助: what ends the phone call. Everybody may read it; every code that a page can show has a paragraph here.

use super::guard::{Answer, open};
use crate::components::html::{Html, Rendered};
use crate::components::words;
use crate::domain::{Obstacle, Told};
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
    }
}

/// What a topic says.
fn text(locale: Locale, topic: Topic) -> Html {
    macro_rules! steps {
        ($topic:ident: $($step:ident)+) => {
            steps(&[$(t!(locale, help.$topic.$step)),+])
        };
    }
    macro_rules! terms {
        ($topic:ident: $($term:ident)+) => {
            terms(&[$((t!(locale, help.$topic.$term.term), t!(locale, help.$topic.$term.text))),+])
        };
    }
    match topic {
        Topic::Works => steps!(works: a b c d e),
        Topic::FirstUse => steps!(first_use: a b c d e f g),
        Topic::NoReceipt => steps!(no_receipt: a b c d e f),
        Topic::Screen => terms!(screen: a b c d e f g),
        Topic::FindSn => terms!(find_sn: a b c d e f g),
        Topic::Verdict => Obstacle::VARIANTS
            .iter()
            .map(|code| {
                let said = words::obstacle(locale, *code);
                paragraph(locale, code.code(), said, words::who_clears(locale, *code))
            })
            .collect_view()
            .rendered(),
        Topic::Registration => Told::all()
            .map(|code| paragraph(locale, code.code(), words::told(locale, code), words::who(locale, code)))
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

fn terms(terms: &[(&'static str, &'static str)]) -> Html {
    let terms = terms
        .iter()
        .map(|(term, text)| {
            view! {
                <div>
                    <dt class="font-semibold">{*term}</dt>
                    <dd>{*text}</dd>
                </div>
            }
        })
        .collect_view();
    view! { <dl class="flex flex-col gap-4">{terms}</dl> }.rendered()
}

/// All that is to be said of a code.
fn paragraph(locale: Locale, code: &'static str, said: words::Texts, who: &'static str) -> Html {
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
        </section>
    }
    .rendered()
}
