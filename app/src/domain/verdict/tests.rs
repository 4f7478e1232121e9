use super::*;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_795_312_800_000);
const MORNING: Timestamp = NOW.plus_ms_const(-3 * 3_600_000);
const JUST_NOW: Timestamp = NOW.plus_ms_const(-60_000);

impl Timestamp {
    const fn plus_ms_const(self, ms: i64) -> Self {
        Self(self.0 + ms)
    }
}

/// A terminal with which everything is right.
fn fine() -> Facts {
    Facts {
        lifecycle: Lifecycle::Registered,
        merchant_active: Some(true),
        connected: Some(MORNING),
        payment: PaymentApp {
            policy: Some(PolicyState::Granted),
            install: Some((InstallState::Installed, MORNING)),
        },
        business_day: Some(BusinessDay {
            day: "2026-11-22".to_owned(),
            signed_in: MORNING,
            signed_out: None,
        }),
        today: "2026-11-22".to_owned(),
        last_seen: Some(JUST_NOW),
        heard_until: Some(NOW.plus_ms(1)),
        report: Some((
            Report {
                network: Some(Network::Ok),
                card_reader: Some(CardReader::Ok),
                printer: Some(Printer::Ok),
                paper: Some(Paper::Ok),
                ..Report::default()
            },
            JUST_NOW,
        )),
    }
}

fn with(change: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = fine();
    change(&mut facts);
    facts
}

fn reporting(change: impl FnOnce(&mut Report)) -> Facts {
    with(|facts| change(&mut facts.report.as_mut().unwrap().0))
}

/// What a shopkeeper is told, for what is the matter. Each row is a terminal with which all else is right.
#[test]
fn the_table_of_verdicts() {
    use Answer::{No, NotSure, Ready};
    let app = |policy, install: Option<InstallState>| {
        with(|it| {
            it.payment = PaymentApp {
                policy,
                install: install.map(|state| (state, MORNING)),
            };
        })
    };
    let granted = Some(PolicyState::Granted);
    let table = [
        ("nothing is the matter", fine(), Ready),
        (
            "it is out of use",
            with(|it| it.lifecycle = Lifecycle::Retired),
            No(Obstacle::Retired),
        ),
        (
            "it was stopped",
            with(|it| it.lifecycle = Lifecycle::Suspended),
            No(Obstacle::Suspended),
        ),
        (
            "the merchant was stopped",
            with(|it| it.merchant_active = Some(false)),
            No(Obstacle::MerchantStopped),
        ),
        (
            "it has no merchant yet",
            with(|it| {
                it.lifecycle = Lifecycle::Unassigned;
                it.merchant_active = None;
            }),
            No(Obstacle::NotAssigned),
        ),
        (
            "it is not registered",
            with(|it| it.lifecycle = Lifecycle::Awaiting),
            No(Obstacle::NotRegistered),
        ),
        (
            "nobody keyed in the code",
            with(|it| it.connected = None),
            No(Obstacle::NotConnected),
        ),
        (
            "no payment app is allowed",
            app(None, None),
            No(Obstacle::AppNotAuthorized),
        ),
        (
            "the permission was taken back",
            app(Some(PolicyState::Revoked), None),
            No(Obstacle::AppNotAuthorized),
        ),
        (
            "the permission has run out",
            app(Some(PolicyState::Expired), None),
            No(Obstacle::AppExpired),
        ),
        (
            "nobody knows whether the app is there",
            app(granted, None),
            NotSure(Check::AppInstalled),
        ),
        (
            "the app is being installed",
            app(granted, Some(InstallState::Installing)),
            No(Obstacle::AppNotInstalled),
        ),
        (
            "the app could not be installed",
            app(granted, Some(InstallState::Failed)),
            No(Obstacle::AppInstallFailed),
        ),
        (
            "the app was taken off",
            app(granted, Some(InstallState::Removed)),
            No(Obstacle::AppNotInstalled),
        ),
        (
            "nobody ever signed in",
            with(|it| it.business_day = None),
            No(Obstacle::NotSignedIn),
        ),
        (
            "nobody signed in since midnight",
            with(|it| it.today = "2026-11-23".to_owned()),
            No(Obstacle::NotSignedIn),
        ),
        (
            "it was signed out for today",
            with(|it| it.business_day.as_mut().unwrap().signed_out = Some(JUST_NOW)),
            No(Obstacle::SignedOut),
        ),
        (
            "it fell silent",
            with(|it| it.heard_until = Some(NOW)),
            No(Obstacle::Silent),
        ),
        (
            "it was never heard from",
            with(|it| it.last_seen = None),
            NotSure(Check::Heard),
        ),
        (
            "its network is down",
            reporting(|it| it.network = Some(Network::Down)),
            No(Obstacle::NetworkDown),
        ),
        (
            "its network is weak",
            reporting(|it| it.network = Some(Network::Weak)),
            Ready,
        ),
        (
            "its card reader is broken",
            reporting(|it| it.card_reader = Some(CardReader::Fault)),
            No(Obstacle::CardReaderFault),
        ),
        (
            "its printer is broken",
            reporting(|it| it.printer = Some(Printer::Fault)),
            No(Obstacle::PrinterFault),
        ),
        (
            "it has no printer",
            reporting(|it| {
                it.printer = Some(Printer::Absent);
                it.paper = None;
            }),
            Ready,
        ),
        (
            "it has no paper",
            reporting(|it| it.paper = Some(Paper::Out)),
            No(Obstacle::PaperOut),
        ),
        (
            "it has little paper",
            reporting(|it| it.paper = Some(Paper::Low)),
            Ready,
        ),
        (
            "it says nothing of its paper",
            reporting(|it| it.paper = None),
            NotSure(Check::Paper),
        ),
        (
            "it says nothing of itself",
            with(|it| it.report = None),
            NotSure(Check::Network),
        ),
        (
            "two things are the matter: the first in the order counts",
            with(|it| {
                it.lifecycle = Lifecycle::Awaiting;
                it.merchant_active = Some(false);
                it.business_day = None;
            }),
            No(Obstacle::MerchantStopped),
        ),
        (
            "what is wrong counts before what nobody knows",
            with(|it| {
                it.payment.install = None;
                it.heard_until = Some(NOW);
            }),
            No(Obstacle::Silent),
        ),
    ];
    for (matter, facts, answer) in table {
        assert_eq!(Verdict::of(Some(&facts), NOW).answer(), answer, "{matter}");
    }
    assert_eq!(Verdict::of(None, NOW).answer(), No(Obstacle::NotFound));
}

#[test]
fn each_check_says_as_of_when_it_is_true() {
    let verdict = Verdict::of(Some(&fine()), NOW);
    let as_of = |check| verdict.checks.iter().find(|it| it.check == check).unwrap().as_of;
    assert_eq!(as_of(Check::Registered), Some(NOW));
    assert_eq!(as_of(Check::AppInstalled), Some(MORNING));
    assert_eq!(as_of(Check::SignedIn), Some(MORNING));
    assert_eq!(as_of(Check::Heard), Some(JUST_NOW));
    assert_eq!(as_of(Check::Paper), Some(JUST_NOW));
    let nothing = Verdict::of(Some(&with(|it| it.report = None)), NOW);
    assert_eq!(nothing.checks.last().unwrap().as_of, None);
}

proptest! {
    /// Whatever is known: every check once and in its order, the answer is the first that fails, and an answer other than
    /// "ready" always has its check.
    #[test]
    fn the_first_failure_is_the_answer(
        lifecycle in proptest::sample::select(Lifecycle::VARIANTS),
        merchant: Option<bool>,
        connected: bool,
        policy in proptest::option::of(proptest::sample::select(PolicyState::VARIANTS)),
        install in proptest::option::of(proptest::sample::select(InstallState::VARIANTS)),
        signed_in: bool,
        seen in proptest::option::of(-10_000_000i64..10_000_000),
        reports: bool,
    ) {
        let facts = with(|it| {
            it.lifecycle = lifecycle;
            it.merchant_active = merchant;
            it.connected = connected.then_some(MORNING);
            it.payment = PaymentApp { policy, install: install.map(|state| (state, MORNING)) };
            if !signed_in {
                it.business_day = None;
            }
            it.last_seen = seen.map(|ms| NOW.plus_ms(ms));
            it.heard_until = seen.map(|ms| NOW.plus_ms(ms));
            if !reports {
                it.report = None;
            }
        });
        let verdict = Verdict::of(Some(&facts), NOW);
        prop_assert_eq!(verdict.checks.iter().map(|it| it.check).collect::<Vec<_>>(), Check::VARIANTS);
        let failed: Vec<_> = verdict.checks.iter().filter_map(|it| match it.finding {
            Finding::Fail(obstacle) => Some(obstacle),
            _ => None,
        }).collect();
        match verdict.answer() {
            Answer::Ready => prop_assert!(verdict.checks.iter().all(|it| it.finding == Finding::Pass)),
            Answer::No(obstacle) => prop_assert_eq!(Some(&obstacle), failed.first()),
            Answer::NotSure(check) => {
                prop_assert!(failed.is_empty());
                prop_assert!(verdict.checks.iter().any(|it| it.check == check && it.finding == Finding::Unknown));
            }
        }
    }
}
