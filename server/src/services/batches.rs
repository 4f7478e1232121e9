//! Many terminals at once. What is chosen from a list, and what is done to each, is the work of a [`job`], of which the
//! request that asks for it does the first few; codes are issued by the request alone, see [`direct`]. The codes of a batch are made from a key that only the person who issued them is handed, so
//! that they can be shown on the next page and are stored nowhere.

mod direct;
mod found;
mod job;
mod ordered;
mod steps;
mod tags;

use super::failure::Failure;
use super::jobs::{Desk, Leased};
use super::{codes, registration, terminals, verdicts};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{batch_items, batch_jobs, batches};
use app::backend::batches::{Batch, BatchChange, BatchStage, BatchView, Batches, Choice, Opened, Work};
use app::caller::{Caller, CodeIssuer, Manager, Registrar};
use app::domain::{ActivationCode, BatchId, ListedSn};
use app::error::AppError;
use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, DatabaseTransaction, EntityTrait};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;

/// What an item says whose work was done.
const DONE: &str = "done";

/// Answers [`Batches`].
pub struct BatchService {
    database: Database,
    surroundings: Surroundings,
    codes: Arc<codes::CodeService>,
    registration: Arc<registration::RegistrationService>,
    terminals: Arc<terminals::TerminalService>,
    verdicts: Arc<verdicts::VerdictService>,
    desk: Desk<batch_jobs::Entity>,
}

impl Leased for batch_jobs::Entity {
    const KEY: batch_jobs::Column = batch_jobs::Column::BatchId;
    const STAGE: batch_jobs::Column = batch_jobs::Column::Stage;
    const OWNER: batch_jobs::Column = batch_jobs::Column::LeaseOwner;
    const UNTIL: batch_jobs::Column = batch_jobs::Column::LeaseUntil;
    const FURTHER: batch_jobs::Column = batch_jobs::Column::UpdatedAt;
    const ATTEMPTS: batch_jobs::Column = batch_jobs::Column::Attempts;
    const CANCEL: batch_jobs::Column = batch_jobs::Column::CancelRequested;

    fn working() -> Vec<&'static str> {
        [BatchStage::Choosing, BatchStage::Running]
            .map(BatchStage::code)
            .to_vec()
    }
}

/// An item to keep: serial number, terminal, outcome.
type NewItem = (String, Option<Uuid>, Option<String>);

impl BatchService {
    pub(super) fn new(
        database: Database,
        surroundings: Surroundings,
        codes: Arc<codes::CodeService>,
        registration: Arc<registration::RegistrationService>,
        terminals: Arc<terminals::TerminalService>,
        verdicts: Arc<verdicts::VerdictService>,
    ) -> Self {
        Self {
            database,
            surroundings,
            codes,
            registration,
            terminals,
            verdicts,
            desk: Desk::new(),
        }
    }

    /// Makes a batch of these items: with the job that goes on with it, or as something that is being done at once.
    async fn keep(
        &self,
        caller: &Caller,
        work: Option<Work>,
        job: Option<batch_jobs::ActiveModel>,
        items: Vec<NewItem>,
    ) -> Result<BatchId, Failure> {
        let user = caller.user_id().ok_or(AppError::Forbidden)?;
        let now = self.surroundings.now().0;
        let id = self.surroundings.new_id();
        let txn = self.database.begin().await?;
        batches::Entity::insert(batches::ActiveModel {
            id: Set(id),
            user_id: Set(user.0),
            work: Set(work.map(|work| work.code().to_owned())),
            created_at: Set(now),
            begun_at: Set(work.map(|_| now)),
        })
        .exec_without_returning(&txn)
        .await?;
        if let Some(job) = job {
            let job = batch_jobs::ActiveModel {
                batch_id: Set(id),
                ..job
            };
            batch_jobs::Entity::insert(job).exec_without_returning(&txn).await?;
        }
        add(&txn, id, 0, items).await?;
        txn.commit().await?;
        Ok(BatchId(id))
    }

    /// The caller's own batch.
    async fn own(&self, caller: &Caller, id: BatchId) -> Result<Option<batches::Model>, Failure> {
        let found = batches::Entity::find_by_id(id.0).one(self.database.reader()).await?;
        let user = caller.user_id().map(|user| user.0);
        Ok(found.filter(|batch| Some(batch.user_id) == user))
    }

    fn new_key(&self) -> String {
        let mut key = String::with_capacity(64);
        for byte in self.surroundings.bytes::<32>() {
            let _ = write!(key, "{byte:02x}");
        }
        key
    }
}

/// Adds items to a batch, from a place on.
async fn add(txn: &DatabaseTransaction, batch: Uuid, place: i64, items: Vec<NewItem>) -> Result<(), Failure> {
    if items.is_empty() {
        return Ok(());
    }
    let rows = (place..)
        .zip(items)
        .map(|(place, (typed, terminal, outcome))| batch_items::ActiveModel {
            batch_id: Set(batch),
            place: Set(place),
            typed: Set(typed),
            terminal_id: Set(terminal),
            outcome: Set(outcome),
        });
    batch_items::Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// The code of one place of a batch: 70 bits that whoever lacks the key cannot guess.
fn code_of(key: &str, batch: BatchId, place: i64) -> ActivationCode {
    let mut hash = Sha256::new();
    hash.update(b"tillkeeper batch code 1");
    hash.update(u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(key.as_bytes());
    hash.update(batch.0.as_bytes());
    hash.update(place.to_be_bytes());
    let mut entropy = [0; ActivationCode::ENTROPY_BYTES];
    entropy.copy_from_slice(&hash.finalize()[..ActivationCode::ENTROPY_BYTES]);
    ActivationCode::from_entropy(entropy)
}

#[async_trait]
impl Batches for BatchService {
    async fn create(&self, by: CodeIssuer<'_>, choice: &Choice) -> Result<BatchId, AppError> {
        Ok(self.choose(by, choice).await?)
    }

    async fn get(
        &self,
        caller: &Caller,
        id: BatchId,
        view: &BatchView,
        key: Option<&str>,
    ) -> Result<Option<Batch>, AppError> {
        Ok(self.find(caller, id, view, key).await?)
    }

    async fn change(&self, by: Manager<'_>, id: BatchId, change: &BatchChange) -> Result<(), AppError> {
        Ok(self.change_all(by, id, change).await?)
    }

    async fn cancel(&self, by: CodeIssuer<'_>, id: BatchId) -> Result<(), AppError> {
        Ok(self.stop(by, id).await?)
    }

    async fn issue_codes(
        &self,
        by: CodeIssuer<'_>,
        id: BatchId,
        merchant_no: Option<&str>,
    ) -> Result<Opened, AppError> {
        Ok(self.issue_all(by, id, merchant_no).await?)
    }

    async fn register(
        &self,
        by: Registrar<'_>,
        list: &[ListedSn],
        merchant_no: Option<&str>,
    ) -> Result<Opened, AppError> {
        Ok(self.register_all(by, list, merchant_no).await?)
    }
}
