//! Checking the log against hashing its bytes alone: bytes that are in memory already, and bytes that are read in order.

use crate::append::{entry, forget_bare};
use crate::{Arguments, Result, median, name};
use app::domain::MerchantId;
use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, PaginatorTrait, QuerySelect, StreamTrait};
use server::clock::Surroundings;
use server::database::Database;
use server::entities::{device_log, merchants};
use server::services::chain::{append, hash_of};
use server::services::chain_verify::verify;
use std::time::Instant;

/// At least this share of what hashing alone comes to.
const LEAST_RATIO: f64 = 0.5;
/// Entries of one transaction.
const CHUNK: u64 = 5000;

pub(crate) fn print_head() {
    println!("\nChecking the device log; floors: its bytes hashed in memory, and its bytes read in order and hashed.");
    println!(
        "| | entries | in memory, entries/s | read, entries/s | Tillkeeper, entries/s | ratio (bar {LEAST_RATIO}) to memory | to reading |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|");
}

pub(crate) async fn measure(database: &Database, arguments: &Arguments) -> Result<()> {
    forget_bare(database).await?;
    fill(database, arguments.verify).await?;
    let (mut memory, mut reading, mut ours) = (Vec::new(), Vec::new(), Vec::new());
    let mut entries = 0;
    for _ in 0..arguments.rounds {
        memory.push(in_memory(database).await?);
        reading.push(read(database).await?);
        let begun = Instant::now();
        entries = verify(database.reader(), &mut |_| {}).await?.entries;
        ours.push(entries as f64 / begun.elapsed().as_secs_f64());
    }
    let (memory, reading, ours) = (median(memory), median(reading), median(ours));
    println!(
        "| {} | {entries} | {memory:.0} | {reading:.0} | {ours:.0} | {:.2} | {:.2} |",
        name(database),
        ours / memory,
        ours / reading
    );
    Ok(())
}

async fn fill(database: &Database, wanted: u64) -> Result<()> {
    let surroundings = Surroundings::system();
    let merchants = merchants::Entity::find().all(database.reader()).await?;
    let have = device_log::Entity::find().count(database.reader()).await?;
    for chunk in 0..wanted.saturating_sub(have).div_ceil(CHUNK) {
        let merchant = merchants.iter().cycle().nth(usize::try_from(chunk)?);
        let merchant = MerchantId(merchant.ok_or("no merchant")?.id);
        let entries = (0..CHUNK).map(|_| entry(&surroundings, merchant)).collect();
        let txn = database.begin().await?;
        append(&txn, &surroundings, entries).await?;
        txn.commit().await?;
    }
    Ok(())
}

async fn in_memory(database: &Database) -> Result<f64> {
    let all: Vec<Vec<u8>> = device_log::Entity::find()
        .select_only()
        .column(device_log::Column::Bytes)
        .into_tuple()
        .all(database.reader())
        .await?;
    let begun = Instant::now();
    let mut sum = 0_u64;
    for bytes in &all {
        sum += u64::from(hash_of(bytes)[0]);
    }
    let rate = all.len() as f64 / begun.elapsed().as_secs_f64();
    std::hint::black_box(sum);
    Ok(rate)
}

async fn read(database: &Database) -> Result<f64> {
    let query = sea_orm::sea_query::Query::select()
        .columns([device_log::Column::Bytes, device_log::Column::Hash])
        .from(device_log::Entity)
        .order_by(device_log::Column::Chain, sea_orm::Order::Asc)
        .order_by(device_log::Column::Sequence, sea_orm::Order::Asc)
        .take();
    let begun = Instant::now();
    let mut entries = 0_u64;
    let mut rows = database.reader().stream(&query).await?;
    while let Some(row) = rows.try_next().await? {
        let (bytes, hash): (Vec<u8>, Vec<u8>) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        if hash != hash_of(&bytes) {
            return Err("an entry's hash is wrong".into());
        }
        entries += 1;
    }
    Ok(entries as f64 / begun.elapsed().as_secs_f64())
}
