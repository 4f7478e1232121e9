//! What a request does with the terminals of a batch by itself, because the key of their codes is kept nowhere; and what
//! the work of a job has in common with that.

use super::job::ended_entry;
use super::{BatchService, DONE, code_of};
use crate::entities::{batch_items, terminals};
use crate::services::chain;
use crate::services::failure::Failure;
use crate::services::lifecycle::lock;
use crate::services::registration::merchant_named;
use app::backend::batches::{MAX_ITEMS, Opened, REPEATED, Work};
use app::backend::codes::Lifetime;
use app::backend::registration::RegisterInput;
use app::caller::{CodeIssuer, Registrar, Scope};
use app::domain::{AuditAction, BatchId, ListedSn, MerchantId};
use app::error::{AppError, Invalid};
use batch_items::Column;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Terminals that one transaction changes.
pub(super) const AT_ONCE: i64 = 100;

/// Characters of a line that are kept.
const TYPED_CHARS: usize = 128;

impl BatchService {
    pub(super) async fn issue_all(
        &self,
        by: CodeIssuer<'_>,
        id: BatchId,
        merchant_no: Option<&str>,
    ) -> Result<Opened, Failure> {
        if self.begin_work(&by, id, Work::IssueCodes, None, None).await?.is_none() {
            // The key of the codes that were issued then is not to be had again.
            return Err(Invalid::AlreadyDone.into());
        }
        let key = self.new_key();
        let items = batch_items::Entity::find()
            .filter(Column::BatchId.eq(id.0))
            .order_by_asc(Column::Place)
            .all(self.database.reader())
            .await?;
        for chunk in items.chunks(usize::try_from(AT_ONCE).unwrap_or(1)) {
            let issued = self.issue_some(by, id, merchant_no, &key, chunk.to_vec()).await;
            if let Err(failure) = issued {
                // Codes that are out by now take the place of others, and the key is kept nowhere: it has to be handed over.
                let _logged = AppError::from(failure);
                break;
            }
        }
        let writer = self.database.writer();
        let ended = ended_entry(writer, &self.surroundings, id.0, &by, AuditAction::BatchDone, None).await;
        if let Err(failure) = ended {
            let _logged = AppError::from(failure);
        }
        Ok(Opened { id, key })
    }

    async fn issue_some(
        &self,
        by: CodeIssuer<'_>,
        id: BatchId,
        merchant_no: Option<&str>,
        key: &str,
        items: Vec<batch_items::Model>,
    ) -> Result<(), Failure> {
        let txn = self.database.begin().await?;
        let mut entries = Vec::new();
        let mut outcomes = Vec::new();
        for (place, row) in locked(&txn, by.scope(), items).await? {
            let came = match row {
                Err(failure) => Err(failure),
                Ok(row) => {
                    let code = code_of(key, id, place);
                    let merchant = match row.merchant_id {
                        Some(merchant) => Ok(MerchantId(merchant)),
                        None => merchant_named(&txn, merchant_no).await,
                    };
                    match merchant {
                        Err(failure) => Err(failure),
                        Ok(merchant) => {
                            let standard = Lifetime::Standard;
                            self.codes
                                .issue_in(&txn, by, &row, merchant, standard, Some(code))
                                .await
                        }
                    }
                }
            };
            outcomes.push((place, came.map(|(_, said)| entries.extend(said))));
        }
        settle(&txn, id.0, outcomes).await?;
        chain::append(&txn, &self.surroundings, entries).await?;
        txn.commit().await?;
        Ok(())
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
        let id = self.keep(&by, Some(Work::Register), None, items.collect()).await?;
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
}

/// The places of items, each with its terminal's row, which is locked, where it is within the scope.
pub(super) async fn locked(
    txn: &DatabaseTransaction,
    scope: Scope,
    items: Vec<batch_items::Model>,
) -> Result<Vec<(i64, Result<terminals::Model, Failure>)>, Failure> {
    let ids: Vec<Uuid> = items.iter().filter_map(|item| item.terminal_id).collect();
    let mut rows = lock(txn, scope, &ids).await?;
    let with_row = items.into_iter().map(|item| {
        let at = rows.iter().position(|row| Some(row.id) == item.terminal_id);
        let row = at.map(|at| rows.swap_remove(at));
        (item.place, row.ok_or(AppError::NotFound.into()))
    });
    Ok(with_row.collect())
}

/// What an item says of how its work ended; what broke ends the whole work.
fn outcome(came: Result<(), Failure>) -> Result<String, Failure> {
    match came {
        Ok(()) => Ok(DONE.to_owned()),
        Err(Failure::Told(error)) => Ok(error.code().to_owned()),
        Err(broken) => Err(broken),
    }
}

/// Writes down what came of the terminals at these places; what broke ends the whole work.
pub(super) async fn settle(
    txn: &DatabaseTransaction,
    batch: Uuid,
    outcomes: Vec<(i64, Result<(), Failure>)>,
) -> Result<(), Failure> {
    let mut places: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (place, came) in outcomes {
        places.entry(outcome(came)?).or_default().push(place);
    }
    for (outcome, places) in places {
        batch_items::Entity::update_many()
            .col_expr(Column::Outcome, outcome.into())
            .filter(Column::BatchId.eq(batch))
            .filter(Column::Place.is_in(places))
            .exec(txn)
            .await?;
    }
    Ok(())
}
