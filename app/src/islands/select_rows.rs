//! Boxes to tick before the rows of a list, quicker: the arrow keys go from one to the next and with Shift take its state
//! along, Shift and a click tick all that lie between two, a row is its box, and the page says how many are ticked.
//!
//! The page has an element whose `data-chosen` is what it says of a number; in it, `{}` stands for the number.

/// The boxes.
#[cfg(target_arch = "wasm32")]
const BOXES: &str = "input[name='ids[]']";

/// Marks the box that was ticked last.
#[cfg(target_arch = "wasm32")]
const LAST: &str = "data-last";

/// The place that an arrow key leads to from `at`, of so many; none at the ends and for other keys.
#[cfg(any(target_arch = "wasm32", test))]
fn next_to(at: usize, key: &str, count: usize) -> Option<usize> {
    match key {
        "ArrowDown" => Some(at + 1).filter(|next| *next < count),
        "ArrowUp" => at.checked_sub(1),
        _ => None,
    }
}

#[cfg(target_arch = "wasm32")]
pub(super) use browser::watch_rows;

#[cfg(target_arch = "wasm32")]
mod browser {
    use super::{BOXES, LAST, next_to};
    use crate::islands::browser::listen;
    use leptos::prelude::document;
    use wasm_bindgen::JsCast;
    use web_sys::{Element, Event, HtmlInputElement, KeyboardEvent, MouseEvent};

    /// Listens for keys and clicks on the boxes and their rows.
    pub(in crate::islands) fn watch_rows() {
        listen("keydown", |event| {
            let _ = step(&event);
        });
        listen("click", |event| {
            let _ = press(&event);
        });
        listen("change", |_| {
            let _ = count();
        });
        let _ = count();
    }

    fn boxes() -> Vec<HtmlInputElement> {
        let Ok(found) = document().query_selector_all(BOXES) else {
            return Vec::new();
        };
        let all = (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok());
        all.collect()
    }

    /// The box that an event is about, and its place among all.
    fn pressed(event: &Event) -> Option<(Vec<HtmlInputElement>, usize)> {
        let target: HtmlInputElement = event.target()?.dyn_into().ok()?;
        let all = boxes();
        let at = all.iter().position(|one| *one == target)?;
        Some((all, at))
    }

    /// Goes to the box above or below.
    fn step(event: &Event) -> Option<()> {
        let key: &KeyboardEvent = event.dyn_ref()?;
        let (all, at) = pressed(event)?;
        let next = next_to(at, &key.key(), all.len())?;
        event.prevent_default();
        all[next].focus().ok()?;
        if key.shift_key() {
            all[next].set_checked(all[at].checked());
            mark(&all, next);
            count()?;
        }
        Some(())
    }

    /// Ticks what lies between, or the box of the row that was pressed.
    fn press(event: &Event) -> Option<()> {
        let click: &MouseEvent = event.dyn_ref()?;
        if let Some((all, at)) = pressed(event) {
            let last = all.iter().position(|one| one.has_attribute(LAST));
            if let Some(last) = last.filter(|_| click.shift_key()) {
                for one in &all[last.min(at)..=last.max(at)] {
                    one.set_checked(all[at].checked());
                }
            }
            mark(&all, at);
            return count();
        }
        let target: Element = event.target()?.dyn_into().ok()?;
        if target.closest("a, button, input, label").ok()?.is_some() {
            return None;
        }
        let row = target.closest("tr").ok()??;
        let own: HtmlInputElement = row.query_selector(BOXES).ok()??.dyn_into().ok()?;
        own.click();
        Some(())
    }

    fn mark(all: &[HtmlInputElement], at: usize) {
        for (place, one) in all.iter().enumerate() {
            let _ = one.toggle_attribute_with_force(LAST, place == at);
        }
    }

    /// Says how many are ticked.
    fn count() -> Option<()> {
        let says = document().query_selector("[data-chosen]").ok()??;
        let ticked = boxes().iter().filter(|one| one.checked()).count();
        let words = says.get_attribute("data-chosen")?.replace("{}", &ticked.to_string());
        says.set_text_content(Some(&words));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::next_to;

    #[test]
    fn arrow_keys_stop_at_the_ends() {
        assert_eq!(next_to(0, "ArrowDown", 2), Some(1));
        assert_eq!(next_to(1, "ArrowDown", 2), None);
        assert_eq!(next_to(1, "ArrowUp", 2), Some(0));
        assert_eq!(next_to(0, "ArrowUp", 2), None);
        assert_eq!(next_to(0, " ", 2), None);
    }
}
