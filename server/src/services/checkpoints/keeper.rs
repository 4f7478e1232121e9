//! Taking checkpoints: at an interval and when the server stops.

use super::file::{Appending, FileError};
use super::key::SigningKey;
use super::{Checkpoint, Head, State};
use crate::clock::Surroundings;
use crate::database::Database;
use crate::entities::log_heads;
use sea_orm::{DbErr, EntityTrait, QueryOrder};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// The file's name in the data folder.
pub const FILE: &str = "log-checkpoints.jsonl";

/// Why no checkpoint was taken.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The heads cannot be read.
    #[error("the heads of the log cannot be read: {0}")]
    Database(#[from] DbErr),
    /// A thread for the file ended.
    #[error("the file could not be waited for: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// Takes checkpoints of one database into one file.
pub struct Keeper {
    database: Database,
    surroundings: Surroundings,
    key: Arc<SigningKey>,
    path: PathBuf,
    /// What the file says up to which byte.
    seen: Mutex<(State, u64)>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A checkpoint with this number, over so many chains.
    New {
        /// Its number.
        number: u64,
        /// Chains.
        chains: u64,
    },
    /// Nothing has happened since the last one.
    Nothing,
}

impl Keeper {
    /// One that signs with `key` and appends to the file at `path`.
    pub fn new(database: Database, surroundings: Surroundings, key: SigningKey, path: PathBuf) -> Self {
        Self {
            database,
            surroundings,
            key: Arc::new(key),
            path,
            seen: Mutex::default(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a checkpoint, unless nothing has happened since the last one in the file. Heads that have gone back, as after an
    /// older backup was put in place, are signed as they are and warned of: `log verify` will name them.
    ///
    /// # Errors
    /// [`KeeperError`]; the file is then as it was.
    pub async fn take(&self) -> Result<Taken, KeeperError> {
        let mut seen = self.seen.lock().await;
        let (mut state, mut read_to) = std::mem::take(&mut *seen);
        let path = self.path.clone();
        // The lock on the file is held from reading it until it is written: another process that shares it then goes on
        // from this checkpoint, with heads that are no older.
        let (file, state, read_to) = tokio::task::spawn_blocking(move || {
            Appending::open(&path, &mut state, &mut read_to).map(|file| (file, state, read_to))
        })
        .await??;
        let heads = self.heads().await?;
        for head in &heads {
            if let Some((sequence, hash)) = state.head(head.chain)
                && (head.sequence < sequence || head.sequence == sequence && head.hash != hash)
            {
                tracing::error!(
                    chain = %head.chain,
                    "the device log is not what its last checkpoint says; run tillkeeper log verify"
                );
            }
        }
        let checkpoint = Checkpoint::next(&self.key, &state, &heads, self.surroundings.now());
        if checkpoint.heads.is_empty() && state.number() > 0 {
            *seen = (state, read_to);
            return Ok(Taken::Nothing);
        }
        let (end, state, checkpoint) = tokio::task::spawn_blocking(move || {
            let end = file.append(&checkpoint)?;
            let mut state = state;
            // It was made from this state.
            let _follows = state.advance(&checkpoint);
            Ok::<_, FileError>((end, state, checkpoint))
        })
        .await??;
        *seen = (state, end);
        Ok(Taken::New {
            number: checkpoint.number,
            chains: checkpoint.chains,
        })
    }

    async fn heads(&self) -> Result<Vec<Head>, KeeperError> {
        let found = log_heads::Entity::find()
            .order_by_asc(log_heads::Column::Chain)
            .all(self.database.reader())
            .await?;
        found
            .into_iter()
            .map(|head| {
                let hash = head.last_hash.try_into();
                Ok(Head {
                    chain: head.chain,
                    sequence: head.last_sequence,
                    hash: hash.map_err(|_| DbErr::Type("a hash does not have 32 bytes".to_owned()))?,
                })
            })
            .collect()
    }

    /// Takes a checkpoint, and tells the log what came of it.
    pub async fn take_and_tell(&self) {
        match self.take().await {
            Ok(Taken::New { number, chains }) => tracing::debug!(number, chains, "a checkpoint of the log was taken"),
            Ok(Taken::Nothing) => {}
            Err(error) => tracing::error!(%error, "no checkpoint of the log could be taken"),
        }
    }

    /// Takes one now, at every interval, and a last one when `stop` comes.
    pub async fn watch(self, interval: Duration, stop: impl Future<Output = ()>) {
        let mut interval = tokio::time::interval(interval);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                _ = interval.tick() => self.take_and_tell().await,
                () = &mut stop => break,
            }
        }
        self.take_and_tell().await;
    }
}
