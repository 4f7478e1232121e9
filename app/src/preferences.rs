//! How somebody likes the pages to look and to be worked: kept in a cookie, so that the server knows before it renders and
//! nothing has to change once the page is there.

use strum::{EnumString, IntoStaticStr, VariantArray};

/// The colours of the pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Theme {
    /// Light or dark, as the device has it.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
    /// Black on white with every edge drawn, at least 7:1 (WCAG 2.2, 1.4.6).
    Contrast,
}

impl Theme {
    /// What the cookie and the form say.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The value of `data-theme`; none lets the style sheet ask the device.
    pub(crate) fn attribute(self) -> Option<&'static str> {
        (self != Self::Auto).then(|| self.code())
    }

    /// What the browser draws itself (CSS Color Adjustment, `color-scheme`).
    pub(crate) fn color_scheme(self) -> &'static str {
        match self {
            Self::Auto => "light dark",
            Self::Light | Self::Contrast => "light",
            Self::Dark => "dark",
        }
    }
}

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// The colours.
    pub theme: Theme,
    /// Whether everything is a quarter larger.
    pub large: bool,
    /// Whether single keys do nothing (WCAG 2.2, 2.1.4). They do something at first.
    pub keys_off: bool,
}

impl Preferences {
    /// Reads the cookie's value: words between full stops. A word that means nothing changes nothing.
    pub fn parse(text: &str) -> Self {
        let mut preferences = Self::default();
        for word in text.split('.') {
            match word {
                Self::LARGE => preferences.large = true,
                Self::KEYS_OFF => preferences.keys_off = true,
                word => preferences.theme = word.parse().unwrap_or(preferences.theme),
            }
        }
        preferences
    }

    const LARGE: &'static str = "large";
    const KEYS_OFF: &'static str = "keys_off";

    /// The cookie's value.
    pub fn to_cookie(self) -> String {
        let words = [
            Some(self.theme.code()),
            self.large.then_some(Self::LARGE),
            self.keys_off.then_some(Self::KEYS_OFF),
        ];
        words.into_iter().flatten().collect::<Vec<_>>().join(".")
    }

    /// The same with one of them changed, as a form's field says; a field or a value that there is not changes nothing.
    #[must_use]
    pub fn with(self, field: &str, value: &str) -> Self {
        match (field, value) {
            ("theme", theme) => Self {
                theme: theme.parse().unwrap_or(self.theme),
                ..self
            },
            ("text", "large") => Self { large: true, ..self },
            ("text", "normal") => Self { large: false, ..self },
            ("keys", "off") => Self { keys_off: true, ..self },
            ("keys", "on") => Self {
                keys_off: false,
                ..self
            },
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_field_changes_one_thing() {
        let all = Preferences::default()
            .with("theme", "contrast")
            .with("text", "large")
            .with("keys", "off");
        assert_eq!(all.to_cookie(), "contrast.large.keys_off");
        assert_eq!(all.with("text", "normal").to_cookie(), "contrast.keys_off");
        assert_eq!(
            all.with("theme", "pink").with("text", "huge").with("colour", "red"),
            all
        );
        assert_eq!(all.with("keys", "on").with("theme", "auto").to_cookie(), "auto.large");
    }

    #[test]
    fn a_strange_cookie_is_no_preference() {
        for text in ["", ".", "pink", "LARGE", "<script>", "keys"] {
            assert_eq!(Preferences::parse(text), Preferences::default(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(theme in 0..Theme::VARIANTS.len(), large: bool, keys_off: bool) {
            let preferences = Preferences { theme: Theme::VARIANTS[theme], large, keys_off };
            prop_assert_eq!(Preferences::parse(&preferences.to_cookie()), preferences);
        }
    }
}
