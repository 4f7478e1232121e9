//! The answer to the box on the first page: the terminal's own page, or back with what is wrong.

use super::device_address;
use super::guard::{Answer, guarded};
use crate::domain::SerialNumber;
use crate::request::address;
use leptos::prelude::*;

/// Leads on; shows nothing itself.
#[component]
pub(super) fn FindPage() -> impl IntoView {
    guarded(async move |visit| {
        let typed = visit.query.field("sn");
        Ok(Answer::Elsewhere(match SerialNumber::parse(&typed) {
            Ok(sn) => device_address(sn.as_str(), None),
            Err(_) => address("/", [("find", "1"), ("sn", typed.as_str())]),
        }))
    })
}
