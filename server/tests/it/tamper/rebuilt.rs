//! What fits together within the database, and is found by a checkpoint outside it.

use super::{copy, entries, literal, put_back, told, unlock};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::trust::{Evidence, broken};
use crate::world::{Result, World};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use server::database::{Database, Engine};
use server::entities::{device_log, log_heads};
use server::services::chain::{bytes_of, hash_of};
use server::services::chain_verify::{Fault, Options, verify, verify_with};
use uuid::Uuid;

on_both_engines!(
    what_fits_together_is_found_by_a_checkpoint,
    an_old_state_is_found_by_a_checkpoint,
    another_key_vouches_for_nothing,
);

/// Makes a chain anew from an entry on: that one with another reason, all after it with new hashes, and the head.
async fn rebuild(world: &World<'_>, chain: Uuid, from: i64) -> Result<()> {
    let rows = device_log::Entity::find()
        .filter(device_log::Column::Chain.eq(chain))
        .order_by_asc(device_log::Column::Sequence)
        .all(world.db.reader())
        .await?;
    let mut hash = vec![0; 32];
    for mut row in rows {
        if row.sequence >= from {
            if row.sequence == from {
                row.correlation_id = "something else".to_owned();
            }
            row.bytes = bytes_of(&hash, &row);
            row.hash = hash_of(&row.bytes).to_vec();
            row.clone()
                .into_active_model()
                .reset_all()
                .update(world.db.writer())
                .await?;
        }
        hash.clone_from(&row.hash);
    }
    set_head(world, chain, None, hash).await
}

async fn set_head(world: &World<'_>, chain: Uuid, sequence: Option<i64>, hash: Vec<u8>) -> Result<()> {
    let head = log_heads::Entity::find_by_id(chain).one(world.db.reader()).await?;
    let mut head = head.ok_or("no head")?;
    head.last_sequence = sequence.unwrap_or(head.last_sequence);
    head.last_hash = hash;
    head.into_active_model().reset_all().update(world.db.writer()).await?;
    Ok(())
}

async fn what_fits_together_is_found_by_a_checkpoint(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    told(&world).await?;
    let evidence = Evidence::new()?;
    evidence.keeper(db)?.take().await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for sn in ["NOBODYS3", "NOBODYS4", "NOBODYS5"] {
        owner.post("/actions/register", &[("sn", sn)]).await?;
    }
    evidence.keeper(db)?.take().await?;
    let all = entries(db).await?;
    let options = evidence.options();
    assert_eq!(verify_with(db.reader(), &options, &mut |_| {}).await?.checkpoints, 2);
    unlock(&world).await?;
    let chain = all
        .iter()
        .map(|entry| entry.chain)
        .find(|chain| !chain.is_nil())
        .ok_or("a merchant")?;
    let of_chain: Vec<_> = all.iter().filter(|entry| entry.chain == chain).collect();
    let last = of_chain.len() as i64;
    for from in 1..=last {
        rebuild(&world, chain, from).await?;
        verify(db.reader(), &mut |_| {}).await?;
        let found = broken(verify_with(db.reader(), &options, &mut |_| {}).await, "rebuilt");
        assert_eq!(found.chain, chain);
        // The first checkpoint that speaks of the entry, or of one behind it.
        assert!(found.sequence >= from && found.id.is_some(), "{found}");
        match &found.fault {
            Fault::Rewritten(signed) => assert!(signed.good < from, "{found}"),
            other => panic!("{other:?}"),
        }
        put_back(&world).await?;
    }
    let sql_chain = literal(db.engine(), chain.as_bytes(), true);
    for left in 0..last {
        // The tail is cut off, and the head is set back.
        world
            .sql(&format!(
                "DELETE FROM device_log WHERE chain = {sql_chain} AND sequence > {left}"
            ))
            .await?;
        let hash = of_chain.iter().find(|entry| entry.sequence == left);
        set_head(
            &world,
            chain,
            Some(left),
            hash.map_or(vec![0; 32], |entry| entry.hash.clone()),
        )
        .await?;
        verify(db.reader(), &mut |_| {}).await?;
        let found = broken(verify_with(db.reader(), &options, &mut |_| {}).await, "cut");
        assert_eq!(found.chain, chain);
        assert!(found.sequence > left && matches!(found.fault, Fault::Cut(_)), "{found}");
        put_back(&world).await?;
    }
    // All of a merchant's chain, and its head.
    for table in ["device_log", "log_heads"] {
        world
            .sql(&format!("DELETE FROM {table} WHERE chain = {sql_chain}"))
            .await?;
    }
    verify(db.reader(), &mut |_| {}).await?;
    let found = broken(verify_with(db.reader(), &options, &mut |_| {}).await, "a chain is gone");
    assert!(matches!(found.fault, Fault::Cut(_)), "{found}");
    Ok(())
}

async fn an_old_state_is_found_by_a_checkpoint(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    told(&world).await?;
    let evidence = Evidence::new()?;
    let old = evidence.path("old.db");
    match db.engine() {
        Engine::Sqlite => world.sql(&format!("VACUUM INTO '{}'", old.display())).await?,
        Engine::Postgres => copy(&world).await?,
    }
    let mut owner = world.signed_in("xiaoman").await?;
    owner.post("/actions/register", &[("sn", "NOBODYS6")]).await?;
    evidence.keeper(db)?.take().await?;
    verify_with(db.reader(), &evidence.options(), &mut |_| {}).await?;
    let restored = match db.engine() {
        Engine::Sqlite => Database::connect(&format!("sqlite:{}", old.display())).await?,
        Engine::Postgres => {
            world
                .sql("ALTER TABLE device_log DISABLE TRIGGER USER; ALTER TABLE log_boundaries DISABLE TRIGGER USER")
                .await?;
            world.sql("DELETE FROM device_log; DELETE FROM log_boundaries").await?;
            for table in ["log_heads", "device_log"] {
                world
                    .sql(&format!(
                        "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}"
                    ))
                    .await?;
            }
            Database::clone(db)
        }
    };
    verify(restored.reader(), &mut |_| {}).await?;
    let found = broken(
        verify_with(restored.reader(), &evidence.options(), &mut |_| {}).await,
        "old",
    );
    assert!(matches!(found.fault, Fault::Cut(_)), "{found}");
    Ok(())
}

async fn another_key_vouches_for_nothing(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    told(&world).await?;
    let (evidence, other) = (Evidence::new()?, Evidence::new()?);
    evidence.keeper(db)?.take().await?;
    let options = Options {
        keys: other.options().keys,
        ..evidence.options()
    };
    let refused = verify_with(db.reader(), &options, &mut |_| {}).await;
    let refused = refused.map_err(|error| error.to_string());
    assert!(
        refused
            .as_ref()
            .is_err_and(|error| error.contains("which is not known here")),
        "{refused:?}"
    );
    // A line that somebody wrote or changed is none.
    let text = std::fs::read_to_string(evidence.file())?;
    for (from, to) in [
        ("\"number\":1", "\"number\":2"),
        ("\"sequence\":1", "\"sequence\":2"),
        ("\"at\":", "\"at\":1"),
    ] {
        assert!(text.contains(from), "{text}");
        std::fs::write(evidence.file(), text.replacen(from, to, 1))?;
        let refused = verify_with(db.reader(), &evidence.options(), &mut |_| {}).await;
        let refused = refused.map_err(|error| error.to_string());
        assert!(
            refused.is_err_and(|error| error.starts_with("line 1 of the checkpoints ")),
            "{from}"
        );
    }
    Ok(())
}
