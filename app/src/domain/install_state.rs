//! What a terminal says of an app on it.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// Where an app's installation on a terminal stands, as the terminal last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum InstallState {
    /// The terminal has said nothing of it.
    Unknown,
    /// It is being fetched or set up.
    Installing,
    /// It is there.
    Installed,
    /// It could not be installed.
    Failed,
    /// It was there and is not any more.
    Removed,
}

impl InstallState {
    /// The stable code, as stored and as in the API.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// What is known of an app on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// Where its installation stands.
    pub state: InstallState,
    /// The version that this is about, as the terminal calls it.
    pub version: Option<String>,
    /// Why it failed, as the terminal calls it; only of [`InstallState::Failed`].
    pub error_code: Option<String>,
}

impl Installed {
    /// It is there in this version.
    pub fn there(version: &str) -> Self {
        Self {
            state: InstallState::Installed,
            version: Some(version.to_owned()).filter(|version| !version.is_empty()),
            error_code: None,
        }
    }

    /// What becomes of what is known when a terminal lists the apps on it; `None` where nothing does. `listed` is the
    /// version in the list, `None` where the app is not in it.
    ///
    /// A list says which version is there. That is no news of another version that is on its way or has failed: the old
    /// one is still there then. An app that was there and is in no list any more was removed.
    pub fn listed(known: Option<&Self>, listed: Option<&str>) -> Option<Self> {
        use InstallState::{Failed, Installed, Installing, Removed, Unknown};
        let state = known.map_or(Unknown, |known| known.state);
        let Some(version) = listed else {
            let gone = known.filter(|_| state == Installed)?;
            return Some(Self {
                state: Removed,
                ..gone.clone()
            });
        };
        let there = Self::there(version);
        let about = known.and_then(|known| known.version.as_deref());
        let changed = match state {
            Unknown | Removed => true,
            Installed => known != Some(&there),
            Installing | Failed => about.is_none_or(|about| about == version),
        };
        changed.then_some(there)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use InstallState::{Failed, Installed as There, Installing, Removed, Unknown};
    use proptest::prelude::*;

    fn known(state: InstallState, version: Option<&str>) -> Installed {
        Installed {
            state,
            version: version.map(str::to_owned),
            error_code: (state == Failed).then(|| "no_space".to_owned()),
        }
    }

    #[test]
    fn a_list_of_apps_tells_what_changed() {
        for (before, listed, after) in [
            (None, None, None),
            (None, Some("1"), Some((There, "1"))),
            (Some((Unknown, None)), Some("1"), Some((There, "1"))),
            (Some((There, Some("1"))), Some("1"), None),
            (Some((There, Some("1"))), Some("2"), Some((There, "2"))),
            (Some((There, Some("1"))), None, Some((Removed, "1"))),
            (Some((Removed, Some("1"))), None, None),
            (Some((Removed, Some("1"))), Some("1"), Some((There, "1"))),
            // Version 2 is on its way or has failed, and version 1 is still there.
            (Some((Installing, Some("2"))), Some("1"), None),
            (Some((Installing, Some("2"))), Some("2"), Some((There, "2"))),
            (Some((Installing, Some("2"))), None, None),
            (Some((Failed, Some("2"))), Some("1"), None),
            (Some((Failed, Some("2"))), Some("2"), Some((There, "2"))),
            (Some((Failed, None)), Some("1"), Some((There, "1"))),
            (Some((Failed, Some("2"))), None, None),
        ] {
            let before = before.map(|(state, version)| known(state, version));
            let after = after.map(|(state, version)| known(state, Some(version)));
            assert_eq!(
                Installed::listed(before.as_ref(), listed),
                after,
                "{before:?} {listed:?}"
            );
        }
    }

    proptest! {
        /// The same list again changes nothing.
        #[test]
        fn a_list_is_news_once(state in prop::sample::select(InstallState::VARIANTS), version in prop::option::of("[12]"), listed in prop::option::of("[12]?")) {
            let before = known(state, version.as_deref());
            let after = Installed::listed(Some(&before), listed.as_deref()).unwrap_or(before);
            prop_assert_eq!(Installed::listed(Some(&after), listed.as_deref()), None);
        }
    }
}
