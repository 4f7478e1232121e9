//! The verdict: can this terminal take a payment now?
//!
//! One pure function of what is known of a terminal and of the instant. Pages, the list, the device API and the command
//! line all ask it.

use super::{CardReader, InstallState, Lifecycle, Network, Paper, PolicyState, Printer, Report, Timestamp};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What has to be right, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Check {
    /// There is such a terminal.
    Known,
    /// It is not out of use for good.
    NotRetired,
    /// It is not stopped.
    NotSuspended,
    /// Its merchant may take payments.
    MerchantActive,
    /// It is registered.
    Registered,
    /// It has connected: it holds a token.
    Connected,
    /// It may run a payment app today.
    AppAuthorized,
    /// A payment app that it may run is installed.
    AppInstalled,
    /// It has signed in today (签到), in its merchant's time zone.
    SignedIn,
    /// It was heard from within the expected time.
    Heard,
    /// Its network works.
    Network,
    /// Its card reader works.
    CardReader,
    /// Its printer works.
    Printer,
    /// It has paper.
    Paper,
}

/// Why a check fails. Each code has a text, a next step, and a paragraph of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Obstacle {
    /// Nobody within the asker's scope has such a terminal.
    NotFound,
    /// It is out of use for good.
    Retired,
    /// It is stopped.
    Suspended,
    /// Its merchant is stopped.
    MerchantStopped,
    /// It waits in the platform's inventory for a merchant.
    NotAssigned,
    /// Its merchant has it and has not registered it.
    NotRegistered,
    /// It is registered, and nobody has keyed the activation code into it.
    NotConnected,
    /// It may run no payment app.
    AppNotAuthorized,
    /// It may not run its payment app any longer.
    AppExpired,
    /// Its payment app is not installed.
    AppNotInstalled,
    /// Installing its payment app has failed.
    AppInstallFailed,
    /// Nobody has signed in at it today.
    NotSignedIn,
    /// It has signed out for today.
    SignedOut,
    /// It has not been heard from for longer than it should.
    Silent,
    /// It says that its network is down.
    NetworkDown,
    /// It says that its card reader is broken or missing.
    CardReaderFault,
    /// It says that its printer is broken.
    PrinterFault,
    /// It says that it has no paper.
    PaperOut,
}

/// What came out of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is right.
    Pass,
    /// It is not.
    Fail(Obstacle),
    /// Nobody knows.
    Unknown,
}

/// A check and what came out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What was looked at.
    pub check: Check,
    /// What came out.
    pub finding: Finding,
    /// The instant that this is true as of; `None` where nothing was ever heard of it.
    pub as_of: Option<Timestamp>,
}

/// The answer in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It can take a payment.
    Ready,
    /// Nothing speaks against it, but of one check nobody knows.
    NotSure(Check),
    /// It cannot, and this is the first reason.
    No(Obstacle),
}

/// All checks in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// One of each [`Check`].
    pub checks: Vec<Checked>,
}

/// What is known of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its state.
    pub lifecycle: Lifecycle,
    /// Whether its merchant is active; `None` without one.
    pub merchant_active: Option<bool>,
    /// When it got the token that it holds.
    pub connected: Option<Timestamp>,
    /// The payment app that is furthest along on it.
    pub payment: PaymentApp,
    /// Its last business day.
    pub business_day: Option<BusinessDay>,
    /// Today's date where its merchant is, `YYYY-MM-DD`.
    pub today: String,
    /// When it was last heard from.
    pub last_seen: Option<Timestamp>,
    /// From when on its silence means that something is wrong.
    pub heard_until: Option<Timestamp>,
    /// What it last said of itself, and when.
    pub report: Option<(Report, Timestamp)>,
}

/// A payment app on a terminal: whether it may run, and whether it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PaymentApp {
    /// What the platform says; `None` where it never said anything.
    pub policy: Option<PolicyState>,
    /// What the terminal last said, and when.
    pub install: Option<(InstallState, Timestamp)>,
}

/// From a sign-in at a terminal to the sign-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessDay {
    /// The date, `YYYY-MM-DD`, where the merchant is.
    pub day: String,
    /// When somebody signed in.
    pub signed_in: Timestamp,
    /// When somebody signed out.
    pub signed_out: Option<Timestamp>,
}

impl Check {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl Obstacle {
    /// The stable code.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

impl Finding {
    /// `pass`, `fail` or `unknown`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Unknown => "unknown",
        }
    }
}

impl Answer {
    /// `ready`, `not_sure` or `no`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotSure(_) => "not_sure",
            Self::No(_) => "no",
        }
    }
}

impl PaymentApp {
    /// How far along it is: of several payment apps, the furthest one counts.
    pub fn progress(&self) -> (bool, bool, bool) {
        let granted = self.policy == Some(PolicyState::Granted);
        let installed = self.install.is_some_and(|(state, _)| state == InstallState::Installed);
        (granted && installed, granted, self.policy.is_some())
    }
}

impl Verdict {
    /// The verdict on a terminal; `None` is one that is not found.
    pub fn of(facts: Option<&Facts>, now: Timestamp) -> Self {
        let checks = Check::VARIANTS
            .iter()
            .map(|check| {
                let (finding, as_of) = match facts {
                    Some(facts) => facts.look_at(*check, now),
                    None if *check == Check::Known => (Finding::Fail(Obstacle::NotFound), Some(now)),
                    None => (Finding::Unknown, None),
                };
                Checked {
                    check: *check,
                    finding,
                    as_of,
                }
            })
            .collect();
        Self { checks }
    }

    /// The first check that fails, when one does.
    pub fn first_failure(&self) -> Option<Check> {
        let failed = self.checks.iter().find(|it| matches!(it.finding, Finding::Fail(_)));
        failed.map(|it| it.check)
    }

    /// The first check that fails; else the first of which nobody knows; else the terminal is ready.
    pub fn answer(&self) -> Answer {
        let fails = self.checks.iter().find_map(|checked| match checked.finding {
            Finding::Fail(obstacle) => Some(Answer::No(obstacle)),
            Finding::Pass | Finding::Unknown => None,
        });
        let unknown = self.checks.iter().find(|checked| checked.finding == Finding::Unknown);
        fails.unwrap_or_else(|| unknown.map_or(Answer::Ready, |checked| Answer::NotSure(checked.check)))
    }
}

impl Facts {
    fn look_at(&self, check: Check, now: Timestamp) -> (Finding, Option<Timestamp>) {
        let recorded = |right: bool, obstacle| (pass_or(right, obstacle), Some(now));
        match check {
            Check::Known => (Finding::Pass, Some(now)),
            Check::NotRetired => recorded(self.lifecycle != Lifecycle::Retired, Obstacle::Retired),
            Check::NotSuspended => recorded(self.lifecycle != Lifecycle::Suspended, Obstacle::Suspended),
            Check::MerchantActive => match self.merchant_active {
                Some(active) => recorded(active, Obstacle::MerchantStopped),
                None => (Finding::Unknown, Some(now)),
            },
            Check::Registered => match self.lifecycle {
                Lifecycle::Unassigned => recorded(false, Obstacle::NotAssigned),
                Lifecycle::Awaiting => recorded(false, Obstacle::NotRegistered),
                Lifecycle::Registered | Lifecycle::Suspended | Lifecycle::Retired => {
                    recorded(true, Obstacle::NotRegistered)
                }
            },
            Check::Connected => recorded(self.connected.is_some(), Obstacle::NotConnected),
            Check::AppAuthorized => match self.payment.policy {
                Some(PolicyState::Granted) => recorded(true, Obstacle::AppNotAuthorized),
                Some(PolicyState::Expired) => recorded(false, Obstacle::AppExpired),
                _ => recorded(false, Obstacle::AppNotAuthorized),
            },
            Check::AppInstalled => self.app_installed(),
            Check::SignedIn => self.signed_in(now),
            Check::Heard => match self.last_seen {
                None => (Finding::Unknown, None),
                Some(seen) => {
                    let in_time = self.heard_until.is_some_and(|until| now < until);
                    (pass_or(in_time, Obstacle::Silent), Some(seen))
                }
            },
            Check::Network => self.reported(
                |report| report.network.map(|it| it != Network::Down),
                Obstacle::NetworkDown,
            ),
            Check::CardReader => self.reported(
                |report| report.card_reader.map(|it| it == CardReader::Ok),
                Obstacle::CardReaderFault,
            ),
            // Some terminals have none, and then none that could be broken or empty.
            Check::Printer => self.reported(
                |report| report.printer.map(|it| it != Printer::Fault),
                Obstacle::PrinterFault,
            ),
            Check::Paper => self.reported(
                |report| match report.printer {
                    Some(Printer::Absent) => Some(true),
                    _ => report.paper.map(|it| it != Paper::Out),
                },
                Obstacle::PaperOut,
            ),
        }
    }

    fn app_installed(&self) -> (Finding, Option<Timestamp>) {
        let Some((state, at)) = self.payment.install else {
            return (Finding::Unknown, None);
        };
        let finding = match state {
            InstallState::Installed => Finding::Pass,
            InstallState::Failed => Finding::Fail(Obstacle::AppInstallFailed),
            InstallState::Installing | InstallState::Removed => Finding::Fail(Obstacle::AppNotInstalled),
            InstallState::Unknown => Finding::Unknown,
        };
        (finding, Some(at))
    }

    fn signed_in(&self, now: Timestamp) -> (Finding, Option<Timestamp>) {
        match self.business_day.as_ref().filter(|day| day.day == self.today) {
            None => (Finding::Fail(Obstacle::NotSignedIn), Some(now)),
            Some(BusinessDay {
                signed_out: Some(out), ..
            }) => (Finding::Fail(Obstacle::SignedOut), Some(*out)),
            Some(day) => (Finding::Pass, Some(day.signed_in)),
        }
    }

    fn reported(&self, right: impl Fn(&Report) -> Option<bool>, obstacle: Obstacle) -> (Finding, Option<Timestamp>) {
        let Some((report, at)) = &self.report else {
            return (Finding::Unknown, None);
        };
        match right(report) {
            Some(right) => (pass_or(right, obstacle), Some(*at)),
            None => (Finding::Unknown, None),
        }
    }
}

fn pass_or(right: bool, obstacle: Obstacle) -> Finding {
    if right { Finding::Pass } else { Finding::Fail(obstacle) }
}

#[cfg(test)]
mod tests;
