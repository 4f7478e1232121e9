//! Many terminals at once. The codes of a batch are made from a key that only the person who issued them is handed, so
//! that they can be shown on the next page and are stored nowhere.

mod work;

use super::failure::{Failure, unreadable};
use super::{codes, registration, terminals, verdicts};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::{activation_codes, batch_items, batches};
use app::backend::batches::{Batch, BatchItem, Batches, Came, Choice, MAX_ITEMS, Opened, Work};
use app::backend::lifecycle::Change;
use app::backend::registration::IssuedCode;
use app::backend::terminals::{TerminalQuery, TerminalRow};
use app::caller::{Caller, CodeIssuer, Manager, Registrar};
use app::domain::{ActivationCode, BatchId, ListedSn, TerminalId, Timestamp};
use app::error::{AppError, Invalid};
use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use uuid::Uuid;

/// How long a batch is kept.
const KEPT_MS: i64 = 7 * Timestamp::DAY_MS;

/// Pages of a list that are looked at for what belongs to a batch.
const PAGES: usize = 20;

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
        }
    }

    async fn choose(&self, by: CodeIssuer<'_>, choice: &Choice) -> Result<BatchId, Failure> {
        let mut rows = match choice {
            Choice::These(ids) if ids.len() > MAX_ITEMS => return Err(Invalid::TooMany.into()),
            Choice::These(ids) => self.terminals.rows_of(&by, ids).await?,
            Choice::Listed(query) => self.first_listed(&by, query).await?,
        };
        if rows.is_empty() {
            return Err(Invalid::NothingChosen.into());
        }
        rows.sort_by(|a, b| (&a.sn, a.id).cmp(&(&b.sn, b.id)));
        let items = rows.into_iter().map(|row| (row.sn_printed, Some(row.id.0), None));
        self.keep(&by, None, items.collect()).await
    }

    /// What the first pages of a list show. Of a rare reason, so many pages are looked at and no more.
    async fn first_listed(&self, caller: &Caller, query: &TerminalQuery) -> Result<Vec<TerminalRow>, Failure> {
        let mut query = TerminalQuery {
            cursor: None,
            ..query.clone()
        };
        let mut rows = Vec::new();
        for _ in 0..PAGES {
            let page = self.verdicts.judge_page(caller, &query, MAX_ITEMS).await?;
            rows.extend(page.rows.into_iter().map(|judged| judged.row));
            query.cursor = page.next;
            if query.cursor.is_none() || rows.len() >= MAX_ITEMS {
                break;
            }
        }
        rows.truncate(MAX_ITEMS);
        Ok(rows)
    }

    /// Keeps a batch, and forgets this person's old ones.
    async fn keep(&self, caller: &Caller, work: Option<Work>, items: Vec<NewItem>) -> Result<BatchId, Failure> {
        let user = caller.user_id().ok_or(AppError::Forbidden)?;
        let now = self.surroundings.now();
        let id = self.surroundings.new_id();
        let txn = self.database.begin().await?;
        batches::Entity::delete_many()
            .filter(batches::Column::UserId.eq(user.0))
            .filter(batches::Column::CreatedAt.lt(now.plus_ms(-KEPT_MS).0))
            .exec(&txn)
            .await?;
        batches::Entity::insert(batches::ActiveModel {
            id: Set(id),
            user_id: Set(user.0),
            work: Set(work.map(|work| work.code().to_owned())),
            created_at: Set(now.0),
            begun_at: Set(work.map(|_| now.0)),
        })
        .exec_without_returning(&txn)
        .await?;
        let items = (0_i64..)
            .zip(items)
            .map(|(place, (typed, terminal, outcome))| batch_items::ActiveModel {
                batch_id: Set(id),
                place: Set(place),
                typed: Set(typed),
                terminal_id: Set(terminal),
                outcome: Set(outcome),
            });
        batch_items::Entity::insert_many(items)
            .exec_without_returning(&txn)
            .await?;
        txn.commit().await?;
        Ok(BatchId(id))
    }

    /// The caller's own batch.
    async fn own(&self, caller: &Caller, id: BatchId) -> Result<Option<batches::Model>, Failure> {
        let found = batches::Entity::find_by_id(id.0).one(self.database.reader()).await?;
        let user = caller.user_id().map(|user| user.0);
        Ok(found.filter(|batch| Some(batch.user_id) == user))
    }

    async fn items(&self, id: BatchId) -> Result<Vec<batch_items::Model>, Failure> {
        Ok(batch_items::Entity::find()
            .filter(batch_items::Column::BatchId.eq(id.0))
            .order_by_asc(batch_items::Column::Place)
            .all(self.database.reader())
            .await?)
    }

    async fn find(&self, caller: &Caller, id: BatchId, key: Option<&str>) -> Result<Option<Batch>, Failure> {
        let Some(batch) = self.own(caller, id).await? else {
            return Ok(None);
        };
        let work = match batch.work.as_deref() {
            None => None,
            Some(code) => Some(Work::parse(code).ok_or_else(|| unreadable("work"))?),
        };
        let items = self.items(id).await?;
        let ids: Vec<_> = items
            .iter()
            .filter_map(|item| item.terminal_id)
            .map(TerminalId)
            .collect();
        let rows = self.terminals.rows_of(caller, &ids).await?;
        let rows: HashMap<Uuid, TerminalRow> = rows.into_iter().map(|row| (row.id.0, row)).collect();
        let shows_codes = matches!(work, Some(Work::Register | Work::IssueCodes));
        let mut codes = match key.filter(|_| shows_codes) {
            Some(key) => self.codes_of(id, key, &items).await?,
            None => HashMap::new(),
        };
        let items = items
            .into_iter()
            .map(|item| BatchItem {
                terminal: item.terminal_id.and_then(|id| rows.get(&id).cloned()),
                code: codes.remove(&item.place),
                typed: item.typed,
                came: match item.outcome {
                    None => Came::Nothing,
                    Some(done) if done == DONE => Came::Done,
                    Some(why) => Came::Refused(why),
                },
            })
            .collect();
        Ok(Some(Batch {
            id,
            created: Timestamp(batch.created_at),
            work,
            items,
        }))
    }

    /// The codes of a batch that still work, by place.
    async fn codes_of(
        &self,
        id: BatchId,
        key: &str,
        items: &[batch_items::Model],
    ) -> Result<HashMap<i64, IssuedCode>, Failure> {
        let done = items.iter().filter(|item| item.outcome.as_deref() == Some(DONE));
        let made: Vec<_> = done.map(|item| (item.place, code_of(key, id, item.place))).collect();
        let hashes = made.iter().map(|(_, code)| codes::hash_of(code));
        let kept = activation_codes::Entity::find()
            .filter(activation_codes::Column::CodeHash.is_in(hashes))
            .filter(activation_codes::Column::State.eq("issued"))
            .filter(activation_codes::Column::ExpiresAt.gt(self.surroundings.now().0))
            .all(self.database.reader())
            .await?;
        let expiry: HashMap<Vec<u8>, i64> = kept.into_iter().map(|code| (code.code_hash, code.expires_at)).collect();
        Ok(made
            .into_iter()
            .filter_map(|(place, code)| {
                let expires = Timestamp(*expiry.get(&codes::hash_of(&code))?);
                Some((place, IssuedCode { code, expires }))
            })
            .collect())
    }

    fn new_key(&self) -> String {
        let mut key = String::with_capacity(64);
        for byte in self.surroundings.bytes::<32>() {
            let _ = write!(key, "{byte:02x}");
        }
        key
    }
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

    async fn get(&self, caller: &Caller, id: BatchId, key: Option<&str>) -> Result<Option<Batch>, AppError> {
        Ok(self.find(caller, id, key).await?)
    }

    async fn change(&self, by: Manager<'_>, id: BatchId, change: &Change) -> Result<(), AppError> {
        Ok(self.change_all(by, id, change).await?)
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
