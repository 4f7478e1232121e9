//! What the device log can be narrowed to.

use super::logs::FILTERS;
use crate::components::field::{Field, select};
use crate::components::phone_fold::phone_fold;
use crate::components::{format, words};
use crate::domain::{ActorKind, LogKind, Outcome, Timestamp, Told};
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use leptos::prelude::*;
use strum::VariantArray;

/// The filters that are folded away unless one of them is used.
const RARE: [&str; 4] = ["merchant", "store", "by", "actor"];

/// Ways to the last days, with the other filters as they are.
pub(super) fn recent(locale: Locale, now: Timestamp, kept: &[(&str, &str)]) -> impl IntoView + use<> {
    let day = |ago: i64| format::day(now.plus_ms(-ago * Timestamp::DAY_MS));
    let choices = [
        (t!(locale, log.today), day(0), String::new()),
        (t!(locale, log.yesterday), day(1), day(1)),
        (t!(locale, log.week), day(6), String::new()),
        (t!(locale, log.month), day(29), String::new()),
        (t!(locale, log.quarter), day(89), String::new()),
        (t!(locale, log.any_day), String::new(), String::new()),
    ];
    choices
        .into_iter()
        .map(|(word, from, to)| {
            let other = kept.iter().copied().filter(|(name, _)| !matches!(*name, "from" | "to"));
            let here = kept.contains(&("from", from.as_str())) && kept.contains(&("to", to.as_str()));
            let href = address("/logs", other.chain([("from", from.as_str()), ("to", to.as_str())]));
            view! {
                <a class="link tap aria-[current]:font-bold" href=href aria-current=here.then_some("true")>
                    {word}
                </a>
            }
        })
        .collect_view()
}

/// Whether a reader can ever be shown a reason: merchants are told one reason for several, the platform never that one.
fn can_be_told(platform: bool, told: Told) -> bool {
    match told {
        Told::SnOrCodeWrong => !platform,
        Told::Itself(reason) => platform || reason.told(true) == told,
    }
}

/// The form. `stores` are those that can be chosen.
pub(super) fn form(
    locale: Locale,
    platform: bool,
    query: &Query,
    narrowed: bool,
    stores: Vec<(String, String)>,
) -> impl IntoView + use<> {
    let field = |name, label: &str, kind, error| Field {
        name,
        label: label.to_owned(),
        kind,
        error,
        value: query.field(name),
        ..Field::default()
    };
    let date_field = |name, label| {
        let error = query
            .date(name)
            .err()
            .map(|found| t!(locale, failure.date_wrong, found));
        field(name, label, "date", error).view()
    };
    let any = || std::iter::once((String::new(), t!(locale, common.any).to_owned()));
    let option = |code: &str, word: &str| (code.to_owned(), word.to_owned());
    let kinds = LogKind::VARIANTS
        .iter()
        .map(|kind| option(kind.code(), words::log_kind(locale, *kind)));
    let outcomes = Outcome::VARIANTS
        .iter()
        .map(|outcome| option(outcome.code(), words::outcome(locale, *outcome)));
    let reasons = Told::all()
        .filter(|told| can_be_told(platform, *told))
        .map(|told| option(told.code(), words::told(locale, told).title));
    let parties = ActorKind::VARIANTS
        .iter()
        .map(|kind| option(kind.code(), words::party(locale, *kind)));
    let sn = Field {
        hint: Some(t!(locale, log.sn_hint)),
        ..field("sn", t!(locale, log.sn), "search", None)
    };
    let merchant = platform.then(|| field("merchant", t!(locale, log.merchant_no), "text", None).view());
    let store = (!stores.is_empty()).then(|| {
        let label = t!(locale, log.store);
        select("store", label, any().chain(stores), &query.field("store"))
    });
    let rare = query.used(&RARE) > 0;
    let used = query.used(&FILTERS[1..]);
    let wrong = ["from", "to"].iter().any(|name| query.date(name).is_err());
    let fields = view! {
        {select("kind", t!(locale, log.kind), any().chain(kinds), &query.field("kind"))}
        {select("outcome", t!(locale, log.outcome), any().chain(outcomes), &query.field("outcome"))}
        {select("reason", t!(locale, log.reason), any().chain(reasons), &query.field("reason"))}
        {date_field("from", t!(locale, log.from))}
        {date_field("to", t!(locale, log.to))}
        <details class="col-span-full" open=rare>
            <summary class="tap cursor-pointer font-medium py-2 w-fit">{t!(locale, log.more_filters)}</summary>
            <div class="grid gap-3 grid-cols-2 lg:grid-cols-4 items-start">
                {merchant} {store} {select("by", t!(locale, log.by), any().chain(parties), &query.field("by"))}
                {field("actor", t!(locale, log.actor_login), "text", None).view()}
            </div>
        </details>
    };
    view! {
        <search class="no-print">
            <form
                class="grid gap-3 grid-cols-2 lg:grid-cols-3 xl:grid-cols-6 items-start mb-4"
                method="get"
                action="/logs"
            >
                <div class="max-md:col-span-full">{sn.view()}</div>
                {phone_fold(t!(locale, common.filters), used, wrong, fields)}
                <div class="col-span-full flex flex-wrap gap-2">
                    <button class="btn btn-primary" type="submit">{t!(locale, common.filter)}</button>
                    {narrowed.then(|| view! { <a class="btn" href="/logs">{t!(locale, common.clear)}</a> })}
                </div>
            </form>
        </search>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;

    #[test]
    fn a_merchant_cannot_ask_for_what_it_is_never_told() {
        let hidden: Vec<_> = Reason::VARIANTS
            .iter()
            .filter(|reason| !can_be_told(false, Told::Itself(**reason)))
            .map(|reason| reason.code())
            .collect();
        assert_eq!(hidden, ["sn_unknown", "code_invalid", "registered_elsewhere"]);
        assert!(Told::all().filter(|told| can_be_told(true, *told)).count() == Reason::VARIANTS.len());
    }
}
