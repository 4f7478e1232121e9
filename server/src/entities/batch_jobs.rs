//! Table `batch_jobs`.

use sea_orm::entity::prelude::*;

/// How far the work on a batch has come, and who does it. A batch whose work was done within the request has none.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batch_jobs")]
pub struct Model {
    /// The batch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// `choosing`, `chosen`, `running`, `done`, `failed` or `cancelled`.
    pub stage: String,
    /// Whose work it is, as JSON.
    pub actor: String,
    /// The query parameters of the list that it is chosen from; absent when the terminals were ticked.
    pub listed: Option<String>,
    /// The place in that list up to which it is chosen; absent at its beginning.
    pub list_place: Option<String>,
    /// What is to be done, as JSON.
    pub ordered: Option<String>,
    /// Why it failed: a stable code.
    pub problem: Option<String>,
    /// Terminals chosen.
    pub chosen: i64,
    /// The place of the item whose turn it is.
    pub place: i64,
    /// How often somebody has taken it on since it last came further.
    pub attempts: i64,
    /// Whether somebody asked for the work to stop.
    pub cancel_requested: bool,
    /// The server that does the work.
    pub lease_owner: Option<Uuid>,
    /// Until when nobody else takes it over, Unix milliseconds.
    pub lease_until: Option<i64>,
    /// Unix milliseconds.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
