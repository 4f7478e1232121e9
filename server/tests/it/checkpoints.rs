//! Checkpoints: what is taken, by one server and by several, and what is left after a fall.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::trust::Evidence;
use crate::world::{Result, World, XIAOMAN};
use server::database::Database;
use server::services::chain_verify::verify_with;
use server::services::checkpoints::file::Frozen;
use server::services::checkpoints::keeper::{Keeper, Taken};
use server::services::checkpoints::{Checkpoint, State};
use std::fs;
use std::io::Write;
use std::time::Duration;
use tokio::sync::watch;

on_both_engines!(
    one_is_taken_when_something_has_happened,
    servers_that_share_a_file_take_turns,
    each_server_vouches_for_the_whole_log,
    a_line_that_was_cut_short_is_none,
    only_what_is_asked_for_is_checked,
    one_is_taken_at_every_interval_and_at_the_end,
);

fn checkpoints(evidence: &Evidence) -> Result<Vec<Checkpoint>> {
    let mut lines = Frozen::open(&evidence.file())?.lines();
    let (mut all, mut state) = (Vec::new(), State::default());
    while let Some(next) = lines.read()? {
        state.advance(&next)?;
        all.push(next);
    }
    Ok(all)
}

async fn try_one(world: &World<'_>, login: &str, sn: &str) -> Result<()> {
    let mut owner = world.signed_in(login).await?;
    owner.post("/actions/register", &[("sn", sn)]).await?;
    Ok(())
}

async fn one_is_taken_when_something_has_happened(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let evidence = Evidence::new()?;
    let keeper = evidence.keeper(db)?;
    assert_eq!(keeper.take().await?, Taken::New { number: 1, chains: 0 });
    assert_eq!(keeper.take().await?, Taken::Nothing);
    try_one(&world, "xiaoman", "NOBODYS1").await?;
    try_one(&world, "shengjing", "NOBODYS2").await?;
    assert_eq!(keeper.take().await?, Taken::New { number: 2, chains: 2 });
    try_one(&world, "xiaoman", "NOBODYS3").await?;
    // Another one that goes on with the same file, as after a restart.
    let keeper = evidence.keeper(db)?;
    assert_eq!(keeper.take().await?, Taken::New { number: 3, chains: 2 });
    assert_eq!(keeper.take().await?, Taken::Nothing);
    let all = checkpoints(&evidence)?;
    let moved: Vec<_> = all.iter().map(|checkpoint| checkpoint.heads.len()).collect();
    assert_eq!(moved, [0, 2, 1], "only what has moved is listed");
    assert_eq!(all[2].heads[0].sequence, 2);
    assert_eq!(
        verify_with(db.reader(), &evidence.options(), &mut |_| {})
            .await?
            .checkpoints,
        3
    );
    // A person has set the file aside: another one begins.
    fs::rename(evidence.file(), evidence.path("aside.jsonl"))?;
    assert_eq!(keeper.take().await?, Taken::New { number: 1, chains: 2 });
    #[cfg(unix)]
    for file in [evidence.file(), evidence.path("key")] {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(file)?.permissions().mode() & 0o777, 0o600);
    }
    Ok(())
}

async fn servers_that_share_a_file_take_turns(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let evidence = Evidence::new()?;
    let other = Database::connect(db.url()).await?;
    let keepers = [evidence.keeper(db)?, evidence.keeper(&other)?, evidence.keeper(&other)?];
    let (done, still) = watch::channel(false);
    let taking = |keeper: Keeper| {
        let still = still.clone();
        tokio::spawn(async move {
            let mut taken = 0;
            while !*still.borrow() {
                if keeper.take().await.map_err(|error| error.to_string())? != Taken::Nothing {
                    taken += 1;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok::<_, String>(taken)
        })
    };
    let tasks: Vec<_> = keepers.into_iter().map(taking).collect();
    for round in 0..20 {
        try_one(&world, "xiaoman", &format!("NOBODYS{round}")).await?;
    }
    done.send(true)?;
    let mut taken = 0;
    for task in tasks {
        taken += task.await??;
    }
    evidence.keeper(db)?.take().await?;
    let all = checkpoints(&evidence)?;
    assert!(all.len() >= taken && taken > 1, "{taken} of {}", all.len());
    assert!(
        all.windows(2)
            .all(|pair| pair[0].heads.len() <= 1 && pair[0].number + 1 == pair[1].number)
    );
    let verified = verify_with(db.reader(), &evidence.options(), &mut |_| {}).await?;
    assert_eq!(verified.checkpoints, all.len() as u64);
    Ok(())
}

async fn each_server_vouches_for_the_whole_log(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let other = Database::connect(db.url()).await?;
    let (one, two) = (Evidence::new()?, Evidence::new()?);
    let (first, second) = (one.keeper(db)?, two.keeper(&other)?);
    for round in 0..3 {
        try_one(&world, "xiaoman", &format!("NOBODYS{round}")).await?;
        first.take().await?;
        try_one(&world, "shengjing", &format!("NOBODYS{round}")).await?;
        second.take().await?;
    }
    let mut options = one.options();
    options.checkpoints.extend(two.options().checkpoints);
    let unknown = verify_with(db.reader(), &options, &mut |_| {}).await;
    assert!(unknown.is_err_and(|error| error.to_string().contains("give it with --public-key")));
    options.keys.extend(two.options().keys);
    assert_eq!(verify_with(db.reader(), &options, &mut |_| {}).await?.checkpoints, 6);
    Ok(())
}

async fn a_line_that_was_cut_short_is_none(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let evidence = Evidence::new()?;
    try_one(&world, "xiaoman", "NOBODYS1").await?;
    evidence.keeper(db)?.take().await?;
    let whole = fs::read(evidence.file())?;
    for length in 1..whole.len() {
        let mut file = fs::OpenOptions::new().append(true).open(evidence.file())?;
        file.write_all(&whole[..length])?;
        verify_with(db.reader(), &evidence.options(), &mut |_| {}).await?;
        if length.is_multiple_of(50) {
            assert_eq!(evidence.keeper(db)?.take().await?, Taken::Nothing);
        }
        fs::write(evidence.file(), &whole)?;
    }
    fs::OpenOptions::new()
        .append(true)
        .open(evidence.file())?
        .write_all(b"{\"number\":2,")?;
    try_one(&world, "xiaoman", "NOBODYS2").await?;
    assert_eq!(evidence.keeper(db)?.take().await?, Taken::New { number: 2, chains: 1 });
    assert_eq!(
        verify_with(db.reader(), &evidence.options(), &mut |_| {})
            .await?
            .checkpoints,
        2
    );
    Ok(())
}

/// `--merchant` and `--since`.
async fn only_what_is_asked_for_is_checked(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let evidence = Evidence::new()?;
    world
        .import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\nFREE0001,PAX,S90,,,\n"))
        .await?;
    for sn in ["NOBODYS1", "NOBODYS2"] {
        try_one(&world, "xiaoman", sn).await?;
        try_one(&world, "shengjing", sn).await?;
    }
    world.clock.set(world.later(10));
    try_one(&world, "xiaoman", "NOBODYS3").await?;
    evidence.keeper(db)?.take().await?;
    let merchant = world.terminals("OWN10001").await?[0]
        .merchant_id
        .map(app::domain::MerchantId);
    let mut options = evidence.options();
    let read = async |options: &_| -> Result<(u64, u64)> {
        let verified = verify_with(db.reader(), options, &mut |_| {}).await?;
        Ok((verified.chains, verified.entries))
    };
    assert_eq!(read(&options).await?, (3, 7));
    options.merchant = merchant;
    assert_eq!(read(&options).await?, (1, 4));
    options.since = Some(world.later(5));
    assert_eq!(read(&options).await?, (1, 1));
    options.merchant = None;
    assert_eq!(read(&options).await?, (3, 1));
    options.since = Some(world.later(50));
    assert_eq!(read(&options).await?, (3, 0));
    options.since = Some(world.later(-5));
    assert_eq!(read(&options).await?, (3, 7));
    Ok(())
}

async fn one_is_taken_at_every_interval_and_at_the_end(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let evidence = Evidence::new()?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let watching = tokio::spawn(evidence.keeper(db)?.watch(Duration::from_millis(20), async {
        let _dropped = stopped.await;
    }));
    let taken = async |wanted: usize| -> Outcome {
        for _ in 0..500 {
            if evidence.file().exists() && checkpoints(&evidence)?.len() == wanted {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(format!("{wanted} checkpoints were not taken").into())
    };
    taken(1).await?;
    try_one(&world, "xiaoman", "NOBODYS1").await?;
    taken(2).await?;
    drop(stop);
    watching.await?;
    // Another one, whose interval never comes: what happened is signed when it ends.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let watching = tokio::spawn(evidence.keeper(db)?.watch(Duration::from_secs(3600), async {
        let _dropped = stopped.await;
    }));
    tokio::time::sleep(Duration::from_millis(200)).await;
    try_one(&world, "xiaoman", "NOBODYS2").await?;
    drop(stop);
    watching.await?;
    assert_eq!(checkpoints(&evidence)?.len(), 3);
    verify_with(db.reader(), &evidence.options(), &mut |_| {}).await?;
    Ok(())
}
