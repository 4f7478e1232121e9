//! Table `batch_items`.

use sea_orm::entity::prelude::*;

/// One of the terminals that are handled together.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "batch_items")]
pub struct Model {
    /// The batch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub batch_id: Uuid,
    /// Its place, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub place: i64,
    /// The serial number as it was typed or is printed.
    pub typed: String,
    /// The terminal, where it is known.
    pub terminal_id: Option<Uuid>,
    /// `done`, or the code of why not; absent as long as it was not its turn.
    pub outcome: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
