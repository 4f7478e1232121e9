//! Bars of the last days: drawn as SVG that needs no script and no style of its own, with the same numbers as a table.

use super::format::grouped;
use crate::backend::trends::Day;
use crate::components::html::{Html, Rendered};
use crate::i18n::{Locale, t};
use crate::request::address;
use leptos::prelude::*;

/// The drawing's own units: a day's width, the bar in it, and the height. It is stretched to its place, so no words are in it.
const STEP: u64 = 20;
const BAR: u64 = 14;
const HEIGHT: u64 = 120;

/// Registrations per day. Each day of the table leads to the log of that day.
pub(crate) fn registrations(locale: Locale, days: &[Day]) -> Html {
    let (succeeded, failed) = days.iter().fold((0, 0), |(succeeded, failed), day| {
        (succeeded + day.succeeded, failed + day.failed)
    });
    let summary = t!(
        locale,
        trend.summary,
        succeeded = grouped(succeeded),
        failed = grouped(failed)
    );
    let drawn = (succeeded + failed > 0).then(|| drawing(locale, days, &summary));
    let rows = days
        .iter()
        .rev()
        .map(|day| {
            let date = day.date.to_string();
            let href = address("/logs", [("from", date.as_str()), ("to", date.as_str())]);
            view! {
                <tr>
                    <th scope="row" class="font-normal">
                        <a class="link tabular-nums" href=href>{date}</a>
                    </th>
                    <td class="text-end tabular-nums">{grouped(day.succeeded)}</td>
                    <td class="text-end tabular-nums">{grouped(day.failed)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <p>{summary}</p>
        {drawn}
        <details>
            <summary class="cursor-pointer font-medium py-2 tap">{t!(locale, trend.as_table)}</summary>
            <div class="max-h-96 overflow-y-auto" tabindex="0" role="group" aria-label=t!(locale, trend.title)>
                <table class="table table-sm max-w-md">
                    <caption class="sr-only">{t!(locale, trend.title)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{t!(locale, trend.date)}</th>
                            <th scope="col" class="text-end">{t!(locale, trend.succeeded)}</th>
                            <th scope="col" class="text-end">{t!(locale, trend.failed)}</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .rendered()
}

/// The bars: what went well from below, failures on top of it with a pattern of their own, so that colour is not all that
/// tells them apart.
fn drawing(locale: Locale, days: &[Day], summary: &str) -> Html {
    let most = days
        .iter()
        .map(|day| day.succeeded + day.failed)
        .max()
        .unwrap_or(0)
        .max(1);
    let top = ceiling(most);
    let width = STEP * days.len() as u64;
    let height_of = |count: u64| count.saturating_mul(HEIGHT).div_ceil(top).min(HEIGHT);
    let bars = days
        .iter()
        .enumerate()
        .map(|(place, day)| {
            let x = place as u64 * STEP + (STEP - BAR) / 2;
            let (good, bad) = (height_of(day.succeeded), height_of(day.failed));
            let bar = |class, y: u64, height: u64| {
                (height > 0).then(|| {
                    let (x, width, y, height) = (x.to_string(), BAR.to_string(), y.to_string(), height.to_string());
                    view! { <rect class=class x=x y=y width=width height=height /> }
                })
            };
            let tip = t!(
                locale,
                trend.tip,
                date = day.date.to_string(),
                succeeded = grouped(day.succeeded),
                failed = grouped(day.failed)
            );
            let bad_y = (HEIGHT - good).saturating_sub(bad);
            view! {
                <g>
                    <title class="tip">{tip}</title>
                    {bar("chart-succeeded", HEIGHT - good, good)}
                    {bar("chart-failed", bad_y, bad)}
                </g>
            }
        })
        .collect_view();
    let dates = [0, days.len() / 2, days.len() - 1]
        .into_iter()
        .filter_map(|place| days.get(place))
        .map(|day| view! { <span>{day.date.format("%m-%d").to_string()}</span> })
        .collect_view();
    let view_box = format!("0 0 {width} {HEIGHT}");
    let base = HEIGHT.to_string();
    view! {
        <div class="flex flex-col gap-1 max-w-3xl">
            <p class="chart-words" aria-hidden="true">
                <span>{grouped(top)}</span>
            </p>
            <svg class="chart" viewBox=view_box preserveAspectRatio="none" role="img" aria-label=summary.to_owned()>
                <line class="chart-line" x1="0" y1="0" x2=width.to_string() y2="0" />
                <line class="chart-line" x1="0" y1=base.clone() x2=width.to_string() y2=base />
                {bars}
            </svg>
            <p class="chart-words" aria-hidden="true">{dates}</p>
            <p class="flex flex-wrap gap-x-4 text-sm">
                <span class="chart-key chart-key-succeeded">{t!(locale, trend.succeeded)}</span>
                <span class="chart-key chart-key-failed">{t!(locale, trend.failed)}</span>
            </p>
        </div>
    }
    .rendered()
}

/// The first of 1, 2, 5, 10, 20, 50 … that is not below a number.
fn ceiling(most: u64) -> u64 {
    let mut step = 1_u64;
    loop {
        for factor in [1, 2, 5] {
            let top = step.saturating_mul(factor);
            if top >= most {
                return top;
            }
        }
        step = step.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn days(counts: &[(u64, u64)]) -> Vec<Day> {
        let first = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
        counts
            .iter()
            .zip(first.iter_days())
            .map(|(&(succeeded, failed), date)| Day {
                date,
                succeeded,
                failed,
            })
            .collect()
    }

    #[test]
    fn the_scale_is_round() {
        assert_eq!(
            [1, 2, 3, 6, 10, 11, 499, 1_000_001].map(ceiling),
            [1, 2, 5, 10, 10, 20, 500, 2_000_000]
        );
        assert_eq!(ceiling(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_day_with_one_failure_is_seen_beside_thousands() {
        let html = registrations(Locale::en, &days(&[(4000, 0), (0, 1), (3999, 1)])).to_html();
        assert_eq!(html.matches("chart-failed\"").count(), 2, "{html}");
        assert!(html.contains("height=\"1\""), "{html}");
        assert!(
            html.contains("4,000") && html.contains("href=\"/logs?from=2026-11-02&amp;to=2026-11-02\""),
            "{html}"
        );
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let html = registrations(Locale::zh, &days(&[(0, 0)])).to_html();
        assert!(!html.contains("<svg") && html.contains("2026-11-01"), "{html}");
    }
}
