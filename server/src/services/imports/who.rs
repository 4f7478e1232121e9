//! Whose work a job is, kept with it: a job goes on after the request that asked for it.

use crate::services::chain::Actor;
use crate::services::failure::{Failure, unreadable};
use app::caller::{Caller, RequestInfo};
use app::domain::{ActorKind, Role, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A caller as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Who {
    user: Option<Uuid>,
    login: String,
    address: Option<String>,
    request: String,
    session: Option<String>,
}

impl Who {
    pub(super) fn of(caller: &Caller) -> Self {
        let request = caller.request();
        Self {
            user: caller.user_id().map(|user| user.0),
            login: caller.login().to_owned(),
            address: request.address.clone(),
            request: request.id.clone(),
            session: request.session.clone(),
        }
    }

    pub(super) fn stored(&self) -> Result<String, Failure> {
        serde_json::to_string(self).map_err(|error| Failure::Broken(error.to_string()))
    }

    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|_| unreadable("caller"))
    }

    /// The request that asked for it.
    pub(super) fn request(&self) -> RequestInfo {
        RequestInfo {
            address: self.address.clone(),
            id: self.request.clone(),
            user_agent: None,
            session: self.session.clone(),
        }
    }

    /// As the device log names it.
    pub(super) fn actor(&self) -> Actor {
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

    /// As the audit log names it: only administrators import.
    pub(super) fn caller(&self) -> Result<Caller, Failure> {
        let Some(user) = self.user else {
            return Ok(Caller::system(&self.request));
        };
        Caller::user(
            UserId(user),
            self.login.clone(),
            Role::PlatformAdmin,
            None,
            self.request(),
        )
        .ok_or_else(|| unreadable("caller"))
    }
}
