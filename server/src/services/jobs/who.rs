//! Whose work a job is, kept with it: a job goes on after the request that asked for it.

use crate::entities::users;
use crate::services::chain::Actor;
use crate::services::failure::{Failure, unreadable};
use app::caller::{Caller, RequestInfo, Scope};
use app::domain::{ActorKind, MerchantId, Role, UserId};
use sea_orm::{ConnectionTrait, EntityTrait};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A caller as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::services) struct Who {
    user: Option<Uuid>,
    login: String,
    /// The role's code; absent for the administrators of jobs that were begun before it was kept.
    #[serde(default)]
    role: Option<String>,
    /// The merchant whose scope it is; absent for the platform's.
    #[serde(default)]
    merchant: Option<Uuid>,
    /// The time zone's IANA name.
    #[serde(default)]
    zone: Option<String>,
    address: Option<String>,
    request: String,
    session: Option<String>,
}

impl Who {
    pub(in crate::services) fn of(caller: &Caller) -> Self {
        let request = caller.request();
        Self {
            user: caller.user_id().map(|user| user.0),
            login: caller.login().to_owned(),
            role: caller.user_id().map(|_| caller.role().code().to_owned()),
            merchant: match caller.scope() {
                Scope::Platform => None,
                Scope::Merchant(merchant) => Some(merchant.0),
            },
            zone: Some(caller.zone().name().to_owned()),
            address: request.address.clone(),
            request: request.id.clone(),
            session: request.session.clone(),
        }
    }

    pub(in crate::services) fn stored(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::Broken(error.to_string()))
    }

    pub(in crate::services) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|_| unreadable("caller"))
    }

    /// The request that asked for it.
    pub(in crate::services) fn request(&self) -> RequestInfo {
        RequestInfo {
            address: self.address.clone(),
            id: self.request.clone(),
            user_agent: None,
            session: self.session.clone(),
        }
    }

    /// As the device log names it.
    pub(in crate::services) fn actor(&self) -> Actor {
        Actor {
            kind: if self.user.is_some() {
                ActorKind::User
            } else {
                ActorKind::System
            },
            id: self.user,
            label: Some(self.login.clone()),
        }
    }

    /// The caller as it was then. Whether it may still do the work is asked with each piece, by [`super::Lease::keep_for`].
    pub(in crate::services) fn caller(&self) -> Result<Caller, Failure> {
        let Some(user) = self.user else {
            return Ok(Caller::system(&self.request));
        };
        let role = match &self.role {
            None => Role::PlatformAdmin,
            Some(code) => code.parse().map_err(|_| unreadable("role"))?,
        };
        let merchant = self.merchant.map(MerchantId);
        let caller = Caller::user(UserId(user), self.login.clone(), role, merchant, self.request())
            .ok_or_else(|| unreadable("caller"))?;
        let zone = self.zone.as_deref().and_then(|name| name.parse().ok());
        Ok(match zone {
            Some(zone) => caller.in_zone(zone),
            None => caller,
        })
    }
}

/// Whether whoever asked for the work may still do it: is neither locked out nor given another role or merchant since.
pub(super) async fn may_still(connection: &impl ConnectionTrait, caller: &Caller) -> Result<bool, Failure> {
    let Some(id) = caller.user_id() else { return Ok(true) };
    let user = users::Entity::find_by_id(id.0).one(connection).await?;
    Ok(user.is_some_and(|user| {
        let scope = user
            .merchant_id
            .map_or(Scope::Platform, |id| Scope::Merchant(MerchantId(id)));
        user.disabled_at.is_none() && user.role == caller.role().code() && scope == caller.scope()
    }))
}
