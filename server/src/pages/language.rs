//! `POST /language`: the language of the pages, remembered by a cookie.

use super::remembered::Remembered;
use crate::state::AppState;
use app::request::locale_of;
use axum::Form;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

/// The form's fields.
#[derive(Deserialize)]
pub struct LanguageForm {
    language: String,
    #[serde(default)]
    back: String,
}

/// Remembers the language and leads back.
///
/// **Permissions:** anyone.
pub async fn language(State(state): State<AppState>, Form(form): Form<LanguageForm>) -> Response {
    let locale = locale_of(Some(&form.language), None);
    Remembered::Language.answer(state.front.secure, locale, &form.back)
}
