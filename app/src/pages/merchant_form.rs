//! The fields in which an administrator says what is known of a merchant.

use super::guard::Visit;
use crate::backend::merchants::{Merchant, MerchantInput};
use crate::components::field::{Field, select_with_id};
use crate::components::html::{Html, Rendered};
use crate::components::words;
use crate::error::Invalid;
use crate::flash::Flash;
use crate::i18n::t;
use crate::request::{Query, address};
use leptos::prelude::*;

/// The names of the fields, in the order of [`Typed`].
const NAMES: [&str; 6] = [
    "name",
    "time_zone",
    "quota",
    "contact_name",
    "contact_phone",
    "contact_email",
];

/// Time zones that are offered; whatever else a merchant has is offered too.
const ZONES: [&str; 21] = [
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Macau",
    "Asia/Taipei",
    "Asia/Singapore",
    "Asia/Kuala_Lumpur",
    "Asia/Bangkok",
    "Asia/Ho_Chi_Minh",
    "Asia/Jakarta",
    "Asia/Manila",
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Kolkata",
    "Asia/Dubai",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "Etc/UTC",
];

/// What was typed into the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed([String; 6]);

impl Default for Typed {
    /// What a new merchant most likely is.
    fn default() -> Self {
        let mut fields = <[String; 6]>::default();
        fields[1] = ZONES[0].to_owned();
        fields[2] = "20".to_owned();
        Self(fields)
    }
}

impl Typed {
    /// What a form sent, cut to what an address can carry back.
    pub(super) fn new(fields: [String; 6]) -> Self {
        Self(fields.map(|text| short(&text)))
    }

    /// What came back in the address.
    pub(super) fn of_query(query: &Query) -> Self {
        Self(NAMES.map(|name| query.field(name)))
    }

    /// What is known of a merchant.
    pub(super) fn of_merchant(merchant: &Merchant) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self([
            merchant.row.name.clone(),
            merchant.time_zone.clone(),
            merchant.row.quota.to_string(),
            text(&merchant.contact_name),
            text(&merchant.contact_phone),
            text(&merchant.contact_email),
        ])
    }

    /// As the backend takes it.
    pub(super) fn input(&self) -> MerchantInput {
        let [name, time_zone, quota, contact_name, contact_phone, contact_email] = self.0.clone();
        MerchantInput {
            name,
            time_zone,
            quota,
            contact_name,
            contact_phone,
            contact_email,
        }
    }

    /// The address that leads back with what was typed.
    pub(super) fn address<'a>(&'a self, path: &str, more: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        let fields = NAMES.iter().copied().zip(self.0.iter().map(String::as_str));
        address(path, more.into_iter().chain(fields))
    }
}

/// A text cut to what an address can carry back.
pub(super) fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The fields; with `number` also that of the merchant number. `wrong` is whether the flash is about them.
pub(super) fn fields(visit: &Visit, typed: &Typed, wrong: bool, number: Option<String>) -> Html {
    let locale = visit.locale();
    let code = match &visit.rendering.flash {
        Some(Flash::Error { code, .. }) if wrong => code.as_str(),
        _ => "",
    };
    let error = |invalid: &[Invalid]| {
        let found = invalid.iter().find(|invalid| invalid.code() == code)?;
        Some(words::invalid(locale, *found).1.to_owned())
    };
    let [name, zone, quota, contact_name, contact_phone, contact_email] = &typed.0;
    let field = |name, label: &str, hint, value: &String, invalid| Field {
        name,
        label: label.to_owned(),
        hint,
        error: error(&[invalid]),
        value: value.clone(),
        ..Field::default()
    };
    let optional = |label: &str| format!("{label} ({})", t!(locale, common.optional));
    let number = number.map(|value| {
        Field {
            name: "number",
            label: t!(locale, merchants.number).to_owned(),
            hint: Some(t!(locale, merchants.number_hint)),
            error: error(&[Invalid::MerchantNoMalformed, Invalid::MerchantNoTaken]),
            value,
            required: true,
            is_code: true,
            ..Field::default()
        }
        .view()
    });
    let name = Field {
        required: true,
        ..field("name", t!(locale, merchants.name), None, name, Invalid::Name)
    };
    let quota = Field {
        required: true,
        ..field(
            "quota",
            t!(locale, merchants.quota),
            Some(t!(locale, merchants.quota_hint)),
            quota,
            Invalid::QuotaMalformed,
        )
    };
    let other = Some(zone.as_str()).filter(|zone| !zone.is_empty() && !ZONES.contains(zone));
    let zones = ZONES
        .into_iter()
        .chain(other)
        .map(|zone| (zone.to_owned(), zone.to_owned()));
    let contact = field(
        "contact_name",
        &optional(t!(locale, merchants.contact_name)),
        None,
        contact_name,
        Invalid::NameMalformed,
    );
    let phone = field(
        "contact_phone",
        &optional(t!(locale, merchants.contact_phone)),
        None,
        contact_phone,
        Invalid::PhoneMalformed,
    );
    let email = field(
        "contact_email",
        &optional(t!(locale, merchants.contact_email)),
        None,
        contact_email,
        Invalid::EmailMalformed,
    );
    view! {
        <div class="grid gap-4 sm:grid-cols-2 items-start">
            {number} {name.view()} {quota.view()} <div class="flex flex-col gap-1">
                {select_with_id("time-zone", "time_zone", t!(locale, merchants.time_zone), zones, zone)}
                <p class="text-sm">{t!(locale, merchants.time_zone_hint)}</p>
            </div> {contact.view()} {phone.view()} {email.view()}
        </div>
    }
    .rendered()
}
