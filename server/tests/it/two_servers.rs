//! Two servers over one database are one to everybody; one that starts again goes on where it was.

use crate::client::Client;
use crate::program::{Process, run};
use crate::support::{Outcome, TestDb};
use crate::world::{PASSWORD, Result, World};
use axum::http::StatusCode;

/// The same browser at another server.
fn moved(client: &Client, to: &Process) -> Client {
    let mut moved = to.client();
    moved.cookies = client.cookies.clone();
    moved
}

async fn is_in(client: &mut Client) -> Result<bool> {
    Ok(client.get("/logs").await?.status == StatusCode::OK)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_postgres_share_all() -> Outcome {
    let db = TestDb::postgres().await?;
    World::new(&db).await?;
    let (one, two) = tokio::try_join!(Process::serve(&db, &[]), Process::serve(&db, &[]))?;
    let mut here = one.signed_in("xiaoman").await?;
    let mut there = moved(&here, &two);
    assert!(is_in(&mut there).await?, "a session of one is one of the other");

    // Whichever server they come to.
    for place in 0..10 {
        let server = if place % 2 == 0 { &one } else { &two };
        let wrong = [("login", "shengjing"), ("password", "wrong")];
        let answer = server.client().post("/sign-in", &wrong).await?;
        // All come from one address, of which five are allowed in a minute.
        let expected = if place < 5 {
            StatusCode::SEE_OTHER
        } else {
            StatusCode::TOO_MANY_REQUESTS
        };
        assert_eq!(answer.status, expected, "{place}");
    }
    assert!(is_in(&mut here).await?, "who is in stays in");

    // Starting again changes nothing.
    let log = one.stop().await?;
    assert!(!log.contains("ERROR"), "{log}");
    let one = Process::serve(&db, &[]).await?;
    let mut here = moved(&here, &one);
    assert!(is_in(&mut here).await?, "a session outlives the server");
    let right = [("login", "shengjing"), ("password", PASSWORD)];
    let answer = one.client().post("/sign-in", &right).await?;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "so does a limit");
    assert!(answer.header("retry-after").is_some());

    // What ends at one ends at both: signing out, and what an administrator does on the command line.
    here.post("/sign-out", &[]).await?;
    assert!(!is_in(&mut there).await?);
    Ok(())
}

async fn commands_end_sessions(db: &TestDb) -> Outcome {
    World::new(db).await?;
    let server = Process::serve(db, &[]).await?;
    let mut owner = server.signed_in("xiaoman").await?;
    let mut admin = server.signed_in("admin").await?;
    let disable = ["user", "disable", "xiaoman"];
    let told = run(db, &[("TILLKEEPER_LOG", "error")], &disable, "").await?;
    assert_eq!(told, "xiaoman was disabled and is signed out everywhere.\n");
    assert!(!is_in(&mut owner).await?);
    assert!(is_in(&mut admin).await?);
    run(db, &[], &["user", "enable", "xiaoman"], "").await?;
    assert!(!is_in(&mut owner).await?, "what has ended does not come back");
    let mut owner = server.signed_in("xiaoman").await?;
    let password = "the herons stand in the reeds";
    let set = ["user", "set-password", "xiaoman"];
    let told = run(db, &[], &set, &format!("{password}\n")).await?;
    assert!(
        told.contains("The password of xiaoman was set.") && !told.contains(password),
        "{told}"
    );
    assert!(!is_in(&mut owner).await?);
    let fields = [("login", "xiaoman"), ("password", password)];
    assert_eq!(server.client().post("/sign-in", &fields).await?.location(), Some("/"));
    let mut owner = server.signed_in("shengjing").await?;
    server.stop().await?;
    let server = Process::serve(db, &[]).await?;
    owner = moved(&owner, &server);
    assert!(is_in(&mut owner).await?, "a session outlives the server");
    Ok(())
}

crate::on_both_engines!(commands_end_sessions);
