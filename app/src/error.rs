//! The one error of the product. It carries a code; the words come from the code, in the reader's language.

use crate::domain::{PasswordFault, Reason, SerialNumberError, Timestamp, Told};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Why something that was asked for was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// Nobody is signed in.
    #[error("sign in first")]
    SignInRequired,
    /// There is no such thing within the caller's scope.
    #[error("not found")]
    NotFound,
    /// The caller's role may not do it.
    #[error("not allowed")]
    Forbidden,
    /// A registration was refused.
    #[error("refused: {}", .0.code())]
    Refused(Told),
    /// The text is no serial number.
    #[error(transparent)]
    SerialNumber(#[from] SerialNumberError),
    /// Too much went wrong lately; holds from when on it may be tried again.
    #[error("too many attempts")]
    Throttled(Timestamp),
    /// The password may not be chosen.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// Something that was sent is not right.
    #[error("{}", .0.code())]
    Invalid(Invalid),
    /// The database cannot be reached; it has been logged where that was noticed.
    #[error("not available now")]
    Unavailable,
    /// Something broke; it has been logged where it happened.
    #[error("internal error")]
    Internal,
}

/// What was wrong with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Invalid {
    /// Sign-in failed; which of the two is not told.
    LoginOrPasswordWrong,
    /// The present password was asked for, and what was typed is another.
    PasswordWrong,
    /// The new password was typed twice, and the two differ.
    PasswordsDiffer,
    /// The merchant number is malformed or nobody's.
    MerchantUnknown,
    /// Which merchant is meant must be said.
    MerchantRequired,
    /// Several manufacturers use the serial number; which one is meant must be said.
    ManufacturerRequired,
    /// No file was sent, or an empty one.
    FileMissing,
    /// The file is larger than [`crate::backend::imports::MAX_FILE_BYTES`].
    FileTooLarge,
    /// The file is text in no encoding that is known here.
    FileEncoding,
    /// The file is no list that can be read: a picture, say, or a workbook of before 2007.
    FileKind,
    /// The workbook is damaged.
    FileBroken,
    /// Unpacked, the workbook is out of all proportion.
    FileBomb,
    /// A cell is longer than any cell is, or a quote is never closed.
    FileCell,
    /// The file has more than [`crate::backend::imports::MAX_ROWS`] rows.
    FileTooLong,
    /// The file has more than [`crate::backend::imports::MAX_COLUMNS`] columns.
    FileTooWide,
    /// The file has bad rows, and they were not to be skipped.
    BadRows,
    /// The first row does not name the columns that are needed.
    FileHeadings,
    /// The form lacks a field or a field has the wrong form.
    Form,
    /// The terminal's state does not allow it.
    NotInThisState,
    /// The text is no login.
    LoginMalformed,
    /// Somebody has the login.
    LoginTaken,
    /// The text is no name.
    NameMalformed,
    /// A role of a merchant without one, or a role of the platform with one.
    RoleAndMerchant,
    /// Nobody does this to the own account.
    OwnAccount,
    /// Without this account nobody could administer the platform.
    LastAdministrator,
    /// The account is disabled.
    AccountDisabled,
    /// The merchant has as many open invitations as it may.
    TooManyInvitations,
    /// The code of the second step is not right.
    CodeWrong,
    /// The second step is set up already.
    FactorIsOn,
    /// The second step is not set up, or was begun too long ago.
    FactorIsOff,
    /// The sign-in was begun too long ago.
    SignInExpired,
    /// Somebody else has changed the terminal since it was looked at.
    Changed,
    /// The merchant has no store of that name.
    StoreUnknown,
    /// The name is empty, too long, or has characters that no name has.
    Name,
    /// Why must be said.
    ReasonRequired,
    /// The reason "other" must be told in words, of at most [`crate::domain::Cause::MAX_CHARS`] characters.
    NoteRequired,
    /// The terminal is that merchant's already.
    AlreadyTheirs,
    /// The terminal that is to take the place is not there, or not free.
    ReplacementUnknown,
    /// No activation code is out for the terminal.
    NoCodeOut,
    /// No terminal was chosen or listed.
    NothingChosen,
    /// More than [`crate::backend::batches::MAX_ITEMS`] terminals.
    TooMany,
    /// More than [`crate::backend::batches::MAX_CHOSEN`] terminals match.
    TooManyMatch,
    /// The work broke off each time it was tried.
    NoMoreTries,
    /// Whoever asked for the work was locked out, or given another role, before it was done.
    NoLongerAllowed,
    /// The text is no [`crate::domain::Tag`].
    TagMalformed,
    /// The terminal has [`crate::domain::Tag::MOST`] tags.
    TooManyTags,
    /// It was done before, and is not done twice.
    AlreadyDone,
    /// The text is no package name.
    PackageMalformed,
    /// The catalogue has an app of that package name.
    PackageTaken,
    /// The text is no version.
    VersionMalformed,
    /// The app has that version already.
    VersionTaken,
    /// Release notes are longer than [`crate::backend::catalogue::NOTES_CHARS`].
    NotesTooLong,
    /// A date is none, or the end is not after the start and now.
    Period,
    /// Nothing of what was listed can be authorized.
    NoTargets,
    /// Why an authorization is taken back must be said in at most [`crate::domain::Cause::MAX_CHARS`] characters.
    RevokeReason,
    /// The text is no merchant number.
    MerchantNoMalformed,
    /// Another merchant has the number.
    MerchantNoTaken,
    /// The text is no IANA time zone.
    TimeZoneUnknown,
    /// The text is no number from 0 to [`crate::backend::merchants::MAX_QUOTA`].
    QuotaMalformed,
    /// The text is no telephone number.
    PhoneMalformed,
    /// The text is no address for e-mail.
    EmailMalformed,
    /// Why a merchant is suspended must be told in words.
    SuspensionUnexplained,
    /// The merchant has a store of that name.
    StoreTaken,
    /// Terminals stand in the store.
    StoreInUse,
    /// An address has at most [`crate::backend::stores::ADDRESS_CHARS`] characters and one line.
    AddressMalformed,
    /// Somebody has [`crate::backend::list_settings::MAX_VIEWS`] views of the list.
    TooManyViews,
    /// Another view of the list has the name.
    ViewTaken,
}

impl Invalid {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl AppError {
    /// The stable code, as in problem details and addresses.
    pub fn code(&self) -> &'static str {
        match self {
            Self::SignInRequired => "sign_in_required",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Refused(told) => told.code(),
            Self::Throttled(_) => Reason::TooManyAttempts.code(),
            Self::SerialNumber(_) => Reason::SnMalformed.code(),
            Self::Password(fault) => fault.code(),
            Self::Invalid(invalid) => invalid.code(),
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status (RFC 9110) that goes with it.
    pub fn status(&self) -> http::StatusCode {
        match self {
            Self::SignInRequired => http::StatusCode::UNAUTHORIZED,
            Self::NotFound => http::StatusCode::NOT_FOUND,
            Self::Forbidden => http::StatusCode::FORBIDDEN,
            Self::Throttled(_) | Self::Refused(Told::Itself(Reason::TooManyAttempts)) => {
                http::StatusCode::TOO_MANY_REQUESTS
            }
            Self::Invalid(Invalid::FileTooLarge) => http::StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(_) | Self::SerialNumber(_) | Self::Password(_) | Self::Invalid(_) => {
                http::StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Unavailable => http::StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}
