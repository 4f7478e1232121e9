//! Markup that repeats: rendered once with places left open, then filled in row after row.
//!
//! A list of 50 rows is most of what its page costs. Building each row as a view costs some 20 times what writing its text
//! does; a stencil is written as a view and costs what the text costs.

use crate::components::html::Html;
use html_escape::encode_double_quoted_attribute_to_string;
use leptos::tachys::html::InertElement;
use leptos::tachys::view::RenderHtml;
use strum::VariantArray;

/// The first of the characters that stand for places while a stencil is made. They are for private use (Unicode, section
/// 23.5), and nobody's text is in a stencil yet.
const FIRST_MARK: u32 = 0xF_0000;

/// Markup with places of the kind `P` left open.
pub(crate) struct Stencil<P: 'static> {
    /// Markup, and the place after it; none after the last.
    pieces: Vec<(String, Option<P>)>,
}

/// Where a row's own values go.
pub(crate) struct Fill<'a> {
    html: &'a mut String,
}

impl Fill<'_> {
    /// Writes text, escaped for an element as for an attribute in double quotes.
    pub(crate) fn text(&mut self, text: &str) {
        encode_double_quoted_attribute_to_string(text, self.html);
    }

    /// Writes what is markup already.
    pub(crate) fn html(&mut self, html: &str) {
        self.html.push_str(html);
    }
}

impl<P: Copy + PartialEq + VariantArray> Stencil<P> {
    /// Makes a stencil of a view, which asks for what to write where a place is to be: as text or as the value of an
    /// attribute.
    pub(crate) fn of(view: impl FnOnce(&dyn Fn(P) -> String) -> Html) -> Self {
        let mark = |place: P| {
            let marks = (FIRST_MARK..).filter_map(char::from_u32);
            let found = P::VARIANTS.iter().zip(marks).find(|(variant, _)| **variant == place);
            found.map(|(_, mark)| mark.to_string()).unwrap_or_default()
        };
        Self::cut(&view(&mark).to_html())
    }

    fn cut(markup: &str) -> Self {
        let mut pieces = Vec::new();
        let mut text = String::new();
        for c in markup.chars() {
            let place = u32::from(c).checked_sub(FIRST_MARK);
            match place.and_then(|place| P::VARIANTS.get(place as usize)) {
                Some(place) => pieces.push((std::mem::take(&mut text), Some(*place))),
                None => text.push(c),
            }
        }
        pieces.push((text, None));
        Self { pieces }
    }

    /// Writes all rows, each place filled by `value`.
    pub(crate) fn fill<T>(&self, rows: &[T], mut value: impl FnMut(usize, &T, P, &mut Fill<'_>)) -> Html {
        let fixed: usize = self.pieces.iter().map(|(text, _)| text.len()).sum();
        let mut html = String::with_capacity(rows.len() * (fixed + 320));
        for (at, row) in rows.iter().enumerate() {
            for (text, place) in &self.pieces {
                html.push_str(text);
                if let Some(place) = place {
                    value(at, row, *place, &mut Fill { html: &mut html });
                }
            }
        }
        InertElement::new(html)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::html::Rendered;
    use leptos::prelude::*;
    use proptest::prelude::*;

    #[derive(Clone, Copy, PartialEq, VariantArray)]
    enum Place {
        Address,
        Name,
    }

    proptest! {
        /// A filled stencil is what the view would have been, whatever the text.
        #[test]
        fn a_stencil_says_what_its_view_says(rows in proptest::collection::vec((".{0,20}", ".{0,20}"), 0..4)) {
            let stencil = Stencil::of(|place| {
                view! {
                    <a href=place(Place::Address) title="fixed"><b>{place(Place::Name)}</b><b>{place(Place::Name)}</b></a>
                }
                .rendered()
            });
            let filled = stencil.fill(&rows, |_, (address, name), place, fill| match place {
                Place::Address => fill.text(address),
                Place::Name => fill.text(name),
            });
            let escaped = |text: &str| html_escape::encode_double_quoted_attribute(text).into_owned();
            let expected: String = rows
                .iter()
                .map(|(address, name)| {
                    let (address, name) = (escaped(address), escaped(name));
                    format!(r#"<a href="{address}" title="fixed"><b>{name}</b><b>{name}</b></a>"#)
                })
                .collect();
            prop_assert_eq!(filled.to_html(), expected);
        }
    }
}
