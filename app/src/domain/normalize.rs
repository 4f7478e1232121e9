//! Unicode NFKC (UAX #15), by the library on the server and by the browser's own tables in the browser, which saves
//! every visitor the download of a second copy.

/// `text` in Unicode normalization form KC: full-width digits become plain ones, ligatures fall apart.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn nfkc(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    // ASCII is its own normal form, and most of what is read is ASCII.
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfkc().collect()
}

/// `text` in Unicode normalization form KC: full-width digits become plain ones, ligatures fall apart.
#[cfg(target_arch = "wasm32")]
pub(crate) fn nfkc(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFKC").into()
}

/// `text` in Unicode normalization form C: letters and their combining marks joined.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn nfc(text: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    text.nfc().collect()
}

/// `text` in Unicode normalization form C: letters and their combining marks joined.
#[cfg(target_arch = "wasm32")]
pub(crate) fn nfc(text: &str) -> String {
    js_sys::JsString::from(text).normalize("NFC").into()
}

/// Dashes that people and word processors put between groups of a number. Full-width forms are plain after NFKC.
pub fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
