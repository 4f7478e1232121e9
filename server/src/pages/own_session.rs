//! What a form may do with the session that it is sent in.

use app::backend::sessions::OwnSession;
use app::error::AppError;
use async_trait::async_trait;
use std::sync::Arc;
use tower_sessions::Session;

/// The session of a request.
pub(super) struct CurrentSession(Session);

impl CurrentSession {
    /// As the server functions find it in their context.
    pub(super) fn shared(session: Session) -> Arc<dyn OwnSession> {
        Arc::new(Self(session))
    }
}

#[async_trait]
impl OwnSession for CurrentSession {
    async fn renew(&self) -> Result<(), AppError> {
        self.0.cycle_id().await.map_err(|error| {
            tracing::error!(%error, "a session did not get another id");
            AppError::Internal
        })
    }
}
