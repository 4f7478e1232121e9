//! How long a code for the counter still works, to the second.
//!
//! The page has an empty element with `data-left`, the milliseconds that were left when it was rendered, and the words in
//! `data-label` and `data-over`. Without JavaScript the page says the instant alone.

/// Minutes and seconds, rounded up so that a code is never said to be over before it is.
#[cfg(any(target_arch = "wasm32", test))]
fn clock(left_ms: f64) -> String {
    let seconds = (left_ms / 1000.0).ceil().max(0.0) as u32;
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let zero = if seconds < 10 { "0" } else { "" };
    // Without `format!` and its padding, which would cost the download more than this file.
    [&minutes.to_string(), ":", zero, &seconds.to_string()].concat()
}

/// Counts down where the page has something to count.
#[cfg(target_arch = "wasm32")]
pub(super) fn run() {
    let _ = start();
}

#[cfg(target_arch = "wasm32")]
fn start() -> Option<()> {
    use leptos::prelude::{document, window};
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    let place = document().query_selector("[data-left]").ok()??;
    let left: f64 = place.get_attribute("data-left")?.parse().ok()?;
    let (label, over) = (place.get_attribute("data-label")?, place.get_attribute("data-over")?);
    let began = js_sys::Date::now();
    let tick = move || {
        let left = left - (js_sys::Date::now() - began);
        let said = if left > 0.0 {
            [label.as_str(), " ", &clock(left)].concat()
        } else {
            over.clone()
        };
        place.set_text_content(Some(&said));
    };
    tick();
    let tick = Closure::<dyn Fn()>::new(tick);
    let callback = tick.as_ref().unchecked_ref();
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(callback, 1000);
    tick.forget();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn the_last_second_counts() {
        let shown = [900_000.0, 899_001.0, 60_000.0, 59_999.0, 9_000.0, 1.0, 0.0, -5.0].map(clock);
        assert_eq!(
            shown,
            ["15:00", "15:00", "1:00", "1:00", "0:09", "0:01", "0:00", "0:00"]
        );
    }
}
