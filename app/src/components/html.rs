//! Views that are markup already.
//!
//! A page is put together from parts of many types. Turning each into text as soon as it is whole keeps the types small,
//! and costs less than leptos' own `AnyView`, which first copies every attribute.

use leptos::prelude::*;
use leptos::tachys::html::InertElement;

/// A view that is markup already.
pub(crate) type Html = InertElement;

/// Turns a view into its markup.
pub(crate) trait Rendered {
    /// The view's markup, in which text is escaped.
    fn rendered(self) -> Html;
}

impl<V: IntoView> Rendered for V {
    fn rendered(self) -> Html {
        Html::new(self.into_view().to_html())
    }
}
