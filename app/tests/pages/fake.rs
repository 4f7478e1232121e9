//! A backend that answers from memory, and a server that renders a page with it.

mod apps;
mod ask;
mod batches;
mod imports;
mod logs;
mod merchants;
mod people;
mod terminals;

use app::backend::Backend;
use app::backend::device_log::LogRow;
use app::backend::terminals::{MerchantRef, Terminal, TerminalRow};
use app::domain::{
    ActorKind, Lifecycle, LogEntryId, LogKind, Manufacturer, Outcome, Reason, SerialNumber, TerminalId, Timestamp, Told,
};
pub(crate) use ask::{Ask, routes};
use std::sync::Arc;
use uuid::Uuid;

/// 2026-11-22 15:30 in Shanghai.
pub(crate) const NOW: Timestamp = Timestamp(1_795_332_600_000);

/// Minutes before [`NOW`].
pub(crate) fn ago(minutes: i64) -> Timestamp {
    NOW.plus_ms(-minutes * 60_000)
}

/// A terminal whose name and merchant try to break out of the markup.
pub(crate) fn terminal(sn: &str, maker: &str, lifecycle: Lifecycle) -> Terminal {
    let assigned = lifecycle != Lifecycle::Unassigned;
    let registered = (lifecycle == Lifecycle::Registered).then(|| ago(3000));
    Terminal {
        row: TerminalRow {
            id: TerminalId(Uuid::from_u128(sn.len() as u128)),
            sn: SerialNumber::parse(sn).unwrap(),
            sn_printed: sn.to_owned(),
            manufacturer: Manufacturer::parse(maker).unwrap(),
            model: "APOS A7".to_owned(),
            name: "杭州西湖五金店-1号收银台<script>".to_owned(),
            merchant: assigned.then(|| MerchantRef {
                number: "898269350000008".to_owned(),
                name: "小满&母婴\"".to_owned(),
            }),
            store: assigned.then(|| "杭州西湖五金店".to_owned()),
            lifecycle,
            last_seen: registered.map(|_| ago(7)),
        },
        lifecycle_reason: None,
        lifecycle_note: None,
        note: Some("备用机".to_owned()),
        firmware: Some("1.9.12".to_owned()),
        app_version: None,
        created: ago(90_000),
        registered,
        connected: None,
        signed_in: None,
        code_expires: registered.map(|_| NOW.plus_ms(3 * Timestamp::DAY_MS)),
    }
}

/// What the fake knows.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    pub(crate) terminals: Vec<Terminal>,
    pub(crate) more: bool,
    pub(crate) log: Vec<LogRow>,
}

impl Fake {
    /// Terminals in every state and a failure in the log.
    pub(crate) fn full() -> Self {
        let terminals = vec![
            terminal("161-203-824", "Verifone", Lifecycle::Registered),
            terminal("00820000553978", "LANDI", Lifecycle::Awaiting),
            terminal("A/B_1.2", "PAX", Lifecycle::Unassigned),
            terminal("5310294937", "PAX", Lifecycle::Suspended),
            terminal("5310294938", "PAX", Lifecycle::Retired),
        ];
        let entry = |kind, outcome, reason, sn: &str| LogRow {
            id: LogEntryId(Uuid::from_u128(sn.len() as u128)),
            sequence: 7,
            occurred: ago(62),
            received: ago(61),
            sn_sent: Some(sn.to_owned()),
            terminal_sn: Some(sn.to_owned()).filter(|_| outcome == Outcome::Success),
            terminal_name: None,
            store: Some("总店<i>".to_owned()),
            merchant: None,
            kind,
            outcome,
            reason,
            actor: ActorKind::User,
            actor_label: Some("xiaoman".to_owned()),
            address: Some("203.0.113.9".to_owned()),
            turned_away: None,
            correlation: "request-1".to_owned(),
            detail: vec![("after.name".to_owned(), "<i>前台".to_owned())],
        };
        let told = Told::Itself(Reason::CodeExpired);
        let log = vec![
            entry(LogKind::RegistrationFailed, Outcome::Failure, Some(told), "<b>9999"),
            entry(LogKind::RegistrationSucceeded, Outcome::Success, None, "161203824"),
        ];
        Self {
            terminals,
            more: true,
            log,
        }
    }

    fn backend(self) -> Backend {
        let this = Arc::new(self);
        Backend {
            accounts: this.clone(),
            apps: this.clone(),
            audit: this.clone(),
            batches: this.clone(),
            catalogue: this.clone(),
            codes: this.clone(),
            device_log: this.clone(),
            grants: this.clone(),
            imports: this.clone(),
            invitations: this.clone(),
            lifecycle: this.clone(),
            list_settings: this.clone(),
            merchants: this.clone(),
            registration: this.clone(),
            sessions: this.clone(),
            second_factor: this.clone(),
            stores: this.clone(),
            terminals: this.clone(),
            users: this.clone(),
            trends: this.clone(),
            verdicts: this,
        }
    }
}
