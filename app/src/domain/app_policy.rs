//! Whether a terminal may run an app.

use super::{StoreId, TerminalId, Timestamp};
use std::cmp::Reverse;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// For what an app is granted, within one merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GrantTarget {
    /// Every terminal of the merchant.
    Merchant,
    /// The terminals that stand in one store.
    Store(StoreId),
    /// One terminal.
    Terminal(TerminalId),
}

/// The permission to run one app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// For what.
    pub target: GrantTarget,
    /// From when on.
    pub starts: Timestamp,
    /// Until when; `None` for no end.
    pub expires: Option<Timestamp>,
    /// When it was taken back.
    pub revoked: Option<Timestamp>,
}

/// What a grant comes to at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum PolicyState {
    /// The app may run.
    Granted,
    /// It may not any more: the grant was taken back.
    Revoked,
    /// It may not any more: the grant has run out.
    Expired,
    /// It may not yet: the grant begins later.
    NotYet,
}

impl PolicyState {
    /// The stable code, as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What is decided about one app on one terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The decision.
    pub state: PolicyState,
    /// Since when it holds: the grant's start, its revocation or its expiry; `None` for [`PolicyState::NotYet`].
    pub since: Option<Timestamp>,
    /// Until when it holds: the expiry of what is granted, the start of what is to come; `None` where no end is known.
    pub until: Option<Timestamp>,
}

impl Policy {
    /// Whether the app may run.
    pub fn allows(self) -> bool {
        self.state == PolicyState::Granted
    }
}

impl Grant {
    /// What this grant alone comes to at `now`. Of revocation and expiry the earlier one ended it. An instant belongs to
    /// what begins with it: a grant holds from `starts` to just before `expires`.
    pub fn policy(&self, now: Timestamp) -> Policy {
        let ended = |state, at| Policy {
            state,
            since: Some(at),
            until: None,
        };
        let revoked = self.revoked.filter(|at| *at <= now);
        let expired = self.expires.filter(|at| *at <= now);
        match (revoked, expired) {
            (Some(revoked), Some(expired)) if expired < revoked => ended(PolicyState::Expired, expired),
            (Some(revoked), _) => ended(PolicyState::Revoked, revoked),
            (None, Some(expired)) => ended(PolicyState::Expired, expired),
            (None, None) if self.starts > now => Policy {
                state: PolicyState::NotYet,
                since: None,
                until: Some(self.starts),
            },
            (None, None) => Policy {
                state: PolicyState::Granted,
                since: Some(self.starts),
                until: self.expires,
            },
        }
    }

    /// Whether it has something to say at `now`: it has begun, and was not taken back before it did.
    fn has_begun(&self, now: Timestamp) -> bool {
        self.starts <= now && self.revoked.is_none_or(|revoked| revoked > self.starts)
    }

    /// How narrow its target is; `None` when the terminal is not meant.
    fn narrowness(&self, store: Option<StoreId>, terminal: TerminalId) -> Option<u8> {
        match self.target {
            GrantTarget::Merchant => Some(0),
            GrantTarget::Store(id) => (store == Some(id)).then_some(1),
            GrantTarget::Terminal(id) => (id == terminal).then_some(2),
        }
    }
}

/// What is decided about one app on one terminal, by the grants of that app to the terminal's merchant; `None` when no
/// grant means this terminal.
///
/// The most specific target wins: a grant for the terminal over one for its store over one for its merchant, even when
/// the wider one would allow what the narrower one has ended. Among equals the newest start wins, and of one start the
/// last in the list. A grant that has not begun, or was taken back before it could, gives way to every one that has, so
/// that a renewal can be entered ahead; among those the nearest start is told.
pub fn effective(grants: &[Grant], store: Option<StoreId>, terminal: TerminalId, now: Timestamp) -> Option<Policy> {
    let meant = || {
        grants
            .iter()
            .filter_map(|grant| Some((grant.narrowness(store, terminal)?, grant)))
    };
    let begun = meant()
        .filter(|(_, grant)| grant.has_begun(now))
        .max_by_key(|(narrowness, grant)| (*narrowness, grant.starts));
    let waiting = || {
        meant()
            .filter(|(_, grant)| grant.policy(now).state == PolicyState::NotYet)
            .max_by_key(|(narrowness, grant)| (Reverse(grant.starts), *narrowness))
    };
    let void = || meant().max_by_key(|(narrowness, grant)| (*narrowness, grant.starts));
    let (_, grant) = begun.or_else(waiting).or_else(void)?;
    Some(grant.policy(now))
}

/// When an app that may run now will no longer, as the grants stand: a renewal that was entered ahead counts, a gap before
/// it does not. `None` where it may not run now, or where no end is in sight.
pub fn allowed_until(
    grants: &[Grant],
    store: Option<StoreId>,
    terminal: TerminalId,
    now: Timestamp,
) -> Option<Timestamp> {
    let allows = |at| effective(grants, store, terminal, at).is_some_and(Policy::allows);
    if !allows(now) {
        return None;
    }
    // Only at these instants can a decision change.
    let mut turns: Vec<Timestamp> = grants
        .iter()
        .flat_map(|grant| [Some(grant.starts), grant.expires, grant.revoked])
        .flatten()
        .filter(|at| *at > now)
        .collect();
    turns.sort_unstable();
    turns.into_iter().find(|at| !allows(*at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use PolicyState::{Expired, Granted, NotYet, Revoked};
    use proptest::prelude::*;
    use uuid::Uuid;

    const TERMINAL: TerminalId = TerminalId(Uuid::from_u128(1));
    const STORE: StoreId = StoreId(Uuid::from_u128(2));
    const MERCHANT: GrantTarget = GrantTarget::Merchant;
    const IN_STORE: GrantTarget = GrantTarget::Store(STORE);
    const ON_TERMINAL: GrantTarget = GrantTarget::Terminal(TERMINAL);
    const ELSEWHERE: [GrantTarget; 2] = [
        GrantTarget::Store(StoreId(Uuid::from_u128(3))),
        GrantTarget::Terminal(TerminalId(Uuid::from_u128(4))),
    ];

    fn grant(target: GrantTarget, starts: i64, expires: Option<i64>, revoked: Option<i64>) -> Grant {
        Grant {
            target,
            starts: Timestamp(starts),
            expires: expires.map(Timestamp),
            revoked: revoked.map(Timestamp),
        }
    }

    /// State, since and until at instant 100.
    fn at_100(grants: &[Grant]) -> Option<(PolicyState, Option<i64>, Option<i64>)> {
        let policy = effective(grants, Some(STORE), TERMINAL, Timestamp(100))?;
        Some((policy.state, policy.since.map(|at| at.0), policy.until.map(|at| at.0)))
    }

    #[test]
    fn one_grant_alone() {
        for (starts, expires, revoked, expected) in [
            (50, None, None, (Granted, Some(50), None)),
            (50, Some(200), None, (Granted, Some(50), Some(200))),
            (100, Some(101), None, (Granted, Some(100), Some(101))),
            (50, Some(100), None, (Expired, Some(100), None)),
            (50, Some(90), None, (Expired, Some(90), None)),
            (50, Some(200), Some(70), (Revoked, Some(70), None)),
            (50, None, Some(100), (Revoked, Some(100), None)),
            (50, Some(60), Some(70), (Expired, Some(60), None)),
            (50, Some(70), Some(60), (Revoked, Some(60), None)),
            (101, Some(200), None, (NotYet, None, Some(101))),
            (150, Some(200), Some(90), (Revoked, Some(90), None)),
        ] {
            let one = grant(MERCHANT, starts, expires, revoked);
            assert_eq!(at_100(&[one]), Some(expected), "{one:?}");
        }
        assert_eq!(at_100(&[]), None);
    }

    #[test]
    fn the_most_specific_target_wins_and_then_the_newest_start() {
        let wide = grant(MERCHANT, 90, None, None);
        let store = grant(IN_STORE, 60, None, Some(80));
        let terminal = grant(ON_TERMINAL, 10, Some(50), None);
        assert_eq!(at_100(&[wide, store]), Some((Revoked, Some(80), None)));
        assert_eq!(at_100(&[store, terminal, wide]), Some((Expired, Some(50), None)));
        let newer = grant(MERCHANT, 95, Some(120), None);
        assert_eq!(at_100(&[newer, wide]), Some((Granted, Some(95), Some(120))));
        let of_one_start = grant(MERCHANT, 95, None, None);
        assert_eq!(at_100(&[newer, of_one_start]), Some((Granted, Some(95), None)));
        for other in ELSEWHERE {
            assert_eq!(at_100(&[grant(other, 1, None, None)]), None);
        }
    }

    #[test]
    fn what_has_not_begun_gives_way() {
        let running = grant(MERCHANT, 10, Some(120), None);
        let renewal = grant(ON_TERMINAL, 120, Some(500), None);
        assert_eq!(at_100(&[running, renewal]), Some((Granted, Some(10), Some(120))));
        let withdrawn = grant(ON_TERMINAL, 95, Some(500), Some(90));
        assert_eq!(at_100(&[running, withdrawn]), Some((Granted, Some(10), Some(120))));
        assert_eq!(at_100(&[withdrawn, renewal]), Some((NotYet, None, Some(120))));
        let sooner = grant(MERCHANT, 110, None, None);
        assert_eq!(at_100(&[sooner, renewal]), Some((NotYet, None, Some(110))));
        assert_eq!(at_100(&[withdrawn]), Some((Revoked, Some(90), None)));
    }

    #[test]
    fn an_end_is_told_unless_a_renewal_follows() {
        let until = |grants: &[Grant]| allowed_until(grants, Some(STORE), TERMINAL, Timestamp(100)).map(|at| at.0);
        let running = grant(MERCHANT, 10, Some(120), None);
        assert_eq!(until(&[running]), Some(120));
        assert_eq!(until(&[running, grant(MERCHANT, 120, Some(500), None)]), Some(500));
        assert_eq!(until(&[running, grant(MERCHANT, 110, None, None)]), None);
        assert_eq!(until(&[running, grant(MERCHANT, 130, None, None)]), Some(120));
        // A narrower one that ends sooner decides from its start on.
        assert_eq!(until(&[running, grant(ON_TERMINAL, 105, Some(110), None)]), Some(110));
        assert_eq!(until(&[grant(MERCHANT, 10, None, None)]), None);
        assert_eq!(until(&[grant(MERCHANT, 10, Some(50), None)]), None);
        assert_eq!(until(&[]), None);
    }

    #[test]
    fn a_terminal_without_a_store_has_no_grant_of_one() {
        let grants = [grant(IN_STORE, 1, None, None)];
        assert_eq!(effective(&grants, None, TERMINAL, Timestamp(100)), None);
    }

    fn any_grant() -> impl Strategy<Value = Grant> {
        let target = prop::sample::select(vec![MERCHANT, IN_STORE, ON_TERMINAL, ELSEWHERE[0], ELSEWHERE[1]]);
        let end = || prop::option::of(0i64..200);
        (target, 0i64..200, end(), end())
            .prop_map(|(target, starts, expires, revoked)| grant(target, starts, expires, revoked))
    }

    proptest! {
        /// Allowed is allowed by a grant that means this terminal and holds now, and by none that is overruled.
        #[test]
        fn allowed_means_that_a_grant_holds(grants in prop::collection::vec(any_grant(), 0..8), now in 0i64..200) {
            let now = Timestamp(now);
            let policy = effective(&grants, Some(STORE), TERMINAL, now);
            let holds = |grant: &&Grant| {
                grant.starts <= now
                    && grant.expires.is_none_or(|at| at > now)
                    && grant.revoked.is_none_or(|at| at > now)
                    && !ELSEWHERE.contains(&grant.target)
            };
            let holding: Vec<_> = grants.iter().filter(holds).collect();
            if policy.is_some_and(Policy::allows) {
                prop_assert!(holding.iter().any(|grant| Some(grant.starts) == policy.unwrap().since));
            }
            if let [only] = grants.as_slice() {
                prop_assert_eq!(policy.is_some_and(Policy::allows), holds(&only));
            }
            let meant = grants.iter().any(|grant| !ELSEWHERE.contains(&grant.target));
            prop_assert_eq!(policy.is_some(), meant);
        }

        /// What is told to hold until an instant holds until then and no longer, while nobody changes the grants.
        #[test]
        fn a_decision_holds_as_long_as_it_says(grant in any_grant(), now in 0i64..200) {
            let decide = |at| effective(std::slice::from_ref(&grant), Some(STORE), TERMINAL, at);
            let Some(policy) = decide(Timestamp(now)) else { return Ok(()) };
            if let Some(until) = policy.until {
                prop_assert!(until > Timestamp(now));
                prop_assert_ne!(decide(until).map(|later| later.state), Some(policy.state));
            }
            if let Some(since) = policy.since {
                prop_assert!(since <= Timestamp(now));
            }
        }

        /// Until the instant that is told the app may run, and at it no more.
        #[test]
        fn it_may_run_until_then(grants in prop::collection::vec(any_grant(), 0..6), now in 0i64..200, later in 0i64..300) {
            let allows = |at| effective(&grants, Some(STORE), TERMINAL, Timestamp(at)).is_some_and(Policy::allows);
            let until = allowed_until(&grants, Some(STORE), TERMINAL, Timestamp(now));
            if let Some(until) = until {
                prop_assert!(!allows(until.0));
            }
            if allows(now) && later >= now && until.is_none_or(|until| later < until.0) {
                prop_assert!(allows(later));
            }
        }

        /// A grant for other terminals changes nothing.
        #[test]
        fn others_do_not_matter(grants in prop::collection::vec(any_grant(), 0..6), now in 0i64..200, starts in 0i64..200) {
            let with: Vec<_> = grants.iter().copied().chain(ELSEWHERE.map(|target| grant(target, starts, None, None))).collect();
            let now = Timestamp(now);
            prop_assert_eq!(effective(&with, Some(STORE), TERMINAL, now), effective(&grants, Some(STORE), TERMINAL, now));
        }
    }
}
