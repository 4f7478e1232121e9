//! The words of codes. Each match is exhaustive, so that a new code without words does not compile.

use crate::backend::imports::{Field, RowFault, Stage};
use crate::domain::{
    ActorKind, AuditAction, Check, Lifecycle, LifecycleReason, LogKind, MerchantState, Obstacle, Outcome,
    PasswordFault, Reason, Role, SerialNumber, SerialNumberError, TargetKind, Told, UserState,
};
use crate::error::Invalid;
use crate::flash::Notice;
use crate::i18n::{Locale, t};

/// `match`es a code with the key of the same meaning.
macro_rules! words {
    ($locale:expr, $value:expr, $file:ident: $($pattern:pat => $($key:ident).+),* $(,)?) => {
        match $value {
            $($pattern => t!($locale, $file$(.$key)+)),*
        }
    };
}

/// The same for codes that have several texts: title, sentence, next step.
macro_rules! texts {
    ($locale:expr, $value:expr, $file:ident[$title:ident $what:ident $next:ident $help:ident]:
        $($pattern:pat => $($key:ident).+),* $(,)?) => {
        match $value {
            $($pattern => Texts {
                title: t!($locale, $file.$($key.)+$title),
                what: t!($locale, $file.$($key.)+$what),
                next: t!($locale, $file.$($key.)+$next),
                help: t!($locale, $file.$($key.)+$help),
            }),*
        }
    };
}

/// What is to be said of a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    /// What happened, as a heading.
    pub(crate) title: &'static str,
    /// What happened, as a sentence.
    pub(crate) what: &'static str,
    /// What to do next.
    pub(crate) next: &'static str,
    /// What the help page says besides.
    pub(crate) help: &'static str,
}

/// A terminal's state, as everybody is shown it.
pub(crate) fn lifecycle(locale: Locale, lifecycle: Lifecycle) -> &'static str {
    words!(locale, lifecycle, word:
        Lifecycle::Unassigned | Lifecycle::Awaiting => unregistered,
        Lifecycle::Registered => registered,
        Lifecycle::Suspended => suspended,
        Lifecycle::Retired => retired,
    )
}

/// Why a terminal was suspended or retired.
pub(crate) fn lifecycle_reason(locale: Locale, reason: LifecycleReason) -> &'static str {
    use LifecycleReason::*;
    words!(locale, reason, word:
        Damaged => damaged, Lost => lost, Stolen => stolen, Tampered => tampered, Returned => returned,
        Replaced => replaced, EndOfLife => end_of_life, Other => other,
    )
}

/// A user's role.
pub(crate) fn role(locale: Locale, role: Role) -> &'static str {
    words!(locale, role, word:
        Role::MerchantOwner => merchant_owner,
        Role::MerchantClerk => merchant_clerk,
        Role::PlatformAdmin => platform_admin,
        Role::PlatformSupport => platform_support,
    )
}

/// Whether an account can be used.
pub(crate) fn user_state(locale: Locale, state: UserState) -> &'static str {
    words!(locale, state, users:
        UserState::Active => active, UserState::Invited => invited, UserState::Disabled => disabled,
    )
}

/// Whether a merchant may take payments.
pub(crate) fn merchant_state(locale: Locale, state: MerchantState) -> &'static str {
    words!(locale, state, merchants:
        MerchantState::Active => active, MerchantState::Suspended => suspended,
    )
}

/// What was done.
pub(crate) fn notice(locale: Locale, notice: Notice) -> &'static str {
    words!(locale, notice, notice:
        Notice::PasswordSet => password_set,
        Notice::UserEnabled => user_enabled,
        Notice::UserDisabled => user_disabled,
        Notice::RoleChanged => role_changed,
        Notice::InvitationWithdrawn => invitation_withdrawn,
        Notice::FactorDisabled => factor_disabled,
        Notice::FactorReset => factor_reset,
        Notice::PasswordChanged => password_changed,
        Notice::SessionEnded => session_ended,
        Notice::OtherSessionsEnded => other_sessions_ended,
        Notice::AppCreated => app_created,
        Notice::AppUpdated => app_updated,
        Notice::VersionAdded => version_added,
        Notice::VersionUpdated => version_updated,
        Notice::AppGranted => app_granted,
        Notice::AppRevoked => app_revoked,
        Notice::MerchantCreated => merchant_created,
        Notice::MerchantUpdated => merchant_updated,
        Notice::MerchantSuspended => merchant_suspended,
        Notice::MerchantResumed => merchant_resumed,
        Notice::StoreCreated => store_created,
        Notice::StoreUpdated => store_updated,
        Notice::StoreClosed => store_closed,
        Notice::StoreRemoved => store_removed,
        Notice::StoreReopened => store_reopened,
        Notice::ViewSaved => view_saved,
        Notice::ViewReplaced => view_replaced,
        Notice::ViewRenamed => view_renamed,
        Notice::ViewDeleted => view_deleted,
        Notice::LayoutSaved => layout_saved,
    )
}

/// How something ended.
pub(crate) fn outcome(locale: Locale, outcome: Outcome) -> &'static str {
    words!(locale, outcome, word:
        Outcome::Success => success, Outcome::Failure => failure, Outcome::Info => info,
    )
}

/// Who did something.
pub(crate) fn actor(locale: Locale, actor: ActorKind) -> &'static str {
    words!(locale, actor, word:
        ActorKind::User => user, ActorKind::Terminal => terminal, ActorKind::System => system,
    )
}

/// What kind of party does something, as a filter names it.
pub(crate) fn party(locale: Locale, actor: ActorKind) -> &'static str {
    words!(locale, actor, word:
        ActorKind::User => person, ActorKind::Terminal => terminal, ActorKind::System => system,
    )
}

/// What happened to a terminal.
pub(crate) fn log_kind(locale: Locale, kind: LogKind) -> &'static str {
    use LogKind::*;
    words!(locale, kind, word:
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
    )
}

/// What somebody did in the portal.
pub(crate) fn audit_action(locale: Locale, action: AuditAction) -> &'static str {
    use AuditAction::*;
    words!(locale, action, audit:
        SessionSignedIn => session_signed_in,
        SessionRefused => session_refused,
        SessionEnded => session_ended,
        UserCreated => user_created,
        UserPasswordChanged => user_password_changed,
        UserDisabled => user_disabled,
        UserEnabled => user_enabled,
        UserRoleChanged => user_role_changed,
        InvitationCreated => invitation_created,
        InvitationWithdrawn => invitation_withdrawn,
        InvitationUsed => invitation_used,
        SecondFactorEnabled => second_factor_enabled,
        SecondFactorDisabled => second_factor_disabled,
        SecondFactorCodesRenewed => second_factor_codes_renewed,
        SecondFactorUsedRecovery => second_factor_used_recovery,
        TerminalRegistered => terminal_registered,
        TerminalAssigned => terminal_assigned,
        TerminalMoved => terminal_moved,
        TerminalRenamed => terminal_renamed,
        TerminalSuspended => terminal_suspended,
        TerminalResumed => terminal_resumed,
        TerminalRetired => terminal_retired,
        TerminalUnregistered => terminal_unregistered,
        TerminalReplaced => terminal_replaced,
        CodeIssued => code_issued,
        CodeRevoked => code_revoked,
        ImportStarted => import_started,
        ImportDone => import_done,
        ImportCancelled => import_cancelled,
        ImportUndone => import_undone,
        TerminalTagged => terminal_tagged,
        TerminalUntagged => terminal_untagged,
        BatchStarted => batch_started,
        BatchDone => batch_done,
        BatchCancelled => batch_cancelled,
        MerchantCreated => merchant_created,
        MerchantUpdated => merchant_updated,
        MerchantSuspended => merchant_suspended,
        MerchantResumed => merchant_resumed,
        StoreCreated => store_created,
        StoreUpdated => store_updated,
        StoreClosed => store_closed,
        StoreReopened => store_reopened,
        StoreRemoved => store_removed,
        AppCreated => app_created,
        AppUpdated => app_updated,
        AppVersionAdded => app_version_added,
        AppVersionUpdated => app_version_updated,
        AppGranted => app_granted,
        AppRevoked => app_revoked,
        LogRetained => log_retained,
        PermissionRefused => permission_refused,
    )
}

/// What kind of thing it was done to.
pub(crate) fn target_kind(locale: Locale, kind: TargetKind) -> &'static str {
    use TargetKind::*;
    words!(locale, kind, audit:
        User => user, Session => session, Terminal => terminal, Import => import, Batch => batch, Merchant => merchant,
        Store => store, App => app, Page => page,
    )
}

/// Why a registration was refused.
pub(crate) fn told(locale: Locale, told: Told) -> Texts {
    use Reason::*;
    texts!(locale, told, reason[title what next help]:
        Told::SnOrCodeWrong => sn_or_code_wrong,
        Told::Itself(SnMalformed) => sn_malformed,
        Told::Itself(SnUnknown) => sn_unknown,
        Told::Itself(CodeRequired) => code_required,
        Told::Itself(CodeInvalid) => code_invalid,
        Told::Itself(CodeExpired) => code_expired,
        Told::Itself(CodeUsed) => code_used,
        Told::Itself(CodeRevoked) => code_revoked,
        Told::Itself(AlreadyRegistered) => already_registered,
        Told::Itself(RegisteredElsewhere) => registered_elsewhere,
        Told::Itself(MerchantSuspended) => merchant_suspended,
        Told::Itself(TerminalSuspended) => terminal_suspended,
        Told::Itself(TerminalRetired) => terminal_retired,
        Told::Itself(ModelMismatch) => model_mismatch,
        Told::Itself(QuotaExceeded) => quota_exceeded,
        Told::Itself(TooManyAttempts) => too_many_attempts,
    )
}

/// Who can put a refusal right.
pub(crate) fn who(locale: Locale, told: Told) -> &'static str {
    use Reason::*;
    words!(locale, told, word:
        Told::SnOrCodeWrong
        | Told::Itself(
            SnMalformed | SnUnknown | CodeRequired | CodeInvalid | AlreadyRegistered | TooManyAttempts
        ) => you,
        Told::Itself(CodeExpired | CodeUsed) => you,
        Told::Itself(CodeRevoked) => at_the_terminal,
        Told::Itself(
            RegisteredElsewhere | MerchantSuspended | TerminalSuspended | TerminalRetired | ModelMismatch
            | QuotaExceeded
        ) => platform,
    )
}

/// What the verdict looks at.
pub(crate) fn check(locale: Locale, check: Check) -> &'static str {
    words!(locale, check, verdict:
        Check::Known => check.known,
        Check::NotRetired => check.not_retired,
        Check::NotSuspended => check.not_suspended,
        Check::MerchantActive => check.merchant_active,
        Check::Registered => check.registered,
        Check::Connected => check.connected,
        Check::AppAuthorized => check.app_authorized,
        Check::AppInstalled => check.app_installed,
        Check::SignedIn => check.signed_in,
        Check::Heard => check.heard,
        Check::Network => check.network,
        Check::CardReader => check.card_reader,
        Check::Printer => check.printer,
        Check::Paper => check.paper,
    )
}

/// Why a terminal cannot take a payment.
pub(crate) fn obstacle(locale: Locale, obstacle: Obstacle) -> Texts {
    use Obstacle::*;
    texts!(locale, obstacle, verdict[title what next help]:
        NotFound => obstacle.not_found,
        Retired => obstacle.retired,
        Suspended => obstacle.suspended,
        MerchantStopped => obstacle.merchant_stopped,
        NotAssigned => obstacle.not_assigned,
        NotRegistered => obstacle.not_registered,
        NotConnected => obstacle.not_connected,
        AppNotAuthorized => obstacle.app_not_authorized,
        AppExpired => obstacle.app_expired,
        AppNotInstalled => obstacle.app_not_installed,
        AppInstallFailed => obstacle.app_install_failed,
        NotSignedIn => obstacle.not_signed_in,
        SignedOut => obstacle.signed_out,
        Silent => obstacle.silent,
        NetworkDown => obstacle.network_down,
        CardReaderFault => obstacle.card_reader_fault,
        PrinterFault => obstacle.printer_fault,
        PaperOut => obstacle.paper_out,
    )
}

/// Who can take an obstacle away.
pub(crate) fn who_clears(locale: Locale, obstacle: Obstacle) -> &'static str {
    use Obstacle::*;
    words!(locale, obstacle, word:
        NotFound | NotRegistered | Suspended => you,
        Retired | MerchantStopped | NotAssigned | AppNotAuthorized | AppExpired => platform,
        NotConnected | AppNotInstalled | AppInstallFailed | NotSignedIn | SignedOut | Silent | NetworkDown
        | CardReaderFault | PrinterFault | PaperOut => at_the_terminal,
    )
}

/// What was wrong with what was sent: heading and sentence.
pub(crate) fn invalid(locale: Locale, invalid: Invalid) -> (&'static str, &'static str) {
    use Invalid::*;
    let Texts { title, what, .. } = texts!(locale, invalid, failure[title text text text]:
        LoginOrPasswordWrong => login_or_password_wrong,
        PasswordWrong => password_wrong,
        PasswordsDiffer => passwords_differ,
        MerchantUnknown => merchant_unknown,
        MerchantRequired => merchant_required,
        ManufacturerRequired => manufacturer_required,
        FileMissing => file_missing,
        FileTooLarge => file_too_large,
        FileEncoding => file_encoding,
        FileKind => file_kind,
        FileBroken => file_broken,
        FileBomb => file_bomb,
        FileCell => file_cell,
        FileTooLong => file_too_long,
        FileTooWide => file_too_wide,
        BadRows => bad_rows,
        FileHeadings => file_headings,
        Form => form,
        NotInThisState => not_in_this_state,
        LoginMalformed => login_malformed,
        LoginTaken => login_taken,
        NameMalformed => name_malformed,
        RoleAndMerchant => role_and_merchant,
        OwnAccount => own_account,
        LastAdministrator => last_administrator,
        AccountDisabled => account_disabled,
        TooManyInvitations => too_many_invitations,
        CodeWrong => code_wrong,
        FactorIsOn => factor_is_on,
        FactorIsOff => factor_is_off,
        SignInExpired => sign_in_expired,
        Changed => changed,
        StoreUnknown => store_unknown,
        Name => name,
        ReasonRequired => reason_required,
        NoteRequired => note_required,
        AlreadyTheirs => already_theirs,
        ReplacementUnknown => replacement_unknown,
        NoCodeOut => no_code_out,
        NothingChosen => nothing_chosen,
        TooMany => too_many,
        TooManyMatch => too_many_match,
        NoMoreTries => no_more_tries,
        NoLongerAllowed => no_longer_allowed,
        TagMalformed => tag_malformed,
        TooManyTags => too_many_tags,
        AlreadyDone => already_done,
        PackageMalformed => package_malformed,
        PackageTaken => package_taken,
        VersionMalformed => version_malformed,
        VersionTaken => version_taken,
        NotesTooLong => notes_too_long,
        Period => period,
        NoTargets => no_targets,
        RevokeReason => revoke_reason,
        MerchantNoMalformed => merchant_no_malformed,
        MerchantNoTaken => merchant_no_taken,
        TimeZoneUnknown => time_zone_unknown,
        QuotaMalformed => quota_malformed,
        PhoneMalformed => phone_malformed,
        EmailMalformed => email_malformed,
        SuspensionUnexplained => suspension_unexplained,
        StoreTaken => store_taken,
        StoreInUse => store_in_use,
        AddressMalformed => address_malformed,
        TooManyViews => too_many_views,
        ViewTaken => view_taken,
    );
    (title, what)
}

/// Why a password may not be chosen: heading and sentence.
pub(crate) fn password_fault(locale: Locale, fault: PasswordFault) -> (&'static str, &'static str) {
    use PasswordFault::*;
    let Texts { title, what, .. } = texts!(locale, fault, failure[title text text text]:
        PasswordTooShort => password_too_short,
        PasswordTooLong => password_too_long,
        PasswordCommon => password_common,
        PasswordPersonal => password_personal,
    );
    (title, what)
}

/// What was wrong with a row of a file, what is expected there, and how to put it right.
pub(crate) fn row_fault(locale: Locale, fault: RowFault) -> (&'static str, &'static str, &'static str) {
    use RowFault::*;
    let Texts { title, what, next, .. } = texts!(locale, fault, import[what expected fix fix]:
        ColumnCount => column_count,
        SnMissing => sn_missing,
        SnCharacter => sn_character,
        SnTooShort => sn_too_short,
        SnTooLong => sn_too_long,
        SnScientific => sn_scientific,
        NotText => not_text,
        CellError => cell_error,
        Duplicate => duplicate,
        Manufacturer => manufacturer,
        Model => model,
        NameTooLong => name_too_long,
        NameCharacter => name_character,
        NameFormula => name_formula,
        MerchantUnknown => merchant_unknown,
        MerchantSuspended => merchant_suspended,
        Store => store,
        StoreClosed => store_closed,
        Text => text,
        OtherMerchant => other_merchant,
    );
    (title, what, next)
}

/// What a column of a file can be.
pub(crate) fn import_field(locale: Locale, field: Field) -> &'static str {
    use Field::*;
    words!(locale, field, import:
        Sn => field_sn, Manufacturer => field_manufacturer, Model => field_model, Name => field_name,
        MerchantNo => field_merchant_no, Store => field_store, Firmware => field_firmware, Note => field_note,
    )
}

/// What a column of a file holds.
pub(crate) fn import_column(locale: Locale, field: Field) -> &'static str {
    use Field::*;
    words!(locale, field, import:
        Sn => col_sn, Manufacturer => col_manufacturer, Model => col_model, Name => col_name,
        MerchantNo => col_merchant_no, Store => col_store, Firmware => col_firmware, Note => col_note,
    )
}

/// How far an import is.
pub(crate) fn import_stage(locale: Locale, stage: Stage) -> &'static str {
    use Stage::*;
    words!(locale, stage, import:
        Uploading => stage_uploading, Mapping => stage_mapping, Checking => stage_checking, Checked => stage_checked,
        Running => stage_running, Done => stage_done, Failed => stage_failed, Cancelled => stage_cancelled,
        Undoing => stage_undoing, Undone => stage_undone,
    )
}

/// What is wrong with a text that should be a serial number; `None` when nothing is.
pub(crate) fn sn_fault(locale: Locale, text: &str) -> Option<String> {
    Some(match SerialNumber::parse(text).err()? {
        SerialNumberError::Empty => t!(locale, failure.sn_empty).to_owned(),
        SerialNumberError::Character(found) => t!(locale, failure.sn_character, found),
        SerialNumberError::TooShort(count) => t!(locale, failure.sn_too_short, count),
        SerialNumberError::TooLong(count) => t!(locale, failure.sn_too_long, count),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use strum::VariantArray;

    #[test]
    fn every_code_has_words_in_both_languages() {
        let mut seen = Vec::new();
        for locale in [Locale::zh, Locale::en] {
            seen.extend(Lifecycle::VARIANTS.iter().map(|code| lifecycle(locale, *code)));
            seen.extend(
                LifecycleReason::VARIANTS
                    .iter()
                    .map(|code| lifecycle_reason(locale, *code)),
            );
            seen.extend(Role::VARIANTS.iter().map(|code| role(locale, *code)));
            seen.extend(UserState::VARIANTS.iter().map(|code| user_state(locale, *code)));
            seen.extend(Notice::VARIANTS.iter().map(|code| notice(locale, *code)));
            seen.extend(Outcome::VARIANTS.iter().map(|code| outcome(locale, *code)));
            seen.extend(ActorKind::VARIANTS.iter().map(|code| actor(locale, *code)));
            seen.extend(ActorKind::VARIANTS.iter().map(|code| party(locale, *code)));
            seen.extend(MerchantState::VARIANTS.iter().map(|code| merchant_state(locale, *code)));
            seen.extend(LogKind::VARIANTS.iter().map(|code| log_kind(locale, *code)));
            seen.extend(
                Invalid::VARIANTS
                    .iter()
                    .flat_map(|code| <[_; 2]>::from(invalid(locale, *code))),
            );
            seen.extend(
                PasswordFault::VARIANTS
                    .iter()
                    .flat_map(|code| <[_; 2]>::from(password_fault(locale, *code))),
            );
            seen.extend(
                RowFault::VARIANTS
                    .iter()
                    .flat_map(|code| <[_; 3]>::from(row_fault(locale, *code))),
            );
            seen.extend(AuditAction::VARIANTS.iter().map(|code| audit_action(locale, *code)));
            seen.extend(TargetKind::VARIANTS.iter().map(|code| target_kind(locale, *code)));
            for code in Told::all() {
                let Texts {
                    title,
                    what,
                    next,
                    help,
                } = told(locale, code);
                seen.extend([title, what, next, help, who(locale, code)]);
            }
            seen.extend(Check::VARIANTS.iter().map(|code| check(locale, *code)));
            for code in Obstacle::VARIANTS {
                let Texts {
                    title,
                    what,
                    next,
                    help,
                } = obstacle(locale, *code);
                seen.extend([title, what, next, help, who_clears(locale, *code)]);
            }
        }
        assert!(seen.iter().all(|text| !text.trim().is_empty()));
    }

    #[test]
    fn a_serial_number_that_is_none_is_told_exactly() {
        assert_eq!(sn_fault(Locale::en, "PB1403D0782377"), None);
        assert!(sn_fault(Locale::zh, "ABC#1234").unwrap().contains("“#”"));
        assert!(sn_fault(Locale::en, "12").unwrap().contains("has 2."));
    }
}
