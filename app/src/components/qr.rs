//! A text as a QR code (ISO/IEC 18004), drawn into the page: nothing is fetched, and it prints sharply.

use crate::components::html::{Html, Rendered};
use leptos::prelude::*;
use qrcode::{Color, QrCode};
use std::fmt::Write;

/// Modules of white around the code, which scanners need.
const QUIET: usize = 4;

/// The picture in a size of these classes; nothing for a text that is too long for one.
pub(crate) fn qr(text: &str, label: impl Into<String>, class: &'static str) -> Option<Html> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    let side = code.width() + 2 * QUIET;
    let path = path_of(&code);
    let picture = view! {
        <svg
            class=class
            viewBox=format!("0 0 {side} {side}")
            role="img"
            aria-label=label.into()
            shape-rendering="crispEdges"
        >
            <rect width=side height=side fill="#fff" />
            <path d=path fill="#000" />
        </svg>
    };
    Some(picture.rendered())
}

/// The dark modules, one rectangle for each run in a row.
fn path_of(code: &QrCode) -> String {
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(code.width()).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
            }
            x += run.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_a_picture_and_a_long_one_is_not() {
        let html = qr("otpauth://totp/x", "code", "size-56").unwrap().to_html();
        assert!(html.contains("viewBox=\"0 0 33 33\""), "{html}");
        assert!(html.contains("M4 4h7v1h-7z"), "{html}");
        assert!(qr(&"x".repeat(5000), "code", "size-56").is_none());
    }

    #[test]
    fn every_dark_module_is_drawn() {
        let code = QrCode::new(b"7K2M-9QXD-4TB3WZ").unwrap();
        let dark = code.to_colors().iter().filter(|color| **color == Color::Dark).count();
        let drawn: usize = path_of(&code)
            .split('h')
            .skip(1)
            .filter_map(|rest| rest.split_once('v')?.0.parse::<usize>().ok())
            .sum();
        assert!(dark > 100);
        assert_eq!(drawn, dark);
    }
}
