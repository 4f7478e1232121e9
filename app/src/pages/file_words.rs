//! What the files of lists say in the reader's language: headings of workbooks, and codes in words. The device log's are in
//! [`super::logs`].

use crate::backend::audit::AuditRow;
use crate::backend::verdicts::Judged;
use crate::components::{verdict, words};
use crate::domain::{Answer, MerchantState};
use crate::i18n::{Locale, t};

/// The headings of the list of terminals, in the order of the columns of the file.
pub fn terminal_headings(locale: Locale) -> [&'static str; 17] {
    [
        t!(locale, devices.sn),
        t!(locale, devices.manufacturer),
        t!(locale, devices.model),
        t!(locale, devices.name),
        t!(locale, devices.merchant_no),
        t!(locale, devices.merchant),
        t!(locale, devices.store),
        "state",
        t!(locale, devices.state),
        "verdict",
        "reason",
        t!(locale, devices.verdict),
        t!(locale, devices.last_seen),
        t!(locale, devices.registered),
        t!(locale, device.firmware),
        t!(locale, device.app_version),
        t!(locale, device.note),
    ]
}

/// A terminal in words and codes, for cells of a file.
pub struct TerminalWords {
    /// Its state in words.
    pub state: &'static str,
    /// [`Answer::code`].
    pub verdict: &'static str,
    /// The code of the first check that fails, or of which nobody knows; empty where there is none.
    pub reason: &'static str,
    /// The verdict in words.
    pub sentence: &'static str,
}

/// A terminal in words and codes, for cells of a file.
pub fn terminal_words(locale: Locale, judged: &Judged) -> TerminalWords {
    let answer = judged.verdict.answer();
    TerminalWords {
        state: words::lifecycle(locale, judged.row.lifecycle),
        verdict: answer.code(),
        reason: match answer {
            Answer::Ready => "",
            Answer::NotSure(check) => check.code(),
            Answer::No(obstacle) => obstacle.code(),
        },
        sentence: verdict::answer_words(locale, answer),
    }
}

/// The headings of the list of merchants, in the order of the columns of the file.
pub fn merchant_headings(locale: Locale) -> [&'static str; 7] {
    [
        t!(locale, merchants.number),
        t!(locale, merchants.name),
        "state",
        t!(locale, merchants.state),
        t!(locale, merchants.state_since),
        t!(locale, merchants.used_alone),
        t!(locale, merchants.quota),
    ]
}

/// Whether a merchant may take payments, in words.
pub fn merchant_words(locale: Locale, state: MerchantState) -> &'static str {
    words::merchant_state(locale, state)
}

/// The headings of the audit log, in the order of the columns of the file.
pub fn audit_headings(locale: Locale) -> [&'static str; 16] {
    [
        t!(locale, log.entry_id),
        t!(locale, log.occurred),
        t!(locale, audit.actor),
        t!(locale, users.role),
        t!(locale, audit.merchant_no),
        "action",
        "target_kind",
        t!(locale, audit.target),
        t!(locale, log.outcome),
        t!(locale, log.reason),
        t!(locale, audit.before),
        t!(locale, audit.after),
        t!(locale, log.address),
        t!(locale, audit.session),
        t!(locale, log.correlation),
        t!(locale, audit.action),
    ]
}

/// What was done, in words.
pub fn audit_words(locale: Locale, row: &AuditRow) -> &'static str {
    words::audit_action(locale, row.action)
}
