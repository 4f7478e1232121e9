//! Entries appended each in a transaction of its own, on one chain and on many, against inserting the same rows and nothing else.

use crate::{Arguments, Result, median, name};
use app::domain::{ActorKind, LogKind, MerchantId, Outcome, Reason, Told};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder};
use server::clock::Surroundings;
use server::database::Database;
use server::entities::{device_log, log_heads, merchants};
use server::services::chain::{Actor, NewEntry, append, bytes_of, hash_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Who append at the same time.
const WRITERS: usize = 8;

/// Where the bare inserts begin, behind all entries that are appended.
const BARE: i64 = 1_000_000_000;

pub(crate) fn print_head() {
    println!(
        "Appending to the device log, an entry in a transaction, {WRITERS} writers; floor: the same rows inserted, nothing else."
    );
    println!("| | chains | floor, entries/s | Tillkeeper, entries/s | ratio |");
    println!("|---|---:|---:|---:|---:|");
}

pub(crate) async fn measure(database: &Database, arguments: &Arguments) -> Result<()> {
    let merchants = merchants::Entity::find()
        .order_by_asc(merchants::Column::Id)
        .all(database.reader())
        .await?;
    let many: Vec<_> = merchants.iter().map(|merchant| MerchantId(merchant.id)).collect();
    let place = Arc::new(AtomicI64::new(BARE));
    for chains in [many[..1].to_vec(), many] {
        let (mut floor, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..arguments.rounds {
            floor.push(run(database, &chains, arguments.seconds, Some(place.clone())).await?);
            ours.push(run(database, &chains, arguments.seconds, None).await?);
        }
        let (floor, ours) = (median(floor), median(ours));
        println!(
            "| {} | {} | {floor:.0} | {ours:.0} | {:.2} |",
            name(database),
            chains.len(),
            ours / floor
        );
    }
    Ok(())
}

/// Entries per second; bare inserts when there is a `place` to count from.
async fn run(database: &Database, chains: &[MerchantId], seconds: u64, place: Option<Arc<AtomicI64>>) -> Result<f64> {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let writers = (0..WRITERS).map(|writer| {
        let (database, chains, place) = (database.clone(), chains.to_vec(), place.clone());
        tokio::spawn(async move {
            let surroundings = Surroundings::system();
            let mut written = 0_u64;
            while Instant::now() < end {
                let merchant = chains[(writer + usize::try_from(written)?) % chains.len()];
                let txn = database.begin().await?;
                match &place {
                    Some(place) => {
                        let row = row(&surroundings, merchant, place.fetch_add(1, Ordering::Relaxed));
                        device_log::Entity::insert(row.into_active_model().reset_all())
                            .exec_without_returning(&txn)
                            .await?;
                    }
                    None => drop(append(&txn, &surroundings, vec![entry(&surroundings, merchant)]).await?),
                }
                txn.commit().await?;
                written += 1;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(written)
        })
    });
    let mut written = 0;
    for writer in writers.collect::<Vec<_>>() {
        written += writer.await??;
    }
    Ok(written as f64 / begun.elapsed().as_secs_f64())
}

/// A refusal, as it is logged for a merchant.
pub(crate) fn entry(surroundings: &Surroundings, merchant: MerchantId) -> NewEntry {
    NewEntry {
        merchant: Some(merchant),
        occurred: surroundings.now(),
        sn_sent: Some("0820123456".to_owned()),
        terminal: None,
        kind: LogKind::RegistrationFailed,
        outcome: Outcome::Failure,
        reason: Some(Reason::CodeInvalid),
        told: Some(Told::SnOrCodeWrong),
        actor: Actor {
            kind: ActorKind::User,
            id: None,
            label: Some("shengjing".to_owned()),
        },
        address: Some("203.0.113.7".to_owned()),
        correlation: Uuid::nil().simple().to_string(),
        detail: serde_json::json!({ "model": "S90" }),
    }
}

/// The row that appending makes of it.
fn row(surroundings: &Surroundings, merchant: MerchantId, sequence: i64) -> device_log::Model {
    let now = surroundings.now().0;
    let mut row = device_log::Model {
        id: surroundings.new_id(),
        chain: merchant.0,
        sequence,
        occurred_at: now,
        received_at: now,
        sn_sent: Some("0820123456".to_owned()),
        sn_normalized: Some("0820123456".to_owned()),
        terminal_id: None,
        merchant_id: Some(merchant.0),
        kind: LogKind::RegistrationFailed.code().to_owned(),
        outcome: Outcome::Failure.code().to_owned(),
        reason: Some(Reason::CodeInvalid.code().to_owned()),
        told_reason: Some(Told::SnOrCodeWrong.code().to_owned()),
        actor_kind: ActorKind::User.code().to_owned(),
        actor_id: None,
        actor_label: Some("shengjing".to_owned()),
        address: Some("203.0.113.7".to_owned()),
        correlation_id: Uuid::nil().simple().to_string(),
        detail: "{\"model\":\"S90\"}".to_owned(),
        bytes: Vec::new(),
        hash: Vec::new(),
    };
    row.bytes = bytes_of(&[0; 32], &row);
    row.hash = hash_of(&row.bytes).to_vec();
    row
}

/// The heads, which bare inserts leave as they are.
pub(crate) async fn forget_bare(database: &Database) -> Result<()> {
    use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
    let backend = database.writer().get_database_backend();
    let unlock = match backend {
        sea_orm::DbBackend::Sqlite => "DROP TRIGGER tr_device_log_no_delete",
        _ => "ALTER TABLE device_log DISABLE TRIGGER tr_device_log_no_delete",
    };
    database.writer().execute_unprepared(unlock).await?;
    device_log::Entity::delete_many()
        .filter(device_log::Column::Sequence.gte(BARE))
        .exec(database.writer())
        .await?;
    let heads = log_heads::Entity::find().all(database.reader()).await?;
    assert!(heads.iter().all(|head| head.last_sequence < BARE));
    Ok(())
}
