//! What is said and shown of apps: names, what is decided of them, where their installation stands, why it failed.

use super::words::Texts;
use super::{format, icon, state_badge};
use crate::backend::apps::WARN_MS;
use crate::backend::catalogue::AppRef;
use crate::components::html::{Html, Rendered};
use crate::domain::{InstallFault, InstallState, Installed, Policy, PolicyState, Timestamp};
use crate::i18n::{Locale, t};
use crate::pages::help_topic_address;
use leptos::prelude::*;

/// An app's name in the reader's language.
pub(crate) fn name(locale: Locale, app: &AppRef) -> &str {
    match locale {
        Locale::zh => &app.name_zh,
        Locale::en => &app.name_en,
    }
}

/// One of two texts, in the reader's language; the other where that one is empty.
pub(crate) fn either<'a>(locale: Locale, zh: &'a str, en: &'a str) -> &'a str {
    let (first, second) = match locale {
        Locale::zh => (zh, en),
        Locale::en => (en, zh),
    };
    if first.is_empty() { second } else { first }
}

/// What is decided of an app.
pub(crate) fn policy(locale: Locale, state: PolicyState) -> &'static str {
    match state {
        PolicyState::Granted => t!(locale, apps.policy.granted),
        PolicyState::Revoked => t!(locale, apps.policy.revoked),
        PolicyState::Expired => t!(locale, apps.policy.expired),
        PolicyState::NotYet => t!(locale, apps.policy.not_yet),
    }
}

/// Where an installation stands.
pub(crate) fn install(locale: Locale, state: InstallState) -> &'static str {
    match state {
        InstallState::Unknown => t!(locale, apps.install.unknown),
        InstallState::Installing => t!(locale, apps.install.installing),
        InstallState::Installed => t!(locale, apps.install.installed),
        InstallState::Failed => t!(locale, apps.install.failed),
        InstallState::Removed => t!(locale, apps.install.removed),
    }
}

/// Why an installation failed, and what to do.
pub(crate) fn fault(locale: Locale, fault: InstallFault) -> Texts {
    macro_rules! of {
        ($fault:ident) => {
            Texts {
                title: t!(locale, apps.fault.$fault.title),
                what: t!(locale, apps.fault.$fault.what),
                next: t!(locale, apps.fault.$fault.next),
                help: t!(locale, apps.fault.$fault.help),
            }
        };
    }
    match fault {
        InstallFault::NoSpace => of!(no_space),
        InstallFault::DownloadFailed => of!(download_failed),
        InstallFault::SignatureInvalid => of!(signature_invalid),
        InstallFault::FirmwareTooOld => of!(firmware_too_old),
        InstallFault::Incompatible => of!(incompatible),
        InstallFault::BatteryLow => of!(battery_low),
        InstallFault::Interrupted => of!(interrupted),
        InstallFault::Other => of!(other),
    }
}

/// Who can put a failed installation right.
pub(crate) fn who_mends(locale: Locale, fault: InstallFault) -> &'static str {
    match fault {
        InstallFault::NoSpace | InstallFault::DownloadFailed | InstallFault::BatteryLow | InstallFault::Interrupted => {
            t!(locale, word.at_the_terminal)
        }
        InstallFault::SignatureInvalid
        | InstallFault::FirmwareTooOld
        | InstallFault::Incompatible
        | InstallFault::Other => t!(locale, word.platform),
    }
}

/// The help's paragraph on a failed installation.
pub(crate) fn fault_help(fault: InstallFault) -> String {
    format!("{}#{}", help_topic_address("apps"), fault.code())
}

/// What is decided, as a badge.
pub(crate) fn policy_badge(locale: Locale, state: Option<PolicyState>) -> Html {
    let (class, drawing) = match state {
        Some(PolicyState::Granted) => ("badge badge-success gap-1 whitespace-nowrap", icon::OK),
        Some(PolicyState::NotYet) => ("badge badge-neutral gap-1 whitespace-nowrap", icon::WAITING),
        Some(PolicyState::Expired) => ("badge badge-error gap-1 whitespace-nowrap", icon::WAITING),
        Some(PolicyState::Revoked) => ("badge badge-error gap-1 whitespace-nowrap", icon::SUSPENDED),
        None => ("badge badge-neutral gap-1 whitespace-nowrap", icon::UNKNOWN),
    };
    let word = state.map_or(t!(locale, apps.policy.none), |state| policy(locale, state));
    state_badge::badge(class, drawing, word).rendered()
}

/// Where an installation stands, as a badge.
fn install_badge(locale: Locale, state: InstallState) -> impl IntoView {
    let (class, drawing) = match state {
        InstallState::Installed => ("badge badge-success gap-1 whitespace-nowrap", icon::OK),
        InstallState::Failed => ("badge badge-error gap-1 whitespace-nowrap", icon::ALERT),
        InstallState::Installing => ("badge badge-warning gap-1 whitespace-nowrap", icon::WAITING),
        InstallState::Unknown => ("badge badge-neutral gap-1 whitespace-nowrap", icon::UNKNOWN),
        InstallState::Removed => ("badge badge-neutral gap-1 whitespace-nowrap", icon::RETIRED),
    };
    state_badge::badge(class, drawing, install(locale, state))
}

/// Whether an end is near enough to be warned of.
pub(crate) fn ends_soon(now: Timestamp, until: Option<Timestamp>) -> bool {
    until.is_some_and(|until| until.0.saturating_sub(now.0) <= WARN_MS)
}

/// Until when an app may run, with a warning where that is soon.
pub(crate) fn until(locale: Locale, now: Timestamp, until: Option<Timestamp>) -> Html {
    let Some(end) = until else {
        return view! { <span>{t!(locale, apps.no_end)}</span> }.rendered();
    };
    let soon = ends_soon(now, until).then(|| {
        let class = "badge badge-warning gap-1 whitespace-nowrap";
        state_badge::badge(class, icon::ALERT, t!(locale, apps.ends_soon))
    });
    view! {
        <span class="flex flex-wrap items-center gap-x-2 gap-y-1">
            <span>{t!(locale, apps.until)} " " {format::time(locale, now, end)}</span>
            {soon}
        </span>
    }
    .rendered()
}

/// What is decided of an app on a terminal, since when and until when.
pub(crate) fn policy_cell(locale: Locale, now: Timestamp, decided: Option<Policy>, end: Option<Timestamp>) -> Html {
    let badge = policy_badge(locale, decided.map(|decided| decided.state));
    let when = match decided {
        None => None,
        Some(Policy {
            state: PolicyState::Granted,
            ..
        }) => Some(until(locale, now, end)),
        Some(Policy {
            state: PolicyState::NotYet,
            until: begins,
            ..
        }) => begins
            .map(|at| view! { <span>{t!(locale, apps.begins)} " " {format::time(locale, now, at)}</span> }.rendered()),
        Some(Policy { since, .. }) => since.map(|at| format::time(locale, now, at).rendered()),
    };
    view! { <div class="flex flex-col items-start gap-1">{badge} {when}</div> }.rendered()
}

/// What a terminal said of an app: where it stands, which version, and what to do where it failed.
pub(crate) fn install_cell(
    locale: Locale,
    now: Timestamp,
    said: Option<&(Installed, Timestamp)>,
    newest: Option<&str>,
) -> Html {
    let Some((installed, at)) = said else {
        return install_badge(locale, InstallState::Unknown).rendered();
    };
    let version = installed.version.as_deref().map(|version| {
        let older = newest
            .filter(|newest| installed.state == InstallState::Installed && *newest != version)
            .map(|newest| view! { <span class="text-sm">{t!(locale, apps.newer, version = newest.to_owned())}</span> });
        view! {
            <span class="flex flex-wrap gap-x-2">
                <span class="tabular-nums break-all">{t!(locale, apps.version_is, version = version.to_owned())}</span>
                {older}
            </span>
        }
    });
    let failed = (installed.state == InstallState::Failed).then(|| failed(locale, installed.error_code.as_deref()));
    view! {
        <div class="flex flex-col items-start gap-1">
            {install_badge(locale, installed.state)}
            {version}
            {failed}
            <span class="text-sm">{format::time(locale, now, *at)}</span>
        </div>
    }
    .rendered()
}

fn failed(locale: Locale, code: Option<&str>) -> impl IntoView + use<> {
    let why = InstallFault::of(code);
    let Texts { title, next, .. } = fault(locale, why);
    let code = code.map(|code| view! { <span class="text-sm font-mono break-all">{code.to_owned()}</span> });
    view! {
        <p class="font-medium">
            <a class="link" href=fault_help(why)>{title}</a>
            " "
            {code}
        </p>
        <p class="text-sm max-w-prose">
            <strong>{t!(locale, failure.what_to_do)}</strong>
            {next}
        </p>
        <p class="text-sm">{t!(locale, failure.who)} {who_mends(locale, why)}</p>
    }
}

/// An app's name with what it is known by, as a way to its page.
pub(crate) fn named(locale: Locale, app: &AppRef, href: Option<String>) -> Html {
    let shown = name(locale, app).to_owned();
    let title = match href {
        Some(href) => view! { <a class="link font-medium" href=href>{shown}</a> }.rendered(),
        None => view! { <span class="font-medium">{shown}</span> }.rendered(),
    };
    let payment = app.payment.then(|| {
        view! { <span class="badge badge-outline badge-sm whitespace-nowrap">{t!(locale, apps.payment)}</span> }
    });
    view! {
        <div class="flex flex-col gap-0.5">
            <span class="flex flex-wrap items-center gap-2">{title} {payment}</span>
            <span class="text-sm font-mono break-all">{app.package.to_string()}</span>
        </div>
    }
    .rendered()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use strum::VariantArray;

    #[test]
    fn every_code_has_its_own_words() {
        for locale in [Locale::zh, Locale::en] {
            let policies: HashSet<_> = PolicyState::VARIANTS
                .iter()
                .map(|state| policy(locale, *state))
                .collect();
            assert_eq!(policies.len(), PolicyState::VARIANTS.len());
            let installs: HashSet<_> = InstallState::VARIANTS
                .iter()
                .map(|state| install(locale, *state))
                .collect();
            assert_eq!(installs.len(), InstallState::VARIANTS.len());
            let mut said = HashSet::new();
            for code in InstallFault::VARIANTS {
                let Texts {
                    title,
                    what,
                    next,
                    help,
                } = fault(locale, *code);
                said.extend([title, what, next, help]);
                assert!(!who_mends(locale, *code).is_empty());
            }
            assert_eq!(said.len(), 4 * InstallFault::VARIANTS.len());
        }
    }

    #[test]
    fn an_end_is_warned_of_30_days_ahead() {
        let now = Timestamp(1_795_332_600_000);
        let in_days = |days: i64| Some(now.plus_ms(days * Timestamp::DAY_MS));
        assert!(ends_soon(now, in_days(30)));
        assert!(ends_soon(now, in_days(0)));
        assert!(!ends_soon(now, in_days(31)));
        assert!(!ends_soon(now, None));
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let failed = Installed {
            state: InstallState::Failed,
            version: Some("2".to_owned()),
            error_code: Some("no_space<".to_owned()),
        };
        let html = install_cell(Locale::zh, Timestamp(1), Some(&(failed, Timestamp(0))), Some("3")).to_html();
        assert!(html.contains("no_space&lt;"), "{html}");
        assert!(html.contains(t!(Locale::zh, apps.fault.other.next)), "{html}");
        assert!(html.contains("/help/apps#other"), "{html}");
        assert!(
            !html.contains("最新"),
            "a newer version is no news of one that failed: {html}"
        );
    }
}
