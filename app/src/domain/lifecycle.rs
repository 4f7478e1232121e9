//! The first of a terminal's four axes. What may become of what, and by whom.

use super::Role;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// Where a terminal stands between the platform's inventory and the scrap heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Lifecycle {
    /// In the platform's inventory, no merchant.
    Unassigned,
    /// Given to a merchant, not registered.
    Awaiting,
    /// Bound to its merchant.
    Registered,
    /// Bound, but stopped for a reason.
    Suspended,
    /// Out of use for good; its serial number may come back as a new record.
    Retired,
}

impl Lifecycle {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why a terminal was suspended or retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum LifecycleReason {
    /// It broke.
    Damaged,
    /// Nobody knows where it is.
    Lost,
    /// Somebody took it.
    Stolen,
    /// Somebody opened or changed it.
    Tampered,
    /// It went back to its owner.
    Returned,
    /// Another terminal does its work now.
    Replaced,
    /// Its maker no longer supports it.
    EndOfLife,
    /// Anything else, told in words.
    Other,
}

impl LifecycleReason {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why a terminal is suspended or retired: a reason, and a note in words, which [`LifecycleReason::Other`] must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    reason: LifecycleReason,
    note: Option<String>,
}

/// Why something is no [`Cause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CauseError {
    /// No reason, or none that there is.
    #[error("a reason has to be chosen")]
    Reason,
    /// "Other" without words, or more than [`Cause::MAX_CHARS`] characters.
    #[error("the reason has to be told in at most 200 characters")]
    Note,
}

impl Cause {
    /// Most characters of a note.
    pub const MAX_CHARS: usize = 200;

    /// Reads a reason's code and a note as a form sends them. What no screen shows becomes a blank.
    ///
    /// # Errors
    /// [`CauseError`].
    pub fn parse(reason: &str, note: &str) -> Result<Self, CauseError> {
        let reason: LifecycleReason = reason.parse().map_err(|_| CauseError::Reason)?;
        let note: String = note.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let note = Some(note.trim().to_owned()).filter(|note| !note.is_empty());
        let length = note.as_ref().map_or(0, |note| note.chars().count());
        if length > Self::MAX_CHARS || (reason == LifecycleReason::Other && length == 0) {
            return Err(CauseError::Note);
        }
        Ok(Self { reason, note })
    }

    /// The reason.
    pub fn reason(&self) -> LifecycleReason {
        self.reason
    }

    /// The note.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// Something that is done to a terminal's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Move {
    /// A terminal of the inventory is given to a merchant.
    Assign,
    /// It is bound to its merchant.
    Register,
    /// It stays its merchant's and has to be registered again.
    Unregister,
    /// Another merchant gets it and has to register it.
    MoveMerchant,
    /// It stands in another store of its merchant.
    MoveStore,
    /// Its people call it something else.
    Rename,
    /// It is stopped for a reason.
    Suspend,
    /// It may be used again.
    Resume,
    /// It is out of use for good.
    Retire,
    /// Another terminal takes its place, and it is out of use for good.
    Replace,
}

/// Why a move is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyNot {
    /// Not for this role, whatever the state.
    Role,
    /// Not from this state, whoever asks.
    State(Lifecycle),
}

impl Move {
    /// The stable code, as in forms.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The state that the move leads to, the same where it leads to none; `None` where it does not begin in `from`.
    pub fn leads(self, from: Lifecycle) -> Option<Lifecycle> {
        use Lifecycle::{Awaiting, Registered, Retired, Suspended, Unassigned};
        match (self, from) {
            // Final: nothing is done to a retired record.
            (_, Retired) => None,
            (Self::Assign, Unassigned) => Some(Awaiting),
            (Self::Register, Unassigned | Awaiting) => Some(Registered),
            (Self::Unregister, Registered) => Some(Awaiting),
            (Self::MoveMerchant, Awaiting | Registered) => Some(Awaiting),
            (Self::MoveStore, Awaiting | Registered | Suspended) => Some(from),
            (Self::Rename, _) => Some(from),
            (Self::Suspend, Registered) => Some(Suspended),
            (Self::Resume, Suspended) => Some(Registered),
            (Self::Retire, _) => Some(Retired),
            (Self::Replace, Registered | Suspended) => Some(Retired),
            _ => None,
        }
    }

    /// Whether a role may do it at all.
    pub fn is_for(self, role: Role) -> bool {
        match role {
            Role::PlatformAdmin => true,
            Role::MerchantOwner => matches!(
                self,
                Self::Register | Self::MoveStore | Self::Rename | Self::Suspend | Self::Resume | Self::Retire
            ),
            Role::MerchantClerk => matches!(self, Self::Register),
            Role::PlatformSupport => false,
        }
    }
}

/// Whether a role may do `wanted` to a terminal in a state. A role that may not is told that first.
///
/// # Errors
/// [`WhyNot`].
pub fn allowed(role: Role, lifecycle: Lifecycle, wanted: Move) -> Result<(), WhyNot> {
    if !wanted.is_for(role) {
        return Err(WhyNot::Role);
    }
    wanted.leads(lifecycle).map(|_| ()).ok_or(WhyNot::State(lifecycle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The moves that a role may do in a state, in the order of [`Move`].
    fn open(role: Role, lifecycle: Lifecycle) -> Vec<&'static str> {
        Move::VARIANTS
            .iter()
            .filter(|wanted| allowed(role, lifecycle, **wanted).is_ok())
            .map(|wanted| wanted.code())
            .collect()
    }

    #[test]
    fn the_moves_of_each_state() {
        let of = |lifecycle| open(Role::PlatformAdmin, lifecycle).join(" ");
        assert_eq!(of(Lifecycle::Unassigned), "assign register rename retire");
        assert_eq!(
            of(Lifecycle::Awaiting),
            "register move_merchant move_store rename retire"
        );
        assert_eq!(
            of(Lifecycle::Registered),
            "unregister move_merchant move_store rename suspend retire replace"
        );
        assert_eq!(of(Lifecycle::Suspended), "move_store rename resume retire replace");
        assert_eq!(of(Lifecycle::Retired), "");
    }

    #[test]
    fn the_moves_of_each_role() {
        let owner = |lifecycle| open(Role::MerchantOwner, lifecycle).join(" ");
        assert_eq!(owner(Lifecycle::Awaiting), "register move_store rename retire");
        assert_eq!(owner(Lifecycle::Registered), "move_store rename suspend retire");
        assert_eq!(owner(Lifecycle::Suspended), "move_store rename resume retire");
        assert_eq!(owner(Lifecycle::Retired), "");
        for lifecycle in Lifecycle::VARIANTS {
            assert!(open(Role::PlatformSupport, *lifecycle).is_empty());
            let clerk = open(Role::MerchantClerk, *lifecycle);
            assert!(clerk.is_empty() || clerk == ["register"], "{clerk:?}");
        }
        assert_eq!(
            allowed(Role::MerchantClerk, Lifecycle::Retired, Move::Rename),
            Err(WhyNot::Role)
        );
        assert_eq!(
            allowed(Role::MerchantOwner, Lifecycle::Awaiting, Move::Suspend),
            Err(WhyNot::State(Lifecycle::Awaiting))
        );
    }

    #[test]
    fn a_cause_says_enough() {
        assert_eq!(Cause::parse("", "掉了"), Err(CauseError::Reason));
        assert_eq!(Cause::parse("other", " \n"), Err(CauseError::Note));
        assert_eq!(Cause::parse("lost", &"字".repeat(201)), Err(CauseError::Note));
        let cause = Cause::parse("other", " 借给\r\n隔壁 ").unwrap();
        assert_eq!(
            (cause.reason(), cause.note()),
            (LifecycleReason::Other, Some("借给  隔壁"))
        );
        assert_eq!(Cause::parse("lost", "").unwrap().note(), None);
    }

    #[test]
    fn every_state_is_reached_from_the_inventory() {
        let mut reached = vec![Lifecycle::Unassigned];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            at += 1;
            for to in Move::VARIANTS.iter().filter_map(|wanted| wanted.leads(from)) {
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        assert_eq!(reached.len(), Lifecycle::VARIANTS.len());
    }

    proptest! {
        /// Whatever is tried in whatever order: nothing comes back from retirement or into the inventory, and a merchant's
        /// people never do what only the platform may.
        #[test]
        fn no_path_leaves_retirement(tries in proptest::collection::vec((0usize..4, 0usize..10), 0..60)) {
            let mut lifecycle = Lifecycle::Unassigned;
            for (role, wanted) in tries {
                let (role, wanted) = (Role::VARIANTS[role], Move::VARIANTS[wanted]);
                let before = lifecycle;
                if allowed(role, lifecycle, wanted).is_ok() {
                    prop_assert!(wanted.is_for(role) && role != Role::PlatformSupport);
                    lifecycle = wanted.leads(lifecycle).unwrap();
                }
                if before == Lifecycle::Retired {
                    prop_assert_eq!(lifecycle, Lifecycle::Retired);
                }
                if before != Lifecycle::Unassigned {
                    prop_assert_ne!(lifecycle, Lifecycle::Unassigned);
                }
                if role == Role::MerchantClerk && before != lifecycle {
                    prop_assert_eq!(lifecycle, Lifecycle::Registered);
                }
            }
        }
    }
}
