//! An account's state: icon, word and colour.

use super::{icon, state_badge::badge, words};
use crate::domain::UserState;
use crate::i18n::Locale;
use leptos::prelude::*;

/// An account's state.
pub(crate) fn account_state(locale: Locale, state: UserState) -> impl IntoView {
    let (class, href) = match state {
        UserState::Active => ("badge badge-success gap-1 whitespace-nowrap", icon::OK),
        UserState::Invited => ("badge badge-warning gap-1 whitespace-nowrap", icon::WAITING),
        UserState::Disabled => ("badge badge-error gap-1 whitespace-nowrap", icon::SUSPENDED),
    };
    badge(class, href, words::user_state(locale, state))
}
