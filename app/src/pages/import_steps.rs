//! What people do with an import that has been sent. The forms stand on [`super::import_report`].

use super::import::address_of;
use crate::backend::imports::{Field, Mapping};
use crate::domain::ImportBatchId;
use crate::error::{AppError, Invalid};
use crate::flash::{action, actor, redirect};
use leptos::prelude::*;

/// The import that a form is about, and where the form leads when something is wrong.
fn asked(import: &str) -> (Result<ImportBatchId, AppError>, String) {
    let id = import.parse().map_err(|_| AppError::NotFound);
    let back = id
        .as_ref()
        .map_or_else(|_| "/terminals/import".to_owned(), |id| address_of(*id));
    (id, back)
}

/// Says which column is what; the rows are then checked anew.
#[server(prefix = "/actions", endpoint = "import-map")]
pub async fn map_import(
    #[server(default)] import: String,
    #[server(default)] columns: Vec<String>,
    #[server(default)] headings: String,
    #[server(default)] manufacturer: String,
    #[server(default)] model: String,
) -> Result<(), ServerFnError> {
    let (id, back) = asked(&import);
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        let column = |code: &String| match code.as_str() {
            "" => Ok(None),
            code => code.parse().map(Some).map_err(|_| AppError::Invalid(Invalid::Form)),
        };
        let mapping = Mapping {
            columns: columns.iter().map(column).collect::<Result<_, _>>()?,
            headings: headings == "true",
            constants: [(Field::Manufacturer, manufacturer), (Field::Model, model)].into(),
        };
        backend.imports.map(by, id?, &mapping).await?;
        Ok(redirect(back))
    })
    .await
}

/// Lets the rows in.
#[server(prefix = "/actions", endpoint = "import-confirm")]
pub async fn confirm_import(
    #[server(default)] import: String,
    #[server(default)] skip_bad_rows: String,
) -> Result<(), ServerFnError> {
    let (id, back) = asked(&import);
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        let by = caller.platform_admin()?;
        backend.imports.confirm(by, id?, skip_bad_rows == "true").await?;
        Ok(redirect(back))
    })
    .await
}

/// Stops an import.
#[server(prefix = "/actions", endpoint = "import-cancel")]
pub async fn cancel_import(#[server(default)] import: String) -> Result<(), ServerFnError> {
    let (id, back) = asked(&import);
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        backend.imports.cancel(caller.platform_admin()?, id?).await?;
        Ok(redirect(back))
    })
    .await
}

/// Takes an import back.
#[server(prefix = "/actions", endpoint = "import-undo")]
pub async fn undo_import(#[server(default)] import: String) -> Result<(), ServerFnError> {
    let (id, back) = asked(&import);
    action(back.clone(), async move {
        let (caller, backend) = actor()?;
        backend.imports.undo(caller.platform_admin()?, id?).await?;
        Ok(redirect(back))
    })
    .await
}
