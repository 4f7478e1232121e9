//! Post, redirect, get: how every mutation answers, and the one message that is told after it.
//!
//! The message travels in a cookie that only the next page reads and that is gone with it. It is text by code: nothing
//! that is shown as a sentence can be forged. An activation code or a one-time link is in that cookie
//! and nowhere else.

use crate::backend::Backend;
use crate::backend::invitations::IssuedLink;
use crate::backend::sessions::OwnSession;
use crate::caller::Caller;
use crate::domain::{SerialNumberError, Timestamp};
use crate::error::AppError;
use crate::request::{Rendering, address, is_local};
use http::{HeaderValue, StatusCode, header};
use leptos::prelude::{ServerFnError, use_context};
use leptos_axum::ResponseOptions;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use strum::VariantArray;

/// What the next page has to tell.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flash {
    /// A terminal was registered.
    Registered {
        /// Its serial number in normal form.
        sn: String,
        /// Who made it.
        manufacturer: String,
        /// The activation code to key into it.
        code: String,
        /// Until when the code works, in Unix milliseconds.
        expires: i64,
    },
    /// An activation code was issued.
    CodeIssued {
        /// The terminal's serial number in normal form.
        sn: String,
        /// The code.
        code: String,
        /// Until when it works, in Unix milliseconds.
        expires: i64,
    },
    /// A one-time link was made.
    LinkIssued {
        /// What stands in it.
        token: String,
        /// [`crate::domain::Purpose::code`].
        purpose: String,
        /// The name of whoever it is for.
        name: String,
        /// Until when it works, in Unix milliseconds.
        expires: i64,
    },
    /// Recovery codes were made.
    RecoveryCodes(Vec<String>),
    /// Something was done.
    Done(Notice),
    /// Codes were issued for many terminals; the page of their batch shows them.
    Opened {
        /// [`crate::backend::batches::Opened::key`].
        key: String,
    },
    /// The activation code that was out for a terminal was withdrawn.
    CodeRevoked {
        /// The terminal's serial number in normal form.
        sn: String,
    },
    /// A terminal was changed.
    Moved {
        /// [`crate::domain::Move::code`].
        wanted: String,
        /// Its serial number in normal form.
        sn: String,
    },
    /// The person has signed out.
    SignedOut,
    /// What was asked for was not done.
    Error {
        /// [`AppError::code`].
        code: String,
        /// What was found instead of what was needed.
        found: Option<String>,
        /// What was typed and must not stand in an address.
        kept: Option<String>,
        /// The id of the request that failed.
        #[serde(default)]
        request: Option<String>,
    },
}

/// What was done, where nothing more needs to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A password was set by a one-time link.
    PasswordSet,
    /// An account may sign in again.
    UserEnabled,
    /// An account may no longer sign in.
    UserDisabled,
    /// An account has another role.
    RoleChanged,
    /// An invitation was withdrawn.
    InvitationWithdrawn,
    /// The own second step was taken away.
    FactorDisabled,
    /// Somebody's second step was taken away.
    FactorReset,
    /// The person's password is another.
    PasswordChanged,
    /// A session of the person was ended.
    SessionEnded,
    /// All other sessions of the person were ended.
    OtherSessionsEnded,
    /// An app was added to the catalogue.
    AppCreated,
    /// What the catalogue says of an app was changed.
    AppUpdated,
    /// A version of an app was published.
    VersionAdded,
    /// What is said of a version was changed.
    VersionUpdated,
    /// An app was authorized.
    AppGranted,
    /// Authorizations of an app were taken back.
    AppRevoked,
    /// A merchant was made.
    MerchantCreated,
    /// What is known of a merchant was changed.
    MerchantUpdated,
    /// A merchant may take no payments.
    MerchantSuspended,
    /// A merchant may take payments again.
    MerchantResumed,
    /// A merchant has another store.
    StoreCreated,
    /// A store has another name or address.
    StoreUpdated,
    /// A store is closed; its history stays.
    StoreClosed,
    /// A store that never had a terminal is gone.
    StoreRemoved,
    /// A store is open again.
    StoreReopened,
    /// A view of the list was saved.
    ViewSaved,
    /// A view of the list shows something else now.
    ViewReplaced,
    /// A view of the list has another name.
    ViewRenamed,
    /// A view of the list is forgotten.
    ViewDeleted,
    /// The list is laid out in another way.
    LayoutSaved,
}

impl Flash {
    /// Code of [`AppError::Throttled`] with when to try again: unlike the reason for which a registration was refused, it is
    /// told of signing in as well.
    pub(crate) const THROTTLED: &'static str = "throttled";

    /// The message that hands over a one-time link.
    pub fn link(link: &IssuedLink) -> Self {
        Self::LinkIssued {
            token: link.token.to_string(),
            purpose: link.purpose.code().to_owned(),
            name: link.name.clone(),
            expires: link.expires.0,
        }
    }

    /// Name of the cookie. The prefix `__Host-` (RFC 6265bis, section 4.1.3.2) needs `Secure`.
    pub fn cookie_name(secure: bool) -> &'static str {
        if secure {
            "__Host-tillkeeper_flash"
        } else {
            "tillkeeper_flash"
        }
    }

    /// The message that says why something was not done.
    pub fn error(error: &AppError) -> Self {
        let found = match error {
            AppError::SerialNumber(SerialNumberError::Character(c)) => Some(c.to_string()),
            AppError::Throttled(until) => Some(until.0.to_string()),
            _ => None,
        };
        let code = match error {
            AppError::Throttled(_) => Self::THROTTLED,
            error => error.code(),
        };
        Self::Error {
            code: code.to_owned(),
            found,
            kept: None,
            request: use_context::<Rendering>().map(|rendering| rendering.request.id),
        }
    }

    /// When what was tried too often may be tried again, when that is what it says.
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Error {
                code,
                found: Some(until),
                ..
            } if code == Self::THROTTLED => until.parse().ok().map(Timestamp),
            _ => None,
        }
    }

    /// Reads the cookie's value; `None` for anything that is no message.
    pub fn parse(value: &str) -> Option<Self> {
        serde_json::from_str(&urlencoding::decode(value).ok()?).ok()
    }

    /// The `Set-Cookie` that hands the message to the next page.
    pub fn set_cookie(&self, secure: bool) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        cookie(secure, &urlencoding::encode(&json), 60)
    }

    /// The `Set-Cookie` that takes the message away once it has been told.
    pub fn clear_cookie(secure: bool) -> String {
        cookie(secure, "", 0)
    }
}

/// Shows which message it is and nothing of what is in it.
impl fmt::Debug for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered { .. } => "Registered",
            Self::CodeIssued { .. } => "CodeIssued",
            Self::LinkIssued { .. } => "LinkIssued",
            Self::RecoveryCodes(_) => "RecoveryCodes",
            Self::Done(notice) => return write!(f, "Done({notice:?})"),
            Self::Opened { .. } => "Opened",
            Self::CodeRevoked { .. } => "CodeRevoked",
            Self::Moved { .. } => "Moved",
            Self::SignedOut => "SignedOut",
            Self::Error { code, .. } => return write!(f, "Error({code})"),
        })
    }
}

fn cookie(secure: bool, value: &str, max_age_seconds: u32) -> String {
    let name = Flash::cookie_name(secure);
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{secure}")
}

/// Where a mutation leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    to: String,
    flash: Option<Flash>,
}

/// Most bytes of an address that leads somewhere: servers in between take no longer ones (RFC 9110, section 4.1).
const ADDRESS_BYTES: usize = 8000;

/// Leads to `path` of this site; to the first page when it leads anywhere else. What is too long for an address is left out.
pub fn redirect(path: impl Into<String>) -> Redirect {
    let mut path = path.into();
    if path.len() > ADDRESS_BYTES {
        path.truncate(path.find('?').unwrap_or_default());
    }
    Redirect {
        to: if is_local(&path) && path.len() <= ADDRESS_BYTES {
            path
        } else {
            "/".to_owned()
        },
        flash: None,
    }
}

/// The same with a message.
pub fn redirect_with(path: impl Into<String>, flash: Flash) -> Redirect {
    Redirect {
        flash: Some(flash),
        ..redirect(path)
    }
}

/// Where a mutation that fails leads: the page that it came from, with what was typed in its query parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Back {
    /// The address.
    pub to: String,
    /// What was typed and must not stand in an address: an activation code.
    pub kept: Option<String>,
}

impl Back {
    /// Leads back and says why.
    pub fn with_error(&self, error: &AppError) -> Redirect {
        let mut flash = Flash::error(error);
        if let Flash::Error { kept, .. } = &mut flash {
            *kept = self.kept.as_ref().map(|text| text.chars().take(100).collect());
        }
        redirect_with(self.to.clone(), flash)
    }
}

impl From<String> for Back {
    fn from(to: String) -> Self {
        Self { to, kept: None }
    }
}

/// Who asks and whom to ask, for a server function.
///
/// # Errors
/// [`AppError::SignInRequired`] when nobody is signed in.
pub(crate) fn actor() -> Result<(Caller, Backend), AppError> {
    let caller = use_context::<Option<Caller>>()
        .flatten()
        .ok_or(AppError::SignInRequired)?;
    Ok((caller, backend()?))
}

/// Whom to ask, for a server function that anybody may call.
///
/// # Errors
/// [`AppError::Internal`] where the server has told nothing of the request.
pub(crate) fn backend() -> Result<Backend, AppError> {
    use_context::<Backend>().ok_or(AppError::Internal)
}

/// Gives the session that asks another id, after a change of what its user may do.
///
/// # Errors
/// [`AppError::Internal`].
pub(crate) async fn renew_session() -> Result<(), AppError> {
    match use_context::<Arc<dyn OwnSession>>() {
        Some(session) => session.renew().await,
        None => Err(AppError::Internal),
    }
}

/// Ends a server function, in the one way there is: 303 See Other (RFC 9110, section 15.4.4) to where the work leads, to
/// the sign-in page when nobody is signed in, or `back` with the reason.
///
/// # Errors
/// None: the answer is always a redirect.
pub async fn action(
    back: impl Into<Back>,
    work: impl Future<Output = Result<Redirect, AppError>>,
) -> Result<(), ServerFnError> {
    let back = back.into();
    let response = use_context::<ResponseOptions>();
    let secure = use_context::<Rendering>().is_some_and(|rendering| rendering.secure_cookies);
    let outcome = work.await;
    if let (Err(AppError::Forbidden), Ok((caller, backend))) = (&outcome, actor()) {
        backend.audit.refused(&caller, &back.to).await;
    }
    let redirect = outcome.unwrap_or_else(|error| match error {
        AppError::SignInRequired => redirect(sign_in_address(&back.to)),
        error => back.with_error(&error),
    });
    if let Some(response) = response {
        answer(&response, &redirect, secure);
    }
    Ok(())
}

/// The sign-in page, which leads on to `next`.
pub fn sign_in_address(next: &str) -> String {
    address("/sign-in", [("next", if next == "/" { "" } else { next })])
}

/// Makes a response a redirect.
pub(crate) fn answer(response: &ResponseOptions, redirect: &Redirect, secure_cookies: bool) {
    response.set_status(StatusCode::SEE_OTHER);
    for (name, value) in redirect.headers(secure_cookies) {
        response.append_header(name, value);
    }
}

impl Redirect {
    /// The headers of the answer, which goes with 303 See Other: `Location` and, with a message, `Set-Cookie`.
    pub fn headers(&self, secure_cookies: bool) -> Vec<(header::HeaderName, HeaderValue)> {
        let location = HeaderValue::from_str(&self.to).unwrap_or(HeaderValue::from_static("/"));
        let cookie = self.flash.as_ref().map(|flash| flash.set_cookie(secure_cookies));
        let cookie = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok());
        std::iter::once((header::LOCATION, location))
            .chain(cookie.map(|cookie| (header::SET_COOKIE, cookie)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(cookie: &str) -> &str {
        cookie.split(['=', ';']).nth(1).unwrap()
    }

    #[test]
    fn what_is_put_into_the_cookie_is_read_back() {
        for flash in [
            Flash::Registered {
                sn: "A/B_1.2".into(),
                manufacturer: "新国都 \"POS\"; x".into(),
                code: "0123-4567-89ABCD".into(),
                expires: i64::MAX,
            },
            Flash::SignedOut,
            Flash::Error {
                code: "internal".into(),
                found: Some(";,\r\n".into()),
                kept: None,
                request: Some("r1".into()),
            },
        ] {
            let cookie = flash.set_cookie(true);
            assert!(HeaderValue::from_str(&cookie).is_ok());
            assert_eq!(Flash::parse(value_of(&cookie)), Some(flash));
        }
        assert_eq!(Flash::parse("%7B%7D"), None);
        assert_eq!(Flash::parse("%FF"), None);
    }

    #[test]
    fn the_cookie_is_closed_to_scripts_and_other_sites() {
        assert_eq!(
            Flash::clear_cookie(true),
            "__Host-tillkeeper_flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Flash::clear_cookie(false),
            "tillkeeper_flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn redirects_stay_on_this_site() {
        assert_eq!(redirect("/logs?sn=A").to, "/logs?sn=A");
        assert_eq!(redirect("//evil").to, "/");
        let long = "x".repeat(9000);
        assert_eq!(redirect(format!("/logs?sn={long}")).to, "/logs");
        assert_eq!(redirect(format!("/devices/{long}")).to, "/");
        assert_eq!(redirect(format!("/devices/{long}?a=b")).to, "/");
        assert_eq!(sign_in_address("/logs?sn=A"), "/sign-in?next=%2Flogs%3Fsn%3DA");
        assert_eq!(sign_in_address("/"), "/sign-in");
    }

    #[test]
    fn what_was_typed_comes_back_and_not_in_the_address() {
        let back = Back {
            to: "/devices/register?sn=A".into(),
            kept: Some("X".repeat(200)),
        };
        let redirect = back.with_error(&AppError::SerialNumber(SerialNumberError::Character('#')));
        assert_eq!(redirect.to, "/devices/register?sn=A");
        let Some(Flash::Error { code, found, kept, .. }) = redirect.flash else {
            panic!()
        };
        assert_eq!((code.as_str(), found.as_deref()), ("sn_malformed", Some("#")));
        assert_eq!(kept, Some("X".repeat(100)));
    }

    #[test]
    fn debug_keeps_the_secret() {
        let flash = Flash::CodeIssued {
            sn: "A".into(),
            code: "secret".into(),
            expires: 0,
        };
        assert_eq!(format!("{flash:?}"), "CodeIssued");
    }
}
