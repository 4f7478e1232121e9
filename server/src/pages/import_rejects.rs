//! `GET /terminals/import/{id}/rejects`: the refused rows of an import, in the form of the file that they come from.

use super::render::rendering;
use crate::services::imports::{ErrorWords, RejectsFile};
use crate::state::AppState;
use app::caller::Caller;
use app::domain::ImportBatchId;
use app::error::AppError;
use app::flash::sign_in_address;
use app::i18n::Locale;
use app::pages::{error_heading, error_words};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::stream;
use std::io;

/// What a workbook is (IANA).
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Sends the refused rows with a column more, which says in the reader's language what is wrong.
///
/// **Permissions:** [`app::caller::PlatformViewer`].
pub async fn import_rejects(State(state): State<AppState>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let rendering = rendering(&state, &parts);
    let Some(caller) = parts.extensions.get::<Option<Caller>>().cloned().flatten() else {
        return Redirect::to(&sign_in_address(&rendering.path_and_query)).into_response();
    };
    let found = match id.parse::<ImportBatchId>() {
        Ok(id) => find(&state, &caller, id).await,
        Err(_) => Ok(None),
    };
    match found {
        Ok(Some(file)) => sent(state, file, rendering.locale).await,
        // The page that says so.
        Ok(None) | Err(AppError::NotFound) => super::page(State(state), Request::from_parts(parts, body)).await,
        Err(error) => error.status().into_response(),
    }
}

async fn find(state: &AppState, caller: &Caller, id: ImportBatchId) -> Result<Option<RejectsFile>, AppError> {
    state.services.imports.rejects(caller.platform_viewer()?, id).await
}

fn words(locale: Locale) -> ErrorWords {
    ErrorWords {
        heading: error_heading(locale).to_owned(),
        row: match locale {
            Locale::zh => |faults| error_words(Locale::zh, faults),
            Locale::en => |faults| error_words(Locale::en, faults),
        },
    }
}

async fn sent(state: AppState, file: RejectsFile, locale: Locale) -> Response {
    let name = urlencoding::encode(file.name()).into_owned();
    // RFC 6266, section 5: the name in UTF-8, and one for clients that do not know that.
    let disposition = format!("attachment; filename=\"errors\"; filename*=UTF-8''{name}");
    let disposition = HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let workbook = file.is_workbook();
    let kind = if workbook { XLSX } else { "text/csv" };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    if workbook {
        return match file.workbook(state.database.reader(), &words(locale)).await {
            Ok(bytes) => (headers, bytes).into_response(),
            Err(failure) => {
                let error = AppError::from(failure);
                (StatusCode::INTERNAL_SERVER_ERROR, error.code()).into_response()
            }
        };
    }
    let pieces = stream::try_unfold((file, state, words(locale)), |(mut file, state, words)| async move {
        let piece = file.text(state.database.reader(), &words).await;
        let piece = piece.map_err(|failure| io::Error::other(AppError::from(failure)))?;
        Ok::<_, io::Error>(piece.map(|bytes| (bytes, (file, state, words))))
    });
    (headers, Body::from_stream(pieces)).into_response()
}
