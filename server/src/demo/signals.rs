//! What the demo's terminals have told of themselves: most are well, some have the troubles that shops have.

use super::calendar::Calendar;
use super::dice::Dice;
use super::fleet::HEARTBEAT_MS;
use crate::entities::terminals;
use crate::services::business_day::business_day;
use app::domain::{CardReader, Network, Paper, Printer, Report, Timestamp};

/// The demo's merchants are all there.
const ZONE: &str = "Asia/Shanghai";

/// Heartbeats that may be missed before silence means offline.
const MISSED: i64 = 3;

/// A terminal was last heard at `seen`. Whether that is recent enough to count as online, its instants say.
pub(super) fn heard(calendar: &Calendar, dice: &Dice, row: &mut terminals::Model, seen: Timestamp) {
    let now = calendar.now();
    let until = seen.plus_ms(MISSED * HEARTBEAT_MS);
    row.last_seen_at = Some(seen.0);
    row.reported_at = Some(seen.0);
    row.online_until = Some(until.0);
    row.online = now < until;
    row.last_report = Some(report(dice).to_json());
    row.operator_no = Some(format!("{:02}", dice.between(1, 6)));
    let midnight = calendar.ago(0, 0, 0);
    let opened = seen.plus_ms(-dice.between(5, 180) * 60_000);
    if row.online && dice.below(9) > 0 {
        sign_in(row, opened.max(midnight).max(issued(row)).min(seen), None);
    } else {
        let yesterday = opened.plus_ms(-24 * 3_600_000);
        if yesterday > issued(row) {
            sign_in(row, yesterday, Some(yesterday.plus_ms(20 * 60_000)));
        }
    }
}

fn issued(row: &terminals::Model) -> Timestamp {
    Timestamp(row.token_issued_at.unwrap_or(row.created_at))
}

fn sign_in(row: &mut terminals::Model, at: Timestamp, out: Option<Timestamp>) {
    row.business_day = business_day(at, ZONE);
    row.signed_in_at = Some(at.0);
    row.signed_out_at = out.map(|at| at.0);
}

fn report(dice: &Dice) -> Report {
    let fine = Report {
        network: Some(Network::Ok),
        printer: Some(Printer::Ok),
        paper: Some(Paper::Ok),
        card_reader: Some(CardReader::Ok),
        ..Report::default()
    };
    match dice.below(16) {
        0 => Report {
            paper: Some(Paper::Out),
            ..fine
        },
        1 => Report {
            paper: Some(Paper::Low),
            ..fine
        },
        2 => Report {
            printer: Some(Printer::Fault),
            ..fine
        },
        3 => Report {
            network: Some(Network::Weak),
            ..fine
        },
        4 => Report {
            card_reader: Some(CardReader::Fault),
            ..fine
        },
        _ => fine,
    }
}
