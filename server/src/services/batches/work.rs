//! What is done with the terminals of a batch.

use super::{BatchService, DONE, code_of};
use crate::entities::{batch_items, batches};
use crate::services::chain;
use crate::services::failure::Failure;
use crate::services::lifecycle::apply::Mover;
use crate::services::lifecycle::lock;
use crate::services::registration::{lifecycle, merchant_named};
use app::backend::batches::{MAX_ITEMS, Opened, REPEATED, Work};
use app::backend::codes::Lifetime;
use app::backend::lifecycle::Change;
use app::backend::registration::RegisterInput;
use app::caller::{Caller, CodeIssuer, Manager, Registrar};
use app::domain::{BatchId, ListedSn, MerchantId};
use app::error::{AppError, Invalid};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

/// Terminals that one transaction changes.
const AT_ONCE: usize = 100;

/// Characters of a line that are kept.
const TYPED_CHARS: usize = 128;

impl BatchService {
    pub(super) async fn change_all(&self, by: Manager<'_>, id: BatchId, change: &Change) -> Result<(), Failure> {
        let wanted = change.wanted();
        if !wanted.is_for(by.role()) {
            return Err(AppError::Forbidden.into());
        }
        if !self.begin_work(&by, id, Work::Move(wanted)).await? {
            return Ok(());
        }
        for chunk in self.items(id).await?.chunks(AT_ONCE) {
            let txn = self.database.begin().await?;
            let ids: Vec<Uuid> = chunk.iter().filter_map(|item| item.terminal_id).collect();
            let mut locked = lock(&txn, by.scope(), &ids).await?;
            let mover = Mover {
                txn: &txn,
                surroundings: &self.surroundings,
                by,
            };
            let mut entries = Vec::new();
            for item in chunk {
                let at = locked.iter().position(|row| Some(row.id) == item.terminal_id);
                let came = match at.map(|at| locked.swap_remove(at)) {
                    None => Err(AppError::NotFound.into()),
                    Some(row) => {
                        let seen = lifecycle(&row)?;
                        mover.apply(row, seen, change, None).await
                    }
                };
                let came = came.map(|said| entries.extend(said));
                settle(&txn, item, outcome(came)?).await?;
            }
            chain::append(&txn, &self.surroundings, entries).await?;
            txn.commit().await?;
        }
        Ok(())
    }

    pub(super) async fn issue_all(
        &self,
        by: CodeIssuer<'_>,
        id: BatchId,
        merchant_no: Option<&str>,
    ) -> Result<Opened, Failure> {
        if !self.begin_work(&by, id, Work::IssueCodes).await? {
            // The key of the codes that were issued then is not to be had again.
            return Err(Invalid::AlreadyDone.into());
        }
        let key = self.new_key();
        for chunk in self.items(id).await?.chunks(AT_ONCE) {
            let txn = self.database.begin().await?;
            let ids: Vec<Uuid> = chunk.iter().filter_map(|item| item.terminal_id).collect();
            let mut locked = lock(&txn, by.scope(), &ids).await?;
            let mut entries = Vec::new();
            for item in chunk {
                let at = locked.iter().position(|row| Some(row.id) == item.terminal_id);
                let came = match at.map(|at| locked.swap_remove(at)) {
                    None => Err(AppError::NotFound.into()),
                    Some(row) => {
                        let merchant = match row.merchant_id {
                            Some(merchant) => Ok(MerchantId(merchant)),
                            None => merchant_named(&txn, merchant_no).await,
                        };
                        let code = Some(code_of(&key, id, item.place));
                        match merchant {
                            Err(failure) => Err(failure),
                            Ok(merchant) => {
                                self.codes
                                    .issue_in(&txn, by, &row, merchant, Lifetime::Standard, code)
                                    .await
                            }
                        }
                    }
                };
                let came = came.map(|(_, said)| entries.extend(said));
                settle(&txn, item, outcome(came)?).await?;
            }
            chain::append(&txn, &self.surroundings, entries).await?;
            txn.commit().await?;
        }
        Ok(Opened { id, key })
    }

    pub(super) async fn register_all(
        &self,
        by: Registrar<'_>,
        list: &[ListedSn],
        merchant_no: Option<&str>,
    ) -> Result<Opened, Failure> {
        match list.len() {
            0 => return Err(Invalid::NothingChosen.into()),
            n if n > MAX_ITEMS => return Err(Invalid::TooMany.into()),
            _ => {}
        }
        let items = list.iter().map(|listed| {
            let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
            let typed = listed.typed.chars().take(TYPED_CHARS).map(shown).collect();
            (typed, None, listed.repeated.then(|| REPEATED.to_owned()))
        });
        let id = self.keep(&by, Some(Work::Register), items.collect()).await?;
        let key = self.new_key();
        for (listed, place) in list.iter().zip(0_i64..) {
            if listed.repeated {
                continue;
            }
            let input = RegisterInput {
                sn: listed.typed.clone(),
                manufacturer: None,
                code: listed.code.clone(),
                merchant_no: merchant_no.map(str::to_owned),
            };
            let code = code_of(&key, id, place);
            let came = self.registration.register_one(by, &input, Some(code)).await;
            let terminal = came.as_ref().ok().map(|registered| registered.terminal.0);
            let outcome = outcome(came.map(|_| ()))?;
            batch_items::Entity::update_many()
                .col_expr(batch_items::Column::Outcome, outcome.into())
                .col_expr(batch_items::Column::TerminalId, terminal.into())
                .filter(batch_items::Column::BatchId.eq(id.0))
                .filter(batch_items::Column::Place.eq(place))
                .exec(self.database.writer())
                .await?;
        }
        Ok(Opened { id, key })
    }

    /// Says that work has begun; `false` when some had before.
    async fn begin_work(&self, caller: &Caller, id: BatchId, work: Work) -> Result<bool, Failure> {
        self.own(caller, id).await?.ok_or(AppError::NotFound)?;
        let begun = batches::Entity::update_many()
            .col_expr(batches::Column::Work, work.code().into())
            .col_expr(batches::Column::BegunAt, self.surroundings.now().0.into())
            .filter(batches::Column::Id.eq(id.0))
            .filter(batches::Column::Work.is_null())
            .exec(self.database.writer())
            .await?;
        Ok(begun.rows_affected == 1)
    }
}

/// What an item says of how its work ended; what broke ends the whole work.
fn outcome(came: Result<(), Failure>) -> Result<String, Failure> {
    match came {
        Ok(()) => Ok(DONE.to_owned()),
        Err(Failure::Told(error)) => Ok(error.code().to_owned()),
        Err(broken) => Err(broken),
    }
}

async fn settle(txn: &DatabaseTransaction, item: &batch_items::Model, outcome: String) -> Result<(), Failure> {
    batch_items::Entity::update_many()
        .col_expr(batch_items::Column::Outcome, outcome.into())
        .filter(batch_items::Column::BatchId.eq(item.batch_id))
        .filter(batch_items::Column::Place.eq(item.place))
        .exec(txn)
        .await?;
    Ok(())
}
