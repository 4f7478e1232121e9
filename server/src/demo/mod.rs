//! Demo data: believable merchants, stores and terminals in every state, and a device log with a failure story. The same
//! for everyone apart from passwords; instants are relative to the clock.
//!
//! Everything is one transaction, so that a run that was interrupted leaves nothing.

mod apps;
mod bulk;
mod calendar;
mod catalogue;
mod dice;
mod fleet;
mod hardship;
mod people;
mod serials;
mod signals;
mod story;
mod world;

pub use people::SignIn;

use crate::clock::Surroundings;
use crate::database::{Database, Engine};
use crate::entities::{merchants, terminals, users};
use crate::services::passwords::PasswordError;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::io;

/// Terminals of the demo proper; those beyond it are only many.
pub const TERMINALS: u64 = 120;

/// Page cache while many rows are inserted, in KiB: the leaves of fourteen indexes.
const CACHE_KIB: u32 = 256 * 1024;

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How many terminals, [`TERMINALS`] or more.
    pub terminals: u64,
    /// The password of every user; without one, each gets another.
    pub password: Option<String>,
}

/// Why no demo data were made. The database is as it was.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The database is not empty.
    #[error("the database holds data already; demo data go into an empty one only")]
    InUse,
    /// A password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The sign-ins could not be kept.
    #[error("the sign-ins cannot be written: {0}")]
    Keep(io::Error),
    /// The database refused.
    #[error("the database refused: {0}")]
    Database(#[from] DbErr),
}

/// What a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Nobody and nothing.
    Nothing,
    /// Demo data, and perhaps what was done with them since.
    Demo,
    /// Something else.
    Other,
}

/// What `db` holds.
///
/// # Errors
/// What the database says.
pub async fn contents(db: &impl ConnectionTrait) -> Result<Contents, DbErr> {
    let demo = users::Entity::find()
        .filter(users::Column::Login.eq(people::ADMIN_LOGIN))
        .filter(users::Column::DisplayName.eq(people::ADMIN_NAME))
        .one(db)
        .await?;
    if demo.is_some() {
        return Ok(Contents::Demo);
    }
    let somebody = users::Entity::find().limit(1).one(db).await?.is_some();
    let something = merchants::Entity::find().limit(1).one(db).await?.is_some()
        || terminals::Entity::find().limit(1).one(db).await?.is_some();
    Ok(if somebody || something {
        Contents::Other
    } else {
        Contents::Nothing
    })
}

/// Fills an empty database and answers who can sign in. `keep` is given the sign-ins before anything is final;
/// `progress` is told how many terminals are there, every so often.
///
/// # Errors
/// [`DemoError`].
pub async fn seed(
    database: &Database,
    surroundings: &Surroundings,
    options: &Options,
    keep: impl FnOnce(&[SignIn]) -> io::Result<()>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Vec<SignIn>, DemoError> {
    if contents(database.reader()).await? != Contents::Nothing {
        return Err(DemoError::InUse);
    }
    let sign_ins = people::sign_ins(surroundings, options.password.as_deref());
    let hashes = people::hashes(surroundings, &sign_ins).await?;
    if database.engine() == Engine::Sqlite {
        database
            .writer()
            .execute_unprepared(&format!("PRAGMA cache_size = -{CACHE_KIB}"))
            .await?;
    }

    let txn = database.begin().await?;
    if contents(&txn).await? != Contents::Nothing {
        return Err(DemoError::InUse);
    }
    let mut world = world::World::new(surroundings.now(), options.terminals);
    world.insert(&txn).await?;
    let users = people::insert(&txn, &mut world, &sign_ins, &hashes).await?;
    bulk::insert(&txn, &mut world, progress).await?;
    let fleet = fleet::insert(&txn, &mut world).await?;
    progress(options.terminals);
    let told = match users.first() {
        Some(admin) => apps::insert(&txn, &world, &fleet, story::Person::at_the_platform(admin)).await?,
        None => Vec::new(),
    };
    story::tell(&txn, &mut world, &users, &fleet, told).await?;
    keep(&sign_ins).map_err(DemoError::Keep)?;
    txn.commit().await?;

    if database.engine() == Engine::Postgres {
        // Its planner knows nothing of so many new rows until it has looked.
        database.writer().execute_unprepared("ANALYZE").await?;
    }
    Ok(sign_ins)
}
