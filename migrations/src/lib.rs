//! The shape of what is kept: one file per change, the same definition for SQLite and PostgreSQL.
//!
//! [`up`] and [`down`] each do all of their work in one transaction that holds a lock, so two servers that start
//! together are safe and a migration that fails leaves nothing behind.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};

mod append_only;
mod m20261122_000001_merchants;
mod m20261122_000002_users;
mod m20261122_000003_imports;
mod m20261122_000004_terminals;
mod m20261122_000005_activation_codes;
mod m20261122_000006_apps;
mod m20261122_000007_device_log;
mod m20261122_000008_audit_log;
mod m20261122_000009_idempotency_keys;
mod m20261123_000010_presence;
mod m20261123_000011_audit_log_order;
mod m20261123_000012_throttles;
mod m20261123_000013_invitations;
mod m20261123_000014_second_factors;
mod m20261123_000019_batches;
mod m20261124_000020_login_skeletons;
mod m20261124_000022_floods;
mod m20261124_000024_grant_ends;
mod m20261124_000025_grant_drafts;
mod m20261124_000026_merchant_care;
mod m20261124_000027_device_log_filters;
mod m20261124_000028_log_boundaries;
mod m20261124_000031_search;
mod m20261124_000032_sorting;
mod m20261124_000037_grants_of_all;
mod m20261124_000038_registration_days;
mod m20261124_000039_import_jobs;
mod m20261124_000040_import_changes;
mod m20261125_000041_list_settings;
mod m20261125_000042_batch_jobs;
mod m20261125_000045_unconnected;
mod m20261125_000046_import_previews;
mod m20261125_000047_import_tries;
mod m20261129_000048_search_places;
mod m20261129_000049_model_states;
mod m20261129_000050_longer_grams;
mod m20261130_000051_grams_everywhere;
mod m20261130_000052_undo_problems;
mod shape;

/// The PostgreSQL advisory lock that migrating takes: "tillkeep" in ASCII, so that it meets no other program's.
const LOCK: i64 = i64::from_be_bytes(*b"tillkeep");

/// Every migration, oldest first.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_merchants::Migration),
            Box::new(m20261122_000002_users::Migration),
            Box::new(m20261122_000003_imports::Migration),
            Box::new(m20261122_000004_terminals::Migration),
            Box::new(m20261122_000005_activation_codes::Migration),
            Box::new(m20261122_000006_apps::Migration),
            Box::new(m20261122_000007_device_log::Migration),
            Box::new(m20261122_000008_audit_log::Migration),
            Box::new(m20261122_000009_idempotency_keys::Migration),
            Box::new(m20261123_000010_presence::Migration),
            Box::new(m20261123_000011_audit_log_order::Migration),
            Box::new(m20261123_000012_throttles::Migration),
            Box::new(m20261123_000013_invitations::Migration),
            Box::new(m20261123_000014_second_factors::Migration),
            Box::new(m20261123_000019_batches::Migration),
            Box::new(m20261124_000020_login_skeletons::Migration),
            Box::new(m20261124_000022_floods::Migration),
            Box::new(m20261124_000024_grant_ends::Migration),
            Box::new(m20261124_000025_grant_drafts::Migration),
            Box::new(m20261124_000026_merchant_care::Migration),
            Box::new(m20261124_000027_device_log_filters::Migration),
            Box::new(m20261124_000028_log_boundaries::Migration),
            Box::new(m20261124_000031_search::Migration),
            Box::new(m20261124_000032_sorting::Migration),
            Box::new(m20261124_000037_grants_of_all::Migration),
            Box::new(m20261124_000038_registration_days::Migration),
            Box::new(m20261124_000039_import_jobs::Migration),
            Box::new(m20261124_000040_import_changes::Migration),
            Box::new(m20261125_000041_list_settings::Migration),
            Box::new(m20261125_000042_batch_jobs::Migration),
            Box::new(m20261125_000045_unconnected::Migration),
            Box::new(m20261125_000046_import_previews::Migration),
            Box::new(m20261125_000047_import_tries::Migration),
            Box::new(m20261129_000048_search_places::Migration),
            Box::new(m20261129_000049_model_states::Migration),
            Box::new(m20261129_000050_longer_grams::Migration),
            Box::new(m20261130_000051_grams_everywhere::Migration),
            Box::new(m20261130_000052_undo_problems::Migration),
        ]
    }
}

/// Applies what is pending and says how many that were. A database that is current is only read.
///
/// # Errors
/// Whatever the database reports, and a database that knows migrations which this program does not (it was made by a
/// newer version). Nothing has changed then.
pub async fn up(db: &DatabaseConnection) -> Result<usize, DbErr> {
    if is_current(db).await? {
        return Ok(0);
    }
    let transaction = begin_locked(db).await?;
    // Counted under the lock: another server may have done the work while this one waited.
    let pending = Migrator::get_pending_migrations_read_only(&transaction).await?.len();
    Migrator::up(&transaction, None).await?;
    transaction.commit().await?;
    Ok(pending)
}

/// Takes back the newest `steps` migrations (all of them when there are fewer) and says how many that were. The data in
/// their tables is lost.
///
/// # Errors
/// Whatever the database reports. Nothing has changed then.
pub async fn down(db: &DatabaseConnection, steps: u32) -> Result<usize, DbErr> {
    let transaction = begin_locked(db).await?;
    let before = applied(&transaction).await?;
    Migrator::down(&transaction, Some(steps)).await?;
    let after = applied(&transaction).await?;
    transaction.commit().await?;
    Ok(before - after)
}

/// Every migration, oldest first, with whether it has been applied. Reads only.
///
/// # Errors
/// Whatever the database reports, and a database made by a newer version.
pub async fn status(db: &DatabaseConnection) -> Result<Vec<(String, bool)>, DbErr> {
    let all = Migrator::get_migration_with_status_read_only(db).await?;
    Ok(all
        .iter()
        .map(|one| {
            (
                one.name().to_owned(),
                one.status() == sea_orm_migration::MigrationStatus::Applied,
            )
        })
        .collect())
}

/// Whether nothing is pending. Reads only.
///
/// # Errors
/// Whatever the database reports, and a database made by a newer version.
pub async fn is_current(db: &DatabaseConnection) -> Result<bool, DbErr> {
    Ok(Migrator::get_pending_migrations_read_only(db).await?.is_empty())
}

async fn applied(transaction: &DatabaseTransaction) -> Result<usize, DbErr> {
    Ok(Migrator::get_applied_migrations_read_only(transaction).await?.len())
}

/// Begins the one transaction that everything happens in, holding the lock that keeps other servers out until it ends.
async fn begin_locked(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    match db.get_database_backend() {
        DbBackend::Sqlite => {
            db.begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await
        }
        backend => {
            let transaction = db.begin().await?;
            transaction
                .execute_raw(Statement::from_sql_and_values(
                    backend,
                    "SELECT pg_advisory_xact_lock($1)",
                    [LOCK.into()],
                ))
                .await?;
            Ok(transaction)
        }
    }
}
