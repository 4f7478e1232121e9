//! Table `import_jobs`.

use sea_orm::entity::prelude::*;

/// How far the work on an import has come, and who does it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_jobs")]
pub struct Model {
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// `uploading`, `mapping`, `checking`, `checked`, `running`, `done`, `failed`, `cancelled`, `undoing` or `undone`.
    pub stage: String,
    /// Whose work it is, as JSON.
    pub actor: String,
    /// Why the file as a whole cannot be read: a stable code.
    pub problem: Option<String>,
    /// The line where that is, from 1.
    pub problem_line: Option<i64>,
    /// Why it was not undone when somebody last asked for that: a stable code.
    pub undo_problem: Option<String>,
    /// What kind of file it is and which of its columns is what, as JSON.
    pub layout: Option<String>,
    /// Whether the good rows go in when there are bad ones.
    pub skip_bad_rows: bool,
    /// Whether somebody asked for the work to stop.
    pub cancel_requested: bool,
    /// Length of the file.
    pub file_bytes: i64,
    /// Rows worked through in the present stage.
    pub rows_read: i64,
    /// Terminals that somebody touched since, which keeps the import from being undone.
    pub rows_touched: i64,
    /// The lowest key of the terminals it made.
    pub first_terminal: Option<Uuid>,
    /// The highest.
    pub last_terminal: Option<Uuid>,
    /// How often it was taken on since it last came further.
    pub attempts: i64,
    /// The server that does the work.
    pub lease_owner: Option<Uuid>,
    /// Until when nobody else takes it over, Unix milliseconds.
    pub lease_until: Option<i64>,
    /// Unix milliseconds.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
