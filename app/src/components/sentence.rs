//! What happened, as a sentence: made from an entry's kind, its reason and what else it tells.

use super::words;
use crate::backend::device_log::LogRow;
use crate::domain::{LifecycleReason, LogKind};
use crate::i18n::{Locale, t};

/// `match`es a kind with the sentence of the same name.
macro_rules! sentences {
    ($locale:expr, $kind:expr, $it:expr; $($pattern:ident => $key:ident),* $(,)?) => {
        match $kind {
            $(LogKind::$pattern => t!($locale, sentence.$key, it = $it)),*
        }
    };
}

/// What an entry tells.
pub(crate) fn sentence(locale: Locale, row: &LogRow) -> String {
    let it = subject(locale, row);
    let plain = sentences!(locale, row.kind, it;
        RegistrationSucceeded => registration_succeeded,
        RegistrationFailed => registration_failed,
        CodeIssued => code_issued,
        CodeConsumed => code_consumed,
        CodeExpired => code_expired,
        CodeRevoked => code_revoked,
        TerminalImported => terminal_imported,
        TerminalAssigned => terminal_assigned,
        TerminalMoved => terminal_moved,
        TerminalRenamed => terminal_renamed,
        TerminalSuspended => terminal_suspended,
        TerminalResumed => terminal_resumed,
        TerminalRetired => terminal_retired,
        TerminalUnregistered => terminal_unregistered,
        TerminalReplaced => terminal_replaced,
        TerminalSignedIn => terminal_signed_in,
        TerminalSignedOut => terminal_signed_out,
        TerminalOnline => terminal_online,
        TerminalOffline => terminal_offline,
        AppGranted => app_granted,
        AppRevoked => app_revoked,
        AppExpired => app_expired,
        AppInstalled => app_installed,
        AppFailed => app_failed,
        AppRemoved => app_removed,
        TamperReported => tamper_reported,
    );
    match more(locale, row) {
        Some(more) => t!(locale, sentence.with, sentence = plain, more),
        None => plain,
    }
}

/// What it happened to.
fn subject(locale: Locale, row: &LogRow) -> String {
    let sn = row.terminal_sn.as_ref().or(row.sn_sent.as_ref());
    match (sn, &row.terminal_name) {
        (None, _) => t!(locale, sentence.terminals).to_owned(),
        (Some(sn), None) => t!(locale, sentence.terminal, sn = cut(sn)),
        (Some(sn), Some(name)) => t!(locale, sentence.terminal_named, sn = cut(sn), name = name.clone()),
    }
}

/// Somebody may have sent anything as a serial number.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Why, or what exactly.
fn more(locale: Locale, row: &LogRow) -> Option<String> {
    let told = |places: &[&str]| places.iter().find_map(|place| row.told(place)).map(str::to_owned);
    let app = || {
        let package = told(&["package"])?;
        Some(match (told(&["error_code"]), told(&["version"])) {
            (Some(code), _) => t!(locale, sentence.error, package, code),
            (None, Some(version)) => t!(locale, sentence.app_version, package, version),
            (None, None) => package,
        })
    };
    match row.kind {
        LogKind::RegistrationFailed => Some(words::told(locale, row.reason?).title.to_owned()),
        LogKind::TerminalSuspended | LogKind::TerminalRetired => {
            let reason: LifecycleReason = told(&["after.reason", "reason"])?.parse().ok()?;
            let reason = words::lifecycle_reason(locale, reason).to_owned();
            Some(match told(&["after.note", "note"]) {
                Some(note) => t!(locale, sentence.and_note, reason, note),
                None => reason,
            })
        }
        LogKind::TerminalMoved | LogKind::TerminalAssigned => {
            Some(t!(locale, sentence.store, name = told(&["after.store"])?))
        }
        LogKind::TerminalRenamed => Some(t!(locale, sentence.new_name, name = told(&["after.name"])?)),
        LogKind::TerminalReplaced => told(&["replaced_by"]),
        LogKind::TerminalSignedIn | LogKind::TerminalSignedOut => {
            Some(t!(locale, sentence.operator, number = told(&["operator_no"])?))
        }
        LogKind::AppGranted
        | LogKind::AppRevoked
        | LogKind::AppExpired
        | LogKind::AppInstalled
        | LogKind::AppFailed
        | LogKind::AppRemoved => app(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ActorKind, LogEntryId, Outcome, Reason, Timestamp, Told};
    use strum::VariantArray;
    use uuid::Uuid;

    fn row(kind: LogKind, detail: &[(&str, &str)]) -> LogRow {
        LogRow {
            id: LogEntryId(Uuid::nil()),
            sequence: 1,
            occurred: Timestamp(0),
            received: Timestamp(0),
            sn_sent: Some("161-203-824".to_owned()),
            terminal_sn: Some("161203824".to_owned()),
            terminal_name: Some("前台".to_owned()),
            store: None,
            merchant: None,
            kind,
            outcome: Outcome::Info,
            reason: None,
            actor: ActorKind::User,
            actor_label: None,
            address: None,
            turned_away: None,
            correlation: String::new(),
            detail: detail
                .iter()
                .map(|(place, value)| ((*place).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn every_kind_has_a_sentence_of_its_own_in_both_languages() {
        for locale in [Locale::zh, Locale::en] {
            let mut all: Vec<_> = LogKind::VARIANTS
                .iter()
                .map(|kind| sentence(locale, &row(*kind, &[])))
                .collect();
            assert!(
                all.iter()
                    .all(|text| text.contains("161203824") && text.contains("前台"))
            );
            all.sort();
            all.dedup();
            assert_eq!(all.len(), LogKind::VARIANTS.len());
        }
    }

    #[test]
    fn a_sentence_says_why_and_what_exactly() {
        let told = |kind, detail: &[(&str, &str)]| sentence(Locale::zh, &row(kind, detail));
        assert_eq!(
            told(
                LogKind::TerminalSuspended,
                &[("after.reason", "stolen"), ("after.note", "昨晚")]
            ),
            "终端 161203824（前台）已停用：被盗，昨晚"
        );
        assert_eq!(
            told(LogKind::TerminalRenamed, &[("after.name", "吧台")]),
            "终端 161203824（前台）已改名：“吧台”"
        );
        assert_eq!(
            told(
                LogKind::AppFailed,
                &[("package", "com.example.pay"), ("error_code", "-7")]
            ),
            "终端 161203824（前台）安装应用失败：com.example.pay，错误码 -7"
        );
        let failed = LogRow {
            reason: Some(Told::Itself(Reason::CodeExpired)),
            terminal_sn: None,
            terminal_name: None,
            ..row(LogKind::RegistrationFailed, &[])
        };
        assert_eq!(sentence(Locale::zh, &failed), "终端 161-203-824 注册失败：激活码已过期");
        assert_eq!(
            sentence(Locale::en, &failed),
            "Terminal 161-203-824 could not be registered: Activation code has expired"
        );
        let nobody = LogRow {
            sn_sent: None,
            ..row(LogKind::AppGranted, &[("package", "com.example.pay")])
        };
        assert!(
            sentence(
                Locale::en,
                &LogRow {
                    terminal_sn: None,
                    ..nobody
                }
            )
            .starts_with("Its terminals may run an app: com")
        );
    }
}
