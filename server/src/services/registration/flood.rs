//! Attempts that are turned away whatever they are, because too many went wrong before. The first of a window is logged as
//! every attempt is; of all of them the log says once how many they were, when the window has ended.

use super::RegistrationService;
use super::refusal::{self, Attempt, Refusal};
use crate::clock::Surroundings;
use crate::entities::floods::{ActiveModel, Column, Entity, Model};
use crate::entities::terminals;
use crate::services::chain::{self, Actor, NewEntry};
use crate::services::failure::Failure;
use crate::services::throttle::{self, Key};
use app::caller::RequestInfo;
use app::domain::{
    ActorKind, Lifecycle, LogKind, MerchantId, Outcome, Reason, SerialNumber, TerminalId, Timestamp, Told,
};
use app::error::AppError;
use sea_orm::sea_query::{LockBehavior, LockType};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

/// Most floods that one transaction ends.
const ROWS: u64 = 100;

/// What an attempt is about, as far as the log says it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct About {
    merchant: Option<MerchantId>,
    terminal: Option<TerminalId>,
    sn_sent: Option<String>,
    address: Option<String>,
}

impl RegistrationService {
    /// Refuses an attempt because too many went wrong before, whatever this one is.
    pub(super) async fn turn_away<T>(
        &self,
        txn: DatabaseTransaction,
        mut attempt: Attempt,
        until: Timestamp,
    ) -> Result<T, Failure> {
        let standings = throttle::count(&txn, &attempt.counted, self.surroundings.now()).await?;
        // The narrowest of those that are over: what floods one serial number floods its address, too, a little later.
        let mut counted = attempt.counted.iter().zip(&standings).rev();
        let over = counted.find(|(_, standing)| standing.over);
        // One that is not over now was when this was asked for: its window has just ended.
        let ends = over.and_then(|(_, standing)| standing.locked_until).unwrap_or(until);
        let about = about(&txn, &attempt).await?;
        let begun = match over {
            Some((key, _)) => self.note(&txn, key, ends, &about).await?,
            None => true,
        };
        if begun {
            attempt.merchant = about.merchant;
            let ended = Refusal {
                terminal: about.terminal,
                told: Some(AppError::Throttled(until)),
                ..Refusal::of(Reason::TooManyAttempts)
            };
            return refusal::finish(txn, &self.surroundings, attempt, ended.into()).await;
        }
        txn.commit().await?;
        Err(AppError::Throttled(until).into())
    }

    /// Counts one that was turned away; answers whether it is the first of its window. The count of the key is locked, so
    /// that of two at once one is the first.
    async fn note(
        &self,
        txn: &DatabaseTransaction,
        key: &Key,
        ends: Timestamp,
        about: &About,
    ) -> Result<bool, Failure> {
        let now = self.surroundings.now();
        let (kind, hash) = key.parts();
        let found = Entity::find_by_id((kind.to_owned(), hash.to_vec(), ends.0))
            .lock(LockType::Update)
            .one(txn)
            .await?;
        if let Some(flood) = found {
            self.one_more(txn, flood, about, now).await?;
            return Ok(false);
        }
        Entity::insert(ActiveModel {
            kind: Set(kind.to_owned()),
            key_hash: Set(hash.to_vec()),
            merchant_id: Set(about.merchant.map(|merchant| merchant.0)),
            terminal_id: Set(about.terminal.map(|terminal| terminal.0)),
            sn_sent: Set(about.sn_sent.clone()),
            address: Set(about.address.clone()),
            began_at: Set(now.0),
            last_at: Set(now.0),
            ends_at: Set(ends.0),
            turned_away: Set(1),
        })
        .exec_without_returning(txn)
        .await?;
        Ok(true)
    }

    async fn one_more(
        &self,
        txn: &DatabaseTransaction,
        flood: Model,
        about: &About,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let same = |kept: Option<String>, now: &Option<String>| kept.filter(|kept| Some(kept) == now.as_ref());
        let merchant = flood.merchant_id.filter(|id| about.merchant == Some(MerchantId(*id)));
        let terminal = flood.terminal_id.filter(|id| about.terminal == Some(TerminalId(*id)));
        Entity::update_many()
            .col_expr(Column::MerchantId, merchant.into())
            .col_expr(Column::TerminalId, terminal.into())
            .col_expr(Column::SnSent, same(flood.sn_sent, &about.sn_sent).into())
            .col_expr(Column::Address, same(flood.address, &about.address).into())
            .col_expr(Column::LastAt, now.0.into())
            .col_expr(Column::TurnedAway, flood.turned_away.saturating_add(1).into())
            .filter(Column::Kind.eq(flood.kind))
            .filter(Column::KeyHash.eq(flood.key_hash))
            .filter(Column::EndsAt.eq(flood.ends_at))
            .exec(txn)
            .await?;
        Ok(())
    }

    /// Says in the log how many were turned away in the windows that have ended; answers how many windows those were.
    ///
    /// **Permissions:** Tillkeeper itself.
    ///
    /// # Errors
    /// [`AppError::Internal`].
    pub async fn sweep(&self) -> Result<usize, AppError> {
        let mut ended = 0;
        loop {
            let found = self.sweep_some().await?;
            ended += found;
            if found < ROWS as usize {
                return Ok(ended);
            }
        }
    }

    async fn sweep_some(&self) -> Result<usize, Failure> {
        let txn = self.database.begin().await?;
        let floods = Entity::find()
            .filter(Column::EndsAt.lte(self.surroundings.now().0))
            .order_by_asc(Column::EndsAt)
            .limit(ROWS)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .all(&txn)
            .await?;
        let found = floods.len();
        self.end(&txn, floods).await?;
        txn.commit().await?;
        Ok(found)
    }

    /// Takes floods that have ended away and tells the log of them. One that was a single attempt has been told.
    async fn end(&self, txn: &DatabaseTransaction, floods: Vec<Model>) -> Result<(), Failure> {
        let request = RequestInfo {
            id: self.surroundings.new_id().simple().to_string(),
            ..RequestInfo::default()
        };
        let mut entries = Vec::new();
        for flood in floods {
            Entity::delete_by_id((flood.kind.clone(), flood.key_hash.clone(), flood.ends_at))
                .exec(txn)
                .await?;
            if flood.turned_away > 1 {
                entries.push(entry(&self.surroundings, &request, flood));
            }
        }
        chain::append(txn, &self.surroundings, entries).await?;
        Ok(())
    }
}

/// What an attempt is about. A terminal's attempt is about the one that has its serial number, a person's only about one of
/// the person's own. The same is asked for every serial number, known or not.
async fn about(txn: &DatabaseTransaction, attempt: &Attempt) -> Result<About, Failure> {
    let mut about = About {
        merchant: attempt.merchant,
        terminal: None,
        sn_sent: Some(refusal::printable(&attempt.sn_sent)),
        address: attempt.request.address.clone(),
    };
    let Ok(sn) = SerialNumber::parse(&attempt.sn_sent) else {
        return Ok(about);
    };
    // Without locks: whoever holds the counts waits for no terminal.
    let live: Vec<(Uuid, Option<Uuid>)> = terminals::Entity::find()
        .select_only()
        .columns([terminals::Column::Id, terminals::Column::MerchantId])
        .filter(terminals::Column::Sn.eq(sn.as_str()))
        .filter(terminals::Column::Lifecycle.ne(Lifecycle::Retired.code()))
        .into_tuple()
        .all(txn)
        .await?;
    if let [(id, owner)] = live.as_slice() {
        let owner = owner.map(MerchantId);
        if attempt.actor.kind == ActorKind::Terminal {
            (about.merchant, about.terminal) = (owner, Some(TerminalId(*id)));
        } else if owner == attempt.merchant {
            about.terminal = Some(TerminalId(*id));
        }
    }
    Ok(about)
}

fn entry(surroundings: &Surroundings, request: &RequestInfo, flood: Model) -> NewEntry {
    let system = Actor {
        kind: ActorKind::System,
        id: None,
        label: None,
    };
    let entry = NewEntry::of(
        surroundings,
        request,
        system,
        LogKind::RegistrationFailed,
        Outcome::Failure,
    );
    NewEntry {
        merchant: flood.merchant_id.map(MerchantId),
        occurred: Timestamp(flood.last_at),
        terminal: flood.terminal_id.map(TerminalId),
        sn_sent: flood.sn_sent,
        reason: Some(Reason::TooManyAttempts),
        told: Some(Told::Itself(Reason::TooManyAttempts)),
        address: flood.address,
        detail: json!({ "turned_away": flood.turned_away, "from": flood.began_at, "until": flood.last_at }),
        ..entry
    }
}
