//! Old months of the log leave for a file, and nothing else ever leaves.

use crate::client::table_rows;
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::trust::{Evidence, broken};
use crate::world::{Result, World, XIAOMAN};
use sea_orm::{EntityTrait, PaginatorTrait};
use server::database::Engine;
use server::entities::{device_log, log_boundaries};
use server::services::chain_verify::verify_with;
use server::services::retention::{Retained, export, kept_from};

on_both_engines!(
    old_months_leave_for_a_file,
    nothing_else_leaves,
    a_log_that_was_tampered_with_stays,
    many_entries_leave_piece_by_piece,
);

async fn tried(world: &World<'_>, sns: &[&str]) -> Result<()> {
    let mut owner = world.signed_in("xiaoman").await?;
    for sn in sns {
        owner.post("/actions/register", &[("sn", sn)]).await?;
    }
    Ok(())
}

/// Entries of March, April and May; it is 20 May.
async fn three_months(world: &World<'_>) -> Result<()> {
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nFREE0001,PAX,S90,,,\n"))
        .await?;
    tried(world, &["MARCH001", "MARCH002"]).await?;
    world.clock.set(world.later(35));
    tried(world, &["APRIL001"]).await?;
    world.clock.set(world.later(80));
    tried(world, &["MAY00001"]).await
}

async fn count(db: &TestDb) -> Result<u64> {
    Ok(device_log::Entity::find().count(db.reader()).await?)
}

async fn old_months_leave_for_a_file(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    three_months(&world).await?;
    let evidence = Evidence::new()?;
    let keeper = evidence.keeper(db)?;
    keeper.take().await?;
    let until = kept_from(world.later(80), 1);
    assert_eq!(server::services::retention::day(until), "2026-04-01");
    let retained = evidence.drop_until(&world, until).await?;
    assert_eq!(retained, Some(Retained { chains: 2, entries: 4 }));
    assert_eq!(count(db).await?, 2);
    let verified = verify_with(db.reader(), &evidence.options(), &mut |_| {}).await?;
    assert_eq!((verified.entries, verified.chains, verified.checkpoints), (2, 2, 1));
    // Nothing is old enough any more, and no file is left of looking.
    assert_eq!(evidence.drop_into(&world, until, "again.jsonl").await?, None);
    let left = std::fs::read_dir(evidence.path(""))?.count();
    assert_eq!(left, 3, "the key, the checkpoints and the export");

    let page = world.signed_in("xiaoman").await?.get("/logs").await?;
    let rows = table_rows(&page.body).concat();
    assert!(
        rows.contains("MAY00001") && rows.contains("APRIL001") && !rows.contains("MARCH"),
        "{rows}"
    );
    let audit = world.signed_in("admin").await?.get("/audit").await?;
    audit.says(&["导出并清理早期设备日志", "2026-04-01"]);

    // The file can be checked without the database, and tells when it was changed.
    let file = evidence.path("export.jsonl");
    let keys = evidence.options().keys;
    let exported = export::verify(&file, &keys, &mut |_| {})?;
    assert_eq!((exported.entries, exported.chains, exported.until), (4, 2, until));
    let text = std::fs::read_to_string(&file)?;
    assert!(text.contains("MARCH001") && !text.contains("APRIL001"), "{text}");
    let lines: Vec<_> = text.lines().collect();
    let mut faulty = vec![
        text.replacen("MARCH001", "MARCH009", 1),
        text.replacen("\"until\":1", "\"until\":2", 1),
        lines[..lines.len() - 1].join("\n"),
        format!("{text}{}\n", lines[1]),
        text.replacen("\"entries\":4", "\"entries\":5", 1),
    ];
    for place in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(place);
        faulty.push(without.join("\n"));
    }
    for wrong in faulty {
        assert_ne!(wrong, text);
        let path = evidence.path("wrong.jsonl");
        std::fs::write(&path, wrong)?;
        assert!(export::verify(&path, &keys, &mut |_| {}).is_err());
    }
    let unknown = export::verify(&file, &[], &mut |_| {}).map_err(|error| error.to_string());
    assert!(unknown.is_err_and(|error| error.contains("not known here")));

    // Later, the next month leaves too.
    let until = kept_from(world.later(80), 0);
    let retained = evidence.drop_into(&world, until, "april.jsonl").await?;
    assert_eq!(retained, Some(Retained { chains: 1, entries: 1 }));
    keeper.take().await?;
    let verified = verify_with(db.reader(), &evidence.options(), &mut |_| {}).await?;
    assert_eq!(verified.entries, 1);
    Ok(())
}

async fn nothing_else_leaves(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    three_months(&world).await?;
    let evidence = Evidence::new()?;
    evidence.drop_until(&world, kept_from(world.later(80), 1)).await?;
    let before = count(db).await?;
    let boundaries = log_boundaries::Entity::find().all(db.reader()).await?;
    assert_eq!(boundaries.len(), 2);
    let (bytes, zeros) = match db.engine() {
        Engine::Sqlite => ("zeroblob(32)", "zeroblob(64)"),
        Engine::Postgres => ("decode(repeat('00', 32), 'hex')", "decode(repeat('00', 64), 'hex')"),
    };
    // A boundary must name an entry that is there; one behind which nothing is old enough lets nothing go.
    let boundary = |hash: &str, until: &str| {
        format!(
            "INSERT INTO log_boundaries SELECT chain, sequence, {hash}, {until}, 0, {bytes}, {bytes}, {zeros} \
             FROM device_log WHERE sn_sent = 'MAY00001'"
        )
    };
    for (attempt, refusal) in [
        ("DELETE FROM device_log".to_owned(), "device_log is append-only"),
        (
            "DELETE FROM device_log WHERE sn_sent = 'APRIL001'".to_owned(),
            "device_log is append-only",
        ),
        (
            "UPDATE device_log SET sn_sent = 'X'".to_owned(),
            "device_log is append-only",
        ),
        (
            "UPDATE log_boundaries SET until = until + 1".to_owned(),
            "log_boundaries is append-only",
        ),
        ("DELETE FROM log_boundaries".to_owned(), "log_boundaries is append-only"),
        (
            boundary(bytes, "9999999999999"),
            "log_boundaries names an entry that is not there",
        ),
        (
            format!("{}; DELETE FROM device_log", boundary("hash", "received_at")),
            "device_log is append-only",
        ),
    ] {
        let refused = world.sql(&attempt).await.map_err(|error| error.to_string());
        assert!(
            refused.as_ref().is_err_and(|error| error.contains(refusal)),
            "{attempt}: {refused:?}"
        );
        assert_eq!(count(db).await?, before, "{attempt}");
    }
    Ok(())
}

async fn a_log_that_was_tampered_with_stays(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    three_months(&world).await?;
    let evidence = Evidence::new()?;
    match db.engine() {
        Engine::Sqlite => world.sql("DROP TRIGGER tr_device_log_no_update").await?,
        Engine::Postgres => {
            world
                .sql("ALTER TABLE device_log DISABLE TRIGGER tr_device_log_no_update")
                .await?
        }
    }
    world
        .sql("UPDATE device_log SET sn_sent = 'OTHER' WHERE sn_sent = 'MARCH002'")
        .await?;
    let before = count(db).await?;
    let refused = evidence
        .drop_until(&world, world.later(60))
        .await
        .map_err(|error| error.to_string());
    assert!(
        refused
            .as_ref()
            .is_err_and(|error| error.contains("nothing was dropped") && error.contains("sn_sent was changed")),
        "{refused:?}"
    );
    assert_eq!(count(db).await?, before);
    assert!(!evidence.path("export.jsonl").exists() && !evidence.path("export.jsonl.part").exists());
    broken(
        verify_with(db.reader(), &evidence.options(), &mut |_| {}).await,
        "an edit",
    );
    Ok(())
}

async fn many_entries_leave_piece_by_piece(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    for hundreds in 0..6 {
        let rows: String = (0..1000)
            .map(|n| format!("OWN{hundreds}{n:06},PAX,S90,,{XIAOMAN},\n"))
            .collect();
        world.import(&rows).await?;
    }
    world.clock.set(world.later(40));
    tried(&world, &["APRIL001"]).await?;
    let evidence = Evidence::new()?;
    let retained = evidence.drop_until(&world, world.later(31)).await?;
    assert_eq!(
        retained,
        Some(Retained {
            chains: 1,
            entries: 6000
        })
    );
    // One transaction drops 5,000 at most.
    assert_eq!(log_boundaries::Entity::find().count(db.reader()).await?, 2);
    let verified = verify_with(db.reader(), &evidence.options(), &mut |_| {}).await?;
    assert_eq!(verified.entries, 1);
    let exported = export::verify(&evidence.path("export.jsonl"), &evidence.options().keys, &mut |_| {})?;
    assert_eq!(exported.entries, 6000);
    Ok(())
}
