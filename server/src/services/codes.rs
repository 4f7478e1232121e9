//! Activation codes: issuing them, and telling what became of one. What pages ask of them is in [`service`].

mod service;

use super::chain::{Actor, NewEntry};
use super::failure::Failure;
use crate::clock::Surroundings;
use crate::entities::activation_codes::{ActiveModel, Column, Entity, Model};
use crate::entities::terminals;
use app::backend::codes::Lifetime;
use app::backend::registration::IssuedCode;
use app::caller::RequestInfo;
use app::domain::{ActivationCode, LogKind, MerchantId, Outcome, Reason, TerminalId, Timestamp, UserId};
use sea_orm::sea_query::LockType;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};

pub use service::CodeService;

const ISSUED: &str = "issued";
const CONSUMED: &str = "consumed";
const EXPIRED: &str = "expired";
const REVOKED: &str = "revoked";

/// For whom and by whom a code is issued.
pub(super) struct NewCode<'a> {
    pub(super) terminal: &'a terminals::Model,
    pub(super) merchant: MerchantId,
    pub(super) issued_by: Option<UserId>,
    pub(super) actor: Actor,
    pub(super) request: &'a RequestInfo,
    pub(super) lifetime: Lifetime,
    /// The code, where it has to be made again from what only the asker holds; a random one otherwise.
    pub(super) code: Option<ActivationCode>,
}

/// What is kept of a code. Its 70 bits cannot be searched, so that one round of a plain hash is enough.
pub fn hash_of(code: &ActivationCode) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"tillkeeper activation code 1");
    hash.update(code.symbols());
    hash.finalize().to_vec()
}

/// Withdraws the code that is out for a terminal, when there is one. Answers what the log has to say.
pub(super) async fn withdraw(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    terminal: &terminals::Model,
    actor: &Actor,
    request: &RequestInfo,
) -> Result<Vec<NewEntry>, Failure> {
    let now = surroundings.now();
    let mut entries = Vec::new();
    let out = Entity::find()
        .filter(Column::TerminalId.eq(terminal.id))
        .filter(Column::State.eq(ISSUED))
        .all(txn)
        .await?;
    for code in out {
        let (state, kind) = if code.expires_at > now.0 {
            (REVOKED, LogKind::CodeRevoked)
        } else {
            (EXPIRED, LogKind::CodeExpired)
        };
        entries.push(entry(surroundings, terminal, code.merchant_id, actor, request, kind));
        end(txn, code, state, now).await?;
    }
    Ok(entries)
}

fn entry(
    surroundings: &Surroundings,
    terminal: &terminals::Model,
    merchant: uuid::Uuid,
    actor: &Actor,
    request: &RequestInfo,
    kind: LogKind,
) -> NewEntry {
    NewEntry {
        merchant: Some(MerchantId(merchant)),
        terminal: Some(TerminalId(terminal.id)),
        sn_sent: Some(terminal.sn_printed.clone()),
        ..NewEntry::of(surroundings, request, actor.clone(), kind, Outcome::Info)
    }
}

/// Issues a code and withdraws the one that was out for the terminal. Answers the code and what the log has to say.
pub(super) async fn issue(
    txn: &DatabaseTransaction,
    surroundings: &Surroundings,
    new: NewCode<'_>,
) -> Result<(IssuedCode, Vec<NewEntry>), Failure> {
    let now = surroundings.now();
    let mut entries = withdraw(txn, surroundings, new.terminal, &new.actor, new.request).await?;
    let code = new
        .code
        .unwrap_or_else(|| ActivationCode::from_entropy(surroundings.bytes()));
    let expires = now.plus_ms(new.lifetime.ms());
    Entity::insert(ActiveModel {
        id: Set(surroundings.new_id()),
        terminal_id: Set(new.terminal.id),
        merchant_id: Set(new.merchant.0),
        code_hash: Set(hash_of(&code)),
        state: Set(ISSUED.to_owned()),
        issued_by: Set(new.issued_by.map(|user| user.0)),
        issued_at: Set(now.0),
        expires_at: Set(expires.0),
        ended_at: Set(None),
    })
    .exec_without_returning(txn)
    .await?;
    let (terminal, merchant) = (new.terminal, new.merchant.0);
    entries.push(entry(
        surroundings,
        terminal,
        merchant,
        &new.actor,
        new.request,
        LogKind::CodeIssued,
    ));
    Ok((IssuedCode { code, expires }, entries))
}

/// The code that was keyed in for one of `terminals`, when it works now.
///
/// Answers the true reason when it does not; only [`Reason::CodeInvalid`] when it is none of theirs.
pub(super) async fn find(
    txn: &DatabaseTransaction,
    text: &str,
    terminals: &[terminals::Model],
    now: Timestamp,
) -> Result<Result<Model, Reason>, Failure> {
    let Ok(code) = ActivationCode::parse(text) else {
        return Ok(Err(Reason::CodeInvalid));
    };
    let found = Entity::find()
        .filter(Column::CodeHash.eq(hash_of(&code)))
        .lock(LockType::NoKeyUpdate)
        .one(txn)
        .await?;
    let Some(code) = found.filter(|code| terminals.iter().any(|t| t.id == code.terminal_id)) else {
        return Ok(Err(Reason::CodeInvalid));
    };
    Ok(match code.state.as_str() {
        ISSUED if code.expires_at > now.0 => Ok(code),
        ISSUED | EXPIRED => Err(Reason::CodeExpired),
        CONSUMED => Err(Reason::CodeUsed),
        _ => Err(Reason::CodeRevoked),
    })
}

/// Marks a code as used.
pub(super) async fn consume(txn: &DatabaseTransaction, code: Model, now: Timestamp) -> Result<(), Failure> {
    end(txn, code, CONSUMED, now).await
}

/// On the condition that the code is still what was decided on.
async fn end(txn: &DatabaseTransaction, code: Model, state: &str, now: Timestamp) -> Result<(), Failure> {
    let ended = Entity::update_many()
        .col_expr(Column::State, state.into())
        .col_expr(Column::EndedAt, now.0.into())
        .filter(Column::Id.eq(code.id))
        .filter(Column::State.eq(code.state))
        .exec(txn)
        .await?;
    match ended.rows_affected {
        1 => Ok(()),
        _ => Err(Failure::Broken("a code has changed its state meanwhile".to_owned())),
    }
}
