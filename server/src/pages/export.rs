//! Lists as files, however long they are: who may have one, what of it is asked for, and in which form.
//!
//! Each list has two addresses, `…/export.csv` and `…/export.xlsx`, which take the query parameters of its page.

use super::csv_export::{Piece, csv_file};
use super::render::{page, rendering};
use super::xlsx_export::{Sheet, xlsx_file};
use crate::state::AppState;
use app::backend::page::Cursor;
use app::caller::Caller;
use app::error::AppError;
use app::flash::sign_in_address;
use app::request::Rendering;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Redirect, Response};
use std::io;

/// A list as one request asks for it.
pub trait Export: Clone + Send + Sync + Sized + 'static {
    /// The name of the file without its ending.
    const FILE: &'static str;

    /// The columns: their names in CSV, and how many characters wide they are in a workbook.
    const COLUMNS: &'static [(&'static str, u8)];

    /// What a request asks for.
    ///
    /// # Errors
    /// Why the caller may not have it.
    fn of(state: &AppState, caller: Caller, rendering: &Rendering) -> Result<Self, AppError>;

    /// The headings of a workbook, in the reader's language and in the order of the columns.
    fn headings(&self) -> Vec<&'static str>;

    /// The rows from a cursor on, in the order of the page. A piece may have none although more follow.
    fn piece(self, cursor: Option<Cursor>) -> impl Future<Output = io::Result<Piece>> + Send;
}

/// A list as CSV.
///
/// **Permissions:** [`Export::of`]; for anybody else there is no such page.
pub async fn csv<List: Export>(State(state): State<AppState>, request: Request) -> Response {
    match asked::<List>(state, request).await {
        Err(answer) => *answer,
        Ok(asked) => {
            let names = List::COLUMNS.iter().map(|(name, _)| *name).collect();
            csv_file(List::FILE, names, move |cursor| asked.clone().piece(cursor))
        }
    }
}

/// The same as a workbook with headings in the reader's language.
///
/// **Permissions:** [`Export::of`]; for anybody else there is no such page.
pub async fn workbook<List: Export>(State(state): State<AppState>, request: Request) -> Response {
    match asked::<List>(state, request).await {
        Err(answer) => *answer,
        Ok(asked) => {
            let widths = List::COLUMNS.iter().map(|(_, width)| *width);
            let columns = asked.headings().into_iter().zip(widths).collect();
            let sheet = Sheet::new(List::FILE, columns);
            xlsx_file(sheet, move |cursor| asked.clone().piece(cursor))
        }
    }
}

/// What a request asks for; else the way to sign in, or the page that says that there is nothing here.
async fn asked<List: Export>(state: AppState, request: Request) -> Result<List, Box<Response>> {
    let (parts, body) = request.into_parts();
    let rendering = rendering(&state, &parts);
    let Some(caller) = parts.extensions.get::<Option<Caller>>().cloned().flatten() else {
        let to = sign_in_address(&rendering.path_and_query);
        return Err(Box::new(Redirect::to(&to).into_response()));
    };
    match List::of(&state, caller, &rendering) {
        Ok(asked) => Ok(asked),
        Err(_) => {
            let answer = page(State(state), Request::from_parts(parts, body)).await;
            Err(Box::new(answer))
        }
    }
}
