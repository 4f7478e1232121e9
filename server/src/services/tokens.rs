//! The tokens that terminals authenticate with: what is kept of one, and whose it is.

use super::batch::Batcher;
use super::failure::{Failure, unreadable};
use crate::database::Database;
use crate::entities::terminals::{Column, Entity};
use app::caller::RequestInfo;
use app::domain::{Lifecycle, MerchantId, Reason, TerminalId};
use app::error::AppError;
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Symbols of a token: 256 bits in lower-case hexadecimal.
pub const TOKEN_CHARS: usize = 64;

/// What is kept of a terminal's token, whose 256 bits cannot be searched.
pub(super) fn token_hash(token: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(b"tillkeeper terminal token 1");
    hash.update(token.as_bytes());
    hash.finalize().to_vec()
}

/// A terminal that has proven by its token that it is itself and may talk: it is registered, and neither suspended nor
/// retired. Only [`TokenService::authenticate`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub(super) terminal: TerminalId,
    pub(super) merchant: MerchantId,
    pub(super) lifecycle: Lifecycle,
    pub(super) sn_printed: String,
    pub(super) online: bool,
    pub(super) interval_ms: Option<i64>,
    pub(super) request: RequestInfo,
}

impl Device {
    /// The terminal's key.
    pub fn terminal(&self) -> TerminalId {
        self.terminal
    }

    /// Whose terminal it is.
    pub fn merchant(&self) -> MerchantId {
        self.merchant
    }

    /// Its state: [`Lifecycle::Registered`].
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }

    /// Its serial number as printed, for the log.
    pub fn sn_printed(&self) -> &str {
        &self.sn_printed
    }

    /// Where this request came from.
    pub fn request(&self) -> &RequestInfo {
        &self.request
    }
}

/// Tells whose token it is. Nothing is remembered: each answer is what the database says now. Terminals that ask at the same
/// time share a query.
pub struct TokenService {
    holders: Batcher<Vec<u8>, Result<Option<Holder>, Arc<str>>>,
}

/// What is read of the terminal that a token belongs to.
#[derive(Clone, Debug, FromQueryResult)]
struct Holder {
    id: Uuid,
    merchant_id: Option<Uuid>,
    lifecycle: String,
    sn_printed: String,
    online: bool,
    heartbeat_interval_ms: Option<i64>,
    token_hash: Vec<u8>,
}

impl TokenService {
    pub(super) fn new(database: Database) -> Self {
        let holders = Batcher::start(move |hashes| {
            let database = database.clone();
            async move { holders(&database, hashes).await }
        });
        Self { holders }
    }

    /// The terminal whose token this is, as the database knows it now. A token that was replaced is nobody's, and so is
    /// that of a terminal that is no longer registered.
    ///
    /// **Permissions:** whoever holds the token.
    ///
    /// # Errors
    /// [`AppError::SignInRequired`] for a token that is nobody's; [`AppError::Refused`] with
    /// [`Reason::TerminalSuspended`] or [`Reason::TerminalRetired`]; [`AppError::Internal`].
    pub async fn authenticate(&self, request: &RequestInfo, token: &str) -> Result<Device, AppError> {
        Ok(self.device(request, token).await?)
    }

    async fn device(&self, request: &RequestInfo, token: &str) -> Result<Device, Failure> {
        if token.len() != TOKEN_CHARS || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AppError::SignInRequired.into());
        }
        let holder = self.holder(token).await?.ok_or(AppError::SignInRequired)?;
        let lifecycle: Lifecycle = holder.lifecycle.parse().map_err(|_| unreadable("lifecycle"))?;
        let refused = |reason| Err(AppError::Refused(app::domain::Told::Itself(reason)).into());
        match (lifecycle, holder.merchant_id) {
            (Lifecycle::Registered, Some(merchant)) => Ok(Device {
                terminal: TerminalId(holder.id),
                merchant: MerchantId(merchant),
                lifecycle,
                sn_printed: holder.sn_printed,
                online: holder.online,
                interval_ms: holder.heartbeat_interval_ms,
                request: request.clone(),
            }),
            (Lifecycle::Suspended, _) => refused(Reason::TerminalSuspended),
            (Lifecycle::Retired, _) => refused(Reason::TerminalRetired),
            _ => Err(AppError::SignInRequired.into()),
        }
    }

    async fn holder(&self, token: &str) -> Result<Option<Holder>, Failure> {
        let answer = self.holders.ask(token_hash(token)).await;
        let answer = answer.ok_or_else(|| Failure::Broken("looking up tokens panicked".to_owned()))?;
        answer.map_err(|cause| Failure::Broken(format!("database: {cause}")))
    }
}

/// Who holds the tokens with these hashes, in their order.
async fn holders(database: &Database, hashes: Vec<Vec<u8>>) -> Vec<Result<Option<Holder>, Arc<str>>> {
    // A few lengths only, each a statement that stays prepared.
    let padding = hashes.len().next_power_of_two() - hashes.len();
    let padded = hashes.iter().chain(hashes.iter().take(1).cycle().take(padding));
    let found = Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::MerchantId,
            Column::Lifecycle,
            Column::SnPrinted,
            Column::Online,
            Column::HeartbeatIntervalMs,
            Column::TokenHash,
        ])
        .filter(Column::TokenHash.is_in(padded.cloned()))
        .into_model::<Holder>()
        .all(database.reader())
        .await;
    match found {
        Ok(found) => {
            let found: HashMap<_, _> = found
                .into_iter()
                .map(|holder| (holder.token_hash.clone(), holder))
                .collect();
            hashes.iter().map(|hash| Ok(found.get(hash).cloned())).collect()
        }
        Err(error) => {
            let cause: Arc<str> = error.to_string().into();
            hashes.iter().map(|_| Err(cause.clone())).collect()
        }
    }
}
