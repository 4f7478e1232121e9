//! Every address that is nobody's.

use super::guard::open;
use crate::error::AppError;
use leptos::prelude::*;

/// The page with status 404.
#[component]
pub(super) fn NotFoundPage() -> impl IntoView {
    open(|_, _| Err(AppError::NotFound))
}
