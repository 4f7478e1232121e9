//! Instants, ages and numbers as people read them.

use crate::caller::PLATFORM_ZONE;
use crate::components::html::{Html, Rendered};
use crate::domain::Timestamp;
use crate::i18n::{Locale, t};
use chrono::format::{Item, Numeric, Pad};
use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone};
use chrono_tz::Tz;
use leptos::prelude::*;

/// What stands where there is nothing.
pub(crate) const NOTHING: &str = "--";

/// The time zone of the page that is being rendered; [`in_zone`] puts it into the context.
#[derive(Clone, Copy)]
struct Zone(Tz);

/// From here on, instants are told in this time zone.
pub(crate) fn in_zone(zone: Tz) {
    provide_context(Zone(zone));
}

fn zone() -> Tz {
    use_context::<Zone>().map_or(PLATFORM_ZONE, |Zone(zone)| zone)
}

fn local(at: Timestamp) -> Option<DateTime<Tz>> {
    zone().timestamp_millis_opt(at.0).single()
}

/// `YYYY-MM-DD HH:mm`, parsed once: lists have many instants.
const MINUTE: [Item<'static>; 9] = [
    Item::Numeric(Numeric::Year, Pad::Zero),
    Item::Literal("-"),
    Item::Numeric(Numeric::Month, Pad::Zero),
    Item::Literal("-"),
    Item::Numeric(Numeric::Day, Pad::Zero),
    Item::Literal(" "),
    Item::Numeric(Numeric::Hour, Pad::Zero),
    Item::Literal(":"),
    Item::Numeric(Numeric::Minute, Pad::Zero),
];

/// An instant to the minute.
pub(crate) fn minute(at: Timestamp) -> String {
    local(at).map_or_else(
        || NOTHING.to_owned(),
        |at| at.format_with_items(MINUTE.iter()).to_string(),
    )
}

/// An instant to the millisecond, for those who compare it with another.
pub(crate) fn exact(at: Timestamp) -> String {
    local(at).map_or_else(
        || NOTHING.to_owned(),
        |at| at.format("%Y-%m-%d %H:%M:%S%.3f %:z").to_string(),
    )
}

/// The date of an instant, as a field for a date has it.
pub(crate) fn day(at: Timestamp) -> String {
    local(at).map(|at| at.date_naive().to_string()).unwrap_or_default()
}

/// An instant for a machine: RFC 3339 with the offset.
fn machine(at: Timestamp) -> String {
    local(at)
        .map(|at| at.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
        .unwrap_or_default()
}

/// How long ago an instant was, or how far ahead it is.
pub(crate) fn age(locale: Locale, now: Timestamp, at: Timestamp) -> String {
    let ms = now.0.saturating_sub(at.0);
    let (minutes, past) = (ms.unsigned_abs() / 60_000, ms >= 0);
    match (minutes, past) {
        (0, _) => t!(locale, common.just_now).to_owned(),
        (n @ 1..60, true) => t!(locale, common.minutes_ago, n),
        (n @ 1..60, false) => t!(locale, common.in_minutes, n),
        (n @ 60..1440, true) => t!(locale, common.hours_ago, n = n / 60),
        (n @ 60..1440, false) => t!(locale, common.in_hours, n = n / 60),
        (n, true) => t!(locale, common.days_ago, n = n / 1440),
        (n, false) => t!(locale, common.in_days, n = n / 1440),
    }
}

/// The words of an age with `{}` for the number, from the youngest on: what a script keeps up to date.
pub(crate) fn ages(locale: Locale) -> String {
    let n = "{}";
    [
        t!(locale, common.just_now).to_owned(),
        t!(locale, common.minutes_ago, n),
        t!(locale, common.hours_ago, n),
        t!(locale, common.days_ago, n),
    ]
    .join("|")
}

/// An instant to the minute with its age beside it.
pub(crate) fn time(locale: Locale, now: Timestamp, at: Timestamp) -> impl IntoView + use<> {
    view! {
        <time class="tabular-nums whitespace-nowrap" datetime=machine(at)>{minute(at)}</time>
        " "
        <span class="text-sm opacity-80 whitespace-nowrap" data-age="">{age(locale, now, at)}</span>
    }
}

/// The same, or `--`.
pub(crate) fn time_or_nothing(locale: Locale, now: Timestamp, at: Option<Timestamp>) -> Html {
    match at {
        Some(at) => time(locale, now, at).rendered(),
        None => NOTHING.rendered(),
    }
}

/// The instant at which a day begins in a time zone. Where clocks are put forward at midnight, the day begins after the gap.
pub(crate) fn day_begins(zone: Tz, day: NaiveDate) -> Option<Timestamp> {
    let midnight = day.and_hms_opt(0, 0, 0)?;
    let began = (0..4).find_map(|hours| {
        zone.from_local_datetime(&midnight.checked_add_signed(TimeDelta::hours(hours))?)
            .earliest()
    });
    Some(Timestamp(began?.timestamp_millis()))
}

/// The instant at which a day is over in a time zone.
pub(crate) fn day_ends(zone: Tz, day: NaiveDate) -> Option<Timestamp> {
    day_begins(zone, day.checked_add_signed(TimeDelta::days(1))?)
}

/// A number with a comma between groups of three digits.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 00:30 in Shanghai, a day earlier in UTC.
    const NIGHT: Timestamp = Timestamp(1_795_278_600_000);

    #[test]
    fn instants_are_told_in_the_time_of_the_page() {
        let told = |zone: Option<Tz>| {
            Owner::new().with(|| {
                if let Some(zone) = zone {
                    in_zone(zone);
                }
                (minute(NIGHT), machine(NIGHT), day(NIGHT))
            })
        };
        let text = |minute: &str, machine: &str, day: &str| (minute.to_owned(), machine.to_owned(), day.to_owned());
        let shanghai = text("2026-11-22 00:30", "2026-11-22T00:30:00+08:00", "2026-11-22");
        assert_eq!(exact(NIGHT.plus_ms(7)), "2026-11-22 00:30:00.007 +08:00");
        assert_eq!(told(None), shanghai);
        assert_eq!(told(Some(Tz::Asia__Shanghai)), shanghai);
        assert_eq!(
            told(Some(Tz::Asia__Urumqi)),
            text("2026-11-21 22:30", "2026-11-21T22:30:00+06:00", "2026-11-21")
        );
        assert_eq!(minute(Timestamp(i64::MAX)), NOTHING);
    }

    #[test]
    fn a_day_has_its_24_hours() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let zone = PLATFORM_ZONE;
        assert_eq!(day_begins(zone, day), Some(NIGHT.plus_ms(-30 * 60_000)));
        assert_eq!(
            day_ends(zone, day),
            day_begins(zone, day).map(|at| at.plus_ms(Timestamp::DAY_MS))
        );
        assert_eq!(day_ends(zone, NaiveDate::MAX), None);
    }

    #[test]
    fn a_day_without_a_midnight_begins_later() {
        // Beirut puts its clocks forward at midnight of the last Sunday of March (IANA time zone database).
        let day = NaiveDate::from_ymd_opt(2026, 3, 29).unwrap();
        let hours = |from: Option<Timestamp>, to: Option<Timestamp>| (to.unwrap().0 - from.unwrap().0) / 3_600_000;
        let zone = Tz::Asia__Beirut;
        assert_eq!(hours(day_begins(zone, day), day_ends(zone, day)), 23);
    }

    #[test]
    fn ages_are_rounded_down() {
        let ago = |minutes: i64| age(Locale::zh, NIGHT, NIGHT.plus_ms(-minutes * 60_000));
        assert_eq!(
            [0, 1, 59, 60, 1439, 1440, 1440 * 400].map(ago),
            [
                "刚刚",
                "1 分钟前",
                "59 分钟前",
                "1 小时前",
                "23 小时前",
                "1 天前",
                "400 天前"
            ]
        );
        assert_eq!([-1, -60, -2880].map(ago), ["1 分钟后", "1 小时后", "2 天后"]);
        assert_eq!(
            age(Locale::en, Timestamp(i64::MAX), Timestamp(i64::MIN)),
            "106751991167 d ago"
        );
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
