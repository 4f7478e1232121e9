//! A merchant's state: icon, word and colour.

use super::{icon, state_badge::badge, words};
use crate::domain::MerchantState;
use crate::i18n::Locale;
use leptos::prelude::*;

/// A merchant's state.
pub(crate) fn merchant_state(locale: Locale, state: MerchantState) -> impl IntoView {
    let (class, href) = match state {
        MerchantState::Active => ("badge badge-success gap-1 whitespace-nowrap", icon::OK),
        MerchantState::Suspended => ("badge badge-error gap-1 whitespace-nowrap", icon::SUSPENDED),
    };
    badge(class, href, words::merchant_state(locale, state))
}
