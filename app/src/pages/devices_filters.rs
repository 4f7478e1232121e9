//! What the list of terminals is asked for: the query parameters of its address, and the fields beyond the first ones.

use super::devices::list_path;
use crate::backend::page::{Cursor, Direction, PAGE_ROWS, Page};
use crate::backend::terminals::{Amount, Connection, OBSTACLES_LISTED, SortKey, TerminalQuery, TerminalSort};
use crate::components::field::{Field, select};
use crate::components::html::{Html, Rendered};
use crate::components::{format, words};
use crate::domain::{Lifecycle, Manufacturer};
use crate::flash::actor;
use crate::i18n::{Locale, t};
use crate::request::{Query, address};
use chrono_tz::Tz;
use leptos::prelude::*;
use strum::VariantArray;

/// The query parameters of the list, without its place.
pub(super) const FILTERS: [&str; 14] = [
    "q",
    "state",
    "store",
    "model",
    "merchant",
    "manufacturer",
    "tag",
    "connection",
    "problem",
    "seen_from",
    "seen_to",
    "registered_from",
    "registered_to",
    "sort",
];

/// Those of them that are folded away.
const FOLDED: [&str; 9] = [
    "merchant",
    "manufacturer",
    "tag",
    "connection",
    "problem",
    "seen_from",
    "seen_to",
    "registered_from",
    "registered_to",
];

/// The query parameters of the list that an address has, without its place.
pub(super) fn kept(query: &Query) -> [(&'static str, &str); FILTERS.len()] {
    FILTERS.map(|name| (name, query.get(name).unwrap_or_default()))
}

/// The same as text, without a question mark: one text for one list.
pub(super) fn written(kept: &[(&str, &str)]) -> String {
    let text = address("", kept.iter().copied());
    text.strip_prefix('?').unwrap_or_default().to_owned()
}

/// The caller's list with the query parameters that a form sent: where its work leads back to.
pub(super) fn back_to_list(query: &str) -> String {
    let path = list_path(actor().ok().as_ref().map(|(caller, _)| caller));
    address(path, kept(&Query::parse(query)))
}

/// What the query parameters ask for, with days as they are in a time zone. What is malformed asks for nothing; the form
/// says so of a date.
pub fn asked(query: &Query, zone: Tz) -> TerminalQuery {
    let lifecycles = match query.get("state") {
        Some("unregistered") => vec![Lifecycle::Unassigned, Lifecycle::Awaiting],
        state => state.and_then(|state| state.parse().ok()).into_iter().collect(),
    };
    let date = |name| query.date(name).ok().flatten();
    let obstacle = query.get("problem").and_then(|problem| problem.parse().ok());
    TerminalQuery {
        search: query.text("q"),
        lifecycles,
        store: query.get("store").and_then(|store| store.parse().ok()),
        merchant: query.text("merchant"),
        manufacturer: query
            .get("manufacturer")
            .and_then(|text| Manufacturer::parse(text).ok()),
        model: query.text("model"),
        tag: query.text("tag"),
        connection: query.get("connection").and_then(|connection| connection.parse().ok()),
        obstacle: obstacle.filter(|obstacle| OBSTACLES_LISTED.contains(obstacle)),
        seen_from: date("seen_from").and_then(|day| format::day_begins(zone, day)),
        seen_until: date("seen_to").and_then(|day| format::day_ends(zone, day)),
        registered_from: date("registered_from").and_then(|day| format::day_begins(zone, day)),
        registered_until: date("registered_to").and_then(|day| format::day_ends(zone, day)),
        sort: sort(query),
        cursor: Cursor::from_query(query.get("after"), query.get("before")),
    }
}

fn sort(query: &Query) -> Option<TerminalSort> {
    query.get("sort").and_then(|sort| sort.parse().ok())
}

/// The orders to choose from: values and words.
fn sorts(locale: Locale) -> Vec<(String, String)> {
    let usual = (String::new(), t!(locale, devices.sort_usual).to_owned());
    let each = SortKey::VARIANTS.iter().flat_map(|by| {
        let (up, down) = match by {
            SortKey::Sn => (t!(locale, devices.sort_sn), t!(locale, devices.sort_sn_down)),
            SortKey::Name => (t!(locale, devices.sort_name), t!(locale, devices.sort_name_down)),
            SortKey::LastSeen => (t!(locale, devices.sort_seen), t!(locale, devices.sort_seen_down)),
            SortKey::Registered => (
                t!(locale, devices.sort_registered),
                t!(locale, devices.sort_registered_down),
            ),
        };
        [(false, up), (true, down)].map(|(descending, word)| {
            let sort = TerminalSort { by: *by, descending };
            (sort.to_string(), word.to_owned())
        })
    });
    std::iter::once(usual).chain(each).collect()
}

/// The field that says in which order.
pub(super) fn sort_field(locale: Locale, query: &Query) -> impl IntoView + use<> {
    let chosen = sort(query).map(|sort| sort.to_string()).unwrap_or_default();
    select("sort", t!(locale, devices.sort), sorts(locale), &chosen)
}

/// Whether a date is none, so that its field has something to say.
pub(super) fn has_wrong_date(query: &Query) -> bool {
    FOLDED.iter().any(|name| is_day(name) && query.date(name).is_err())
}

/// Whether a query parameter is a date.
fn is_day(name: &str) -> bool {
    name.ends_with("_from") || name.ends_with("_to")
}

/// The fields that are folded away until one of them is used.
pub(super) fn folded(locale: Locale, platform: bool, query: &Query) -> impl IntoView + use<> {
    let open = query.used(&FOLDED) > 0;
    let any = || (String::new(), t!(locale, common.any).to_owned());
    let connections = Connection::VARIANTS.iter().map(|connection| {
        let word = match connection {
            Connection::Never => t!(locale, devices.connection_never),
            Connection::Online => t!(locale, devices.connection_online),
            Connection::Offline => t!(locale, devices.connection_offline),
        };
        (connection.code().to_owned(), word.to_owned())
    });
    let problems = OBSTACLES_LISTED.iter().map(|obstacle| {
        let word = words::obstacle(locale, *obstacle).title;
        (obstacle.code().to_owned(), word.to_owned())
    });
    let text = |name, label: &'static str| {
        Field {
            name,
            label: label.to_owned(),
            value: query.field(name),
            ..Field::default()
        }
        .view()
    };
    let date = |name, label: &'static str| {
        let wrong = query.date(name).err();
        Field {
            name,
            label: label.to_owned(),
            value: query.field(name),
            kind: "date",
            error: wrong.map(|found| t!(locale, failure.date_wrong, found)),
            ..Field::default()
        }
        .view()
    };
    let merchant = platform.then(|| text("merchant", t!(locale, devices.merchant_no)));
    view! {
        <details class="col-span-full" open=open>
            <summary class="tap cursor-pointer font-medium w-fit">{t!(locale, devices.more_filters)}</summary>
            <div class="grid gap-3 grid-cols-2 lg:grid-cols-5 items-start pt-3">
                {select(
                    "problem",
                    t!(locale, devices.problem),
                    std::iter::once(any()).chain(problems),
                    &query.field("problem"),
                )}
                {select(
                    "connection",
                    t!(locale, devices.connection),
                    std::iter::once(any()).chain(connections),
                    &query.field("connection"),
                )}
                {merchant}
                {text("manufacturer", t!(locale, devices.manufacturer))}
                {text("tag", t!(locale, devices.tag))}
                {date("seen_from", t!(locale, devices.seen_from))}
                {date("seen_to", t!(locale, devices.seen_to))}
                {date("registered_from", t!(locale, devices.registered_from))}
                {date("registered_to", t!(locale, devices.registered_to))}
            </div>
        </details>
    }
}

/// How many terminals there are, in a line above the list.
pub(super) fn amount_line(locale: Locale, amount: Amount) -> Option<impl IntoView + use<>> {
    let number = amount_number(amount)?;
    let line = match amount {
        Amount::Exactly(_) => t!(locale, devices.amount, count = number),
        Amount::About(_) => t!(locale, devices.amount_about, count = number),
    };
    Some(view! { <p class="min-h-8 content-center" role="status">{line}</p> })
}

/// The same in a word, beside the name of a view.
pub(super) fn amount_words(locale: Locale, amount: Amount) -> Option<String> {
    let number = amount_number(amount)?;
    Some(match amount {
        Amount::Exactly(_) => number,
        Amount::About(_) => t!(locale, devices.about, count = number),
    })
}

/// The number; none where a sample had nothing and more was not looked at.
fn amount_number(amount: Amount) -> Option<String> {
    match amount {
        Amount::Exactly(count) => Some(format::grouped(count)),
        Amount::About(0) => None,
        Amount::About(count) => Some(format::grouped(rounded(count))),
    }
}

/// Where a page goes on that ended before it was full, because it had looked at many terminals for those that belong.
pub(super) fn unfinished<'a, T>(page: &'a Page<T>, asked: &TerminalQuery) -> Option<&'a Cursor> {
    let back = asked
        .cursor
        .as_ref()
        .is_some_and(|cursor| cursor.direction == Direction::Before);
    let edge = if back { &page.previous } else { &page.next };
    edge.as_ref()
        .filter(|_| asked.obstacle.is_some() && page.rows.len() < PAGE_ROWS)
}

/// Two digits say enough of an estimate.
fn rounded(count: u64) -> u64 {
    let mut unit = 1;
    while count / unit >= 100 {
        unit *= 10;
    }
    count / unit * unit
}

/// The head of a column that the list can be sorted by.
pub(super) fn head(locale: Locale, path: &str, kept: &[(&str, &str)], query: &Query, by: SortKey) -> Html {
    let word = match by {
        SortKey::Sn => t!(locale, devices.sn),
        SortKey::Name => t!(locale, devices.name),
        SortKey::LastSeen => t!(locale, devices.last_seen),
        SortKey::Registered => t!(locale, devices.registered),
    };
    let (href, sorted) = sort_link(path, kept, query, by);
    let arrow = match sorted {
        "ascending" => " ↑",
        "descending" => " ↓",
        _ => "",
    };
    view! {
        <th role="columnheader" scope="col" aria-sort=sorted>
            <a class="link link-hover whitespace-nowrap" href=href>
                {word}
                <span aria-hidden="true">{arrow}</span>
            </a>
        </th>
    }
    .rendered()
}

/// The way to the same list in the order of a column, or in the other direction: for the column's head.
fn sort_link(path: &str, kept: &[(&str, &str)], query: &Query, by: SortKey) -> (String, &'static str) {
    let now = sort(query).or_else(|| {
        query.get("q").is_none().then_some(TerminalSort {
            by: SortKey::Sn,
            descending: false,
        })
    });
    let here = now.filter(|sort| sort.by == by);
    let aria = match here {
        None => "none",
        Some(sort) if sort.descending => "descending",
        Some(_) => "ascending",
    };
    // What was last heard from, or registered, is looked for by the latest first.
    let first = matches!(by, SortKey::LastSeen | SortKey::Registered);
    let descending = here.map_or(first, |sort| !sort.descending);
    let next = TerminalSort { by, descending }.to_string();
    let others = kept.iter().copied().filter(|(name, _)| *name != "sort");
    (address(path, others.chain([("sort", next.as_str())])), aria)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_what_is_asked_for() {
        let asked = |text| super::asked(&Query::parse(text), Tz::UTC);
        assert_eq!(
            asked("q=+&state=nonsense&store=1&after=x&sort=up&problem=not_found&connection=x&seen_from=2026-02-30"),
            TerminalQuery::default()
        );
        let unregistered = asked("state=unregistered&q=%E5%BA%97").lifecycles;
        assert_eq!(unregistered, [Lifecycle::Unassigned, Lifecycle::Awaiting]);
        assert_eq!(asked("state=retired").lifecycles, [Lifecycle::Retired]);
        let sorted = asked("sort=-last_seen").sort;
        assert_eq!(
            sorted.map(|sort| (sort.by, sort.descending)),
            Some((SortKey::LastSeen, true))
        );
        assert!(asked("seen_from=2026-02-03").seen_from.is_some());
        assert!(asked("problem=not_connected").is_narrowed());
        assert!(!asked("sort=name&after=x~00000000000000000000000000000000").is_narrowed());
    }

    #[test]
    fn a_column_s_head_leads_to_its_order_and_back() {
        let link = |text: &str, by| sort_link("/devices", &[("q", "店"), ("sort", "name")], &Query::parse(text), by);
        assert_eq!(link("", SortKey::Sn).1, "ascending");
        assert!(link("", SortKey::Sn).0.ends_with("sort=-sn"));
        assert_eq!(link("q=x", SortKey::Sn).1, "none");
        assert!(link("sort=name", SortKey::LastSeen).0.ends_with("sort=-last_seen"));
        assert_eq!(link("sort=-name", SortKey::Name).1, "descending");
    }

    #[test]
    fn estimates_have_two_digits() {
        assert_eq!([7, 99, 100, 1_234, 987_654].map(rounded), [7, 99, 100, 1_200, 980_000]);
    }
}
