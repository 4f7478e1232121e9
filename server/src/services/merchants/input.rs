//! What is known of a merchant: from what was typed to what is kept, and what of it changed.

use crate::entities::merchants;
use crate::services::failure::Failure;
use app::backend::merchants::{MAX_QUOTA, MerchantInput};
use app::domain::{Email, Name, Phone, name_key};
use app::error::Invalid;
use chrono_tz::Tz;
use sea_orm::ActiveValue::Set;
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization;

/// What an administrator says of a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    name: String,
    time_zone: String,
    terminal_quota: i64,
    contact_name: Option<String>,
    contact_phone: Option<String>,
    contact_email: Option<String>,
}

impl Facts {
    /// Reads what was typed; the first thing that is wrong is named.
    pub(super) fn of(input: &MerchantInput) -> Result<Self, Failure> {
        let name = Name::parse(&input.name).map_err(|_| Invalid::Name)?;
        let zone: Tz = input.time_zone.trim().parse().map_err(|_| Invalid::TimeZoneUnknown)?;
        Ok(Self {
            name: name.as_str().to_owned(),
            time_zone: zone.name().to_owned(),
            terminal_quota: quota(&input.quota).ok_or(Invalid::QuotaMalformed)?,
            contact_name: optional(&input.contact_name, |text| {
                let name = Name::parse(text).map_err(|_| Invalid::NameMalformed)?;
                Ok(name.as_str().to_owned())
            })?,
            contact_phone: optional(&input.contact_phone, |text| {
                let phone = Phone::parse(text).map_err(|_| Invalid::PhoneMalformed)?;
                Ok(phone.as_str().to_owned())
            })?,
            contact_email: optional(&input.contact_email, |text| {
                let email = Email::parse(text).map_err(|_| Invalid::EmailMalformed)?;
                Ok(email.as_str().to_owned())
            })?,
        })
    }

    /// What is kept.
    pub(super) fn stored(merchant: &merchants::Model) -> Self {
        Self {
            name: merchant.name.clone(),
            time_zone: merchant.time_zone.clone(),
            terminal_quota: merchant.terminal_quota,
            contact_name: merchant.contact_name.clone(),
            contact_phone: merchant.contact_phone.clone(),
            contact_email: merchant.contact_email.clone(),
        }
    }

    pub(super) fn put_into(self, merchant: &mut merchants::ActiveModel, now: i64) {
        merchant.name_key = Set(name_key(&self.name));
        merchant.name = Set(self.name);
        merchant.time_zone = Set(self.time_zone);
        merchant.terminal_quota = Set(self.terminal_quota);
        merchant.contact_name = Set(self.contact_name);
        merchant.contact_phone = Set(self.contact_phone);
        merchant.contact_email = Set(self.contact_email);
        merchant.updated_at = Set(now);
    }

    /// As the audit log keeps it.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "time_zone": self.time_zone,
            "terminal_quota": self.terminal_quota,
            "contact_name": self.contact_name,
            "contact_phone": self.contact_phone,
            "contact_email": self.contact_email,
        })
    }
}

/// A text that may be missing.
fn optional(text: &str, read: impl Fn(&str) -> Result<String, Invalid>) -> Result<Option<String>, Failure> {
    match text.trim() {
        "" => Ok(None),
        text => Ok(Some(read(text)?)),
    }
}

/// A number of terminals; full-width digits are plain ones, and a comma between groups is taken as it is shown.
fn quota(text: &str) -> Option<i64> {
    let plain: String = text.nfkc().filter(|c| !c.is_whitespace() && *c != ',').collect();
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = plain.parse().ok()?;
    i64::try_from(number).ok().filter(|_| number <= MAX_QUOTA)
}

/// The fields of two objects that differ, before and after; `None` when none does.
pub(in crate::services) fn changed(before: &Value, after: &Value) -> Option<(Value, Value)> {
    let (before, after) = (before.as_object()?, after.as_object()?);
    let differs = |name: &&String| before.get(*name) != after.get(*name);
    let names: Vec<&String> = after.keys().filter(differs).collect();
    let pick = |from: &Map<String, Value>| -> Value {
        let value = |name: &&String| ((*name).clone(), from.get(*name).cloned().unwrap_or_default());
        names.iter().map(value).collect::<Map<_, _>>().into()
    };
    (!names.is_empty()).then(|| (pick(before), pick(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_a_whole_number() {
        for (text, number) in [("0", 0), (" 1,200 ", 1200), ("１２０", 120), ("10000000", 10_000_000)] {
            assert_eq!(quota(text), Some(number), "{text}");
        }
        for text in ["", "-1", "+1", "1.5", "ten", "10000001", "99999999999999999999"] {
            assert_eq!(quota(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_differs_is_told() {
        let (before, after) = changed(&json!({ "a": 1, "b": null }), &json!({ "a": 2, "b": null })).unwrap();
        assert_eq!((before, after), (json!({ "a": 1 }), json!({ "a": 2 })));
        assert_eq!(changed(&json!({ "a": 1 }), &json!({ "a": 1 })), None);
    }
}
