//! The terminals of a model in a state, in the order of their serial numbers. A model's serial numbers often lie side by side:
//! whoever goes along all that are in a state meets none of the model before all others have been passed.

use sea_orm_migration::prelude::*;

use crate::shape::{create_indexes, index};

const NAME: &str = "ix_terminals_model_lifecycle";
const TABLE: &str = "terminals";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = index(NAME, TABLE, &["model", "lifecycle", "sn", "id"]);
        create_indexes(manager, [index]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name(NAME).table(TABLE).to_owned())
            .await
    }
}
