//! Starting and stopping the server.

use crate::clock::Surroundings;
use crate::config::Config;
use crate::database::{Database, DatabaseError};
use crate::router;
use crate::services::checkpoints::keeper::{self, Keeper};
use crate::services::checkpoints::key::{KeyError, SigningKey};
use crate::services::{Services, presence};
use crate::session_store::DatabaseSessions;
use crate::state::AppState;
use app::caller::Caller;
use app::error::AppError;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use futures_util::FutureExt;
use sea_orm::DbErr;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long the head of a request may take, and how long a connection may be idle between two.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long requests that have begun may take once the server was asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The tables could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migration(DbErr),
    /// The key that signs checkpoints of the log cannot be used.
    #[error("{0}; it is the file that TILLKEEPER_LOG_KEY names")]
    Key(#[from] KeyError),
    /// The parts of the server could not be put together.
    #[error("the server could not be set up: {0}")]
    State(String),
    /// The address is taken, or not this machine's.
    #[error("{}", cannot_listen(*address, source))]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The server stopped because of this.
    #[error("the server stopped: {0}")]
    Io(#[from] io::Error),
}

fn cannot_listen(address: SocketAddr, source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            format!("another program listens on {address} already; set TILLKEEPER_LISTEN to another port, or stop it")
        }
        io::ErrorKind::AddrNotAvailable => {
            format!("{address} is no address of this machine; set TILLKEEPER_LISTEN to one that is")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "the system does not let this user listen on {address}; set TILLKEEPER_LISTEN to a port from 1024 up"
            )
        }
        _ => format!("cannot listen on {address} (TILLKEEPER_LISTEN): {source}"),
    }
}

/// Opens the database, brings its tables up to date and answers requests until the process is told to stop (`SIGTERM`,
/// `SIGINT`), which lets requests that have begun end within ten seconds; a second signal does not wait. `ready` is told
/// the address once requests are answered, and the path of the link that creates the first administrator when there is
/// no user yet.
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    config: &Config,
    ready: impl FnOnce(SocketAddr, Option<String>) -> io::Result<()>,
) -> Result<(), ServeError> {
    let stop = Stop::new()?;
    let address = config.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| ServeError::Listen { address, source })?;
    let address = listener.local_addr()?;
    let surroundings = Surroundings::system();
    let key = SigningKey::open_or_create(&config.log_key, &surroundings)?;

    let database = Database::connect(config.database_url.expose()).await?;
    let applied = migrations::up(database.writer()).await.map_err(ServeError::Migration)?;
    tracing::info!(engine = %database.engine(), applied, "the database is up to date");
    let state = AppState::new(config, database.clone(), surroundings.clone())
        .map_err(|error| ServeError::State(error.to_string()))?;
    if !address.ip().is_loopback() && !state.front.secure {
        tracing::warn!("browsers come over plain HTTP: passwords and sessions can be read on the way");
    }
    let set_up = set_up_path(&state).await?;
    let sweeping = [
        tokio::spawn(sweep(router::session_store(&state), state.services.clone())),
        tokio::spawn(sweep_minutely(state.services.clone())),
    ];
    let (stopped, stopping) = oneshot::channel::<()>();
    let watching = tokio::spawn(presence::watch(state.services.presence.clone(), async {
        let _dropped = stopping.await;
    }));
    let keeper = Keeper::new(database.clone(), surroundings, key, config.data_dir.join(keeper::FILE));
    let (ended, ending) = oneshot::channel::<()>();
    let every = Duration::from_millis(u64::try_from(config.log_checkpoint_interval.as_ms()).unwrap_or_default());
    let keeping = tokio::spawn(keeper.watch(every, async {
        let _dropped = ending.await;
    }));
    let (idle, jobs) = work_on_jobs(&state.services);
    let app = router::router(state).into_make_service_with_connect_info::<SocketAddr>();

    let handle = Handle::new();
    tokio::spawn(stop.then_end(handle.clone()));
    let mut server = axum_server::Server::<SocketAddr>::from_listener(listener)
        .acceptor(NoDelayAcceptor::new())
        .http1_only()
        .handle(handle);
    server.http_builder().http1().header_read_timeout(HEAD_TIMEOUT);
    tracing::info!(%address, "listening");
    ready(address, set_up)?;
    server.serve(app).await?;
    sweeping.iter().for_each(JoinHandle::abort);
    // Not aborted: heartbeats that were taken in are written before the database is closed.
    drop(stopped);
    // Nor this: it gives back what it is working on, so that the next start goes on with it at once.
    drop(idle);
    for job in jobs {
        if job.await.is_err() {
            tracing::warn!("the work on imports or batches had ended before");
        }
    }
    if watching.await.is_err() {
        tracing::warn!("the watch over terminals had ended before");
    }
    // The last checkpoint, over all that was written.
    drop(ended);
    if keeping.await.is_err() {
        tracing::warn!("no last checkpoint of the log was taken");
    }

    if let Err(error) = database.close().await {
        tracing::warn!(%error, "the database was not closed cleanly");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Works on imports and batches until what is answered first is dropped.
fn work_on_jobs(services: &Services) -> (oneshot::Sender<()>, [JoinHandle<()>; 2]) {
    let (idle, idling) = oneshot::channel::<()>();
    let idling = async {
        let _dropped = idling.await;
    }
    .shared();
    let (imports, batches) = (services.imports.clone(), services.batches.clone());
    let stop = idling.clone();
    let importing = tokio::spawn(async move { imports.watch(idling).await });
    let changing = tokio::spawn(async move { batches.watch(stop).await });
    (idle, [importing, changing])
}

/// The path of the one-time link that creates the first administrator, when there is no user.
async fn set_up_path(state: &AppState) -> Result<Option<String>, ServeError> {
    let caller = Caller::system("serve");
    let failed = |error: AppError| ServeError::State(error.to_string());
    let by = caller.platform_admin().map_err(failed)?;
    let link = state.services.invitations.set_up(by).await.map_err(failed)?;
    Ok(link.map(|link| format!("/welcome/{}", link.token)))
}

/// Deletes the sessions, the counts of attempts and the kept answers whose time is over, now and every hour.
async fn sweep(sessions: DatabaseSessions, services: Services) {
    let mut hours = tokio::time::interval(Duration::from_secs(60 * 60));
    loop {
        hours.tick().await;
        match sessions.delete_expired().await {
            Ok(deleted) => tracing::debug!(deleted, "expired sessions are gone"),
            Err(error) => tracing::warn!(%error, "expired sessions could not be deleted"),
        }
        if let Err(error) = services.accounts.forget_old_attempts().await {
            tracing::warn!(%error, "old counts of attempts could not be deleted");
        }
        // A failure has been logged.
        if let Ok(deleted) = services.idempotency.delete_expired().await {
            tracing::debug!(deleted, "expired answers are gone");
        }
        if let Ok(forgotten) = services.batches.sweep().await {
            tracing::debug!(forgotten, "old batches are forgotten");
        }
        if let Ok(given_up) = services.imports.sweep().await {
            tracing::debug!(given_up, "imports that nobody came back for are cancelled");
        }
    }
}

/// Marks the activation codes whose time is over and ends the floods of attempts that are, now and every minute, so that the
/// log says so.
async fn sweep_minutely(services: Services) {
    let mut minutes = tokio::time::interval(Duration::from_secs(60));
    loop {
        minutes.tick().await;
        // What went wrong has been logged where it did.
        if let Ok(swept) = services.codes.sweep().await {
            tracing::debug!(swept, "expired codes are marked");
        }
        if let Ok(ended) = services.registration.sweep().await {
            tracing::debug!(ended, "floods of attempts are logged");
        }
        if let Ok(ended) = services.grants.sweep().await {
            tracing::debug!(ended, "expired authorizations are logged");
        }
    }
}

/// The signals that end the server.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The first signal lets requests end, the second does not.
    async fn then_end(mut self, handle: Handle<SocketAddr>) {
        self.next().await;
        tracing::info!("stopping once the requests that have begun are answered");
        handle.graceful_shutdown(Some(GRACE));
        self.next().await;
        handle.shutdown();
    }
}
