//! Entries that are deleted, swapped and put in.

use super::{literal, put_back, told, unlock};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::trust::broken;
use crate::world::{Result, World};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel};
use server::entities::device_log;
use server::services::chain::{bytes_of, hash_of};
use server::services::chain_verify::{Fault, verify};
use uuid::Uuid;

on_both_engines!(deleting_swapping_and_inserting_are_found);

async fn deleting_swapping_and_inserting_are_found(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let entries = told(&world).await?;
    unlock(&world).await?;
    let engine = db.engine();
    let of = |entry: &device_log::Model| literal(engine, entry.id.as_bytes(), true);
    for entry in &entries {
        world
            .sql(&format!("DELETE FROM device_log WHERE id = {}", of(entry)))
            .await?;
        let found = broken(verify(db.reader(), &mut |_| {}).await, "deleted");
        assert_eq!(
            (found.chain, found.sequence, found.fault),
            (entry.chain, entry.sequence, Fault::Missing)
        );
        put_back(&world).await?;
    }
    let pairs = entries
        .iter()
        .flat_map(|one| entries.iter().map(move |other| (one, other)));
    for (one, other) in pairs.filter(|(one, other)| one.id < other.id) {
        // Two entries change places.
        let place = |entry: &device_log::Model| {
            format!(
                "chain = {}, sequence = {}",
                literal(engine, entry.chain.as_bytes(), true),
                entry.sequence
            )
        };
        for (which, to) in [
            (one, "sequence = 999999".to_owned()),
            (other, place(one)),
            (one, place(other)),
        ] {
            world
                .sql(&format!("UPDATE device_log SET {to} WHERE id = {}", of(which)))
                .await?;
        }
        let found = broken(verify(db.reader(), &mut |_| {}).await, "swapped");
        let first = [one, other]
            .into_iter()
            .min_by_key(|entry| (entry.chain, entry.sequence));
        let first = first.ok_or("two entries")?;
        assert_eq!((found.chain, found.sequence), (first.chain, first.sequence), "{found}");
        assert!(matches!(found.fault, Fault::Edited(_)), "{found}");
        put_back(&world).await?;
    }
    for before in &entries {
        // A copy under another key, in front of each entry and behind the last one.
        let chain = literal(engine, before.chain.as_bytes(), true);
        for moved in [1_000_000, -999_999] {
            world
                .sql(&format!(
                    "UPDATE device_log SET sequence = sequence + {moved} WHERE chain = {chain} AND sequence >= {}",
                    before.sequence
                ))
                .await?;
        }
        let mut copy = before.clone();
        copy.id = Uuid::from_u128(before.id.as_u128() + 1);
        insert(&world, copy).await?;
        let found = broken(verify(db.reader(), &mut |_| {}).await, "inserted");
        assert_eq!(
            (found.chain, found.sequence),
            (before.chain, before.sequence),
            "{found}"
        );
        put_back(&world).await?;
    }
    let last = entries.last().ok_or("no entries")?;
    let mut more = last.clone();
    more.id = Uuid::from_u128(last.id.as_u128() + 1);
    more.sequence += 1;
    more.bytes = bytes_of(&last.hash, &more);
    more.hash = hash_of(&more.bytes).to_vec();
    insert(&world, more.clone()).await?;
    let found = broken(verify(db.reader(), &mut |_| {}).await, "behind the end");
    assert_eq!((found.id, found.fault), (Some(more.id), Fault::Surplus));
    put_back(&world).await?;
    let mut astray = more;
    astray.chain = Uuid::from_u128(7);
    astray.sequence = 1;
    insert(&world, astray.clone()).await?;
    let found = broken(verify(db.reader(), &mut |_| {}).await, "a chain of its own");
    assert_eq!((found.id, found.fault), (Some(astray.id), Fault::NoHead));
    Ok(())
}

async fn insert(world: &World<'_>, row: device_log::Model) -> Result<()> {
    let row = row.into_active_model().reset_all();
    device_log::Entity::insert(row)
        .exec_without_returning(world.db.writer())
        .await?;
    Ok(())
}
