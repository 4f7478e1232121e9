//! QR codes (ISO/IEC 18004) as pictures that need no file.

use crate::components::html::{Html, Rendered};
use leptos::prelude::*;
use qrcode::{Color, QrCode};
use std::fmt::Write;

/// Modules of quiet zone on each side, as the standard asks for.
const QUIET: usize = 4;

/// `text` as a QR code, dark on white in either theme; nothing for a text that is too long for one.
pub(crate) fn qr(text: &str, label: &'static str) -> Option<Html> {
    let code = QrCode::new(text).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            let (x, y) = (at % width + QUIET, at / width + QUIET);
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    let side = width + 2 * QUIET;
    let picture = view! {
        <svg class="size-56 bg-white" role="img" aria-label=label viewBox=format!("0 0 {side} {side}")>
            <path d=path fill="#000000" />
        </svg>
    };
    Some(picture.rendered())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_a_picture_and_a_long_one_is_not() {
        let html = qr("otpauth://totp/x", "code").unwrap().to_html();
        assert!(html.contains("viewBox=\"0 0 33 33\""), "{html}");
        assert!(html.contains("M4 4h1v1h-1z"), "{html}");
        assert!(qr(&"x".repeat(5000), "code").is_none());
    }
}
