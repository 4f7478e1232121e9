//! What is another merchant's is told of as what never was.

use super::matrix::{invitation, peopled};
use super::{ANYBODYS, Line, NEVER, TABLE, Things, ask, things};
use crate::client::{Answer, Client, between, table_rows, without_chance};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, SHENGJING, World, XIAOMAN};
use axum::http::StatusCode;

on_both_engines!(what_is_anothers_never_was, what_is_anothers_is_not_found);

/// An answer without what changes with each, and without the things that it is about.
fn constant(answer: &Answer, things: &Things) -> String {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let nonce = between(policy, "'nonce-", "'").unwrap_or("no nonce").to_owned();
    let told = format!("{} {:?}\n{}", answer.status, answer.headers, answer.body).replace(&nonce, "NONCE");
    let told = things
        .iter()
        .fold(told, |told, (_, thing)| told.replace(thing, "THING"));
    without_chance(&told)
}

/// Where two texts part, for reading.
fn parting(one: &str, other: &str) -> Option<(String, String)> {
    let at = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from = |text: &str| text.chars().skip(at.saturating_sub(60)).take(160).collect();
    (one != other).then(|| (from(one), from(other)))
}

/// The names of things that stand in a line.
fn named(line: &Line) -> Vec<String> {
    let (_, address, fields, _) = line;
    let texts = std::iter::once(*address).chain(fields.iter().map(|(_, value)| *value));
    texts
        .flat_map(|text| text.split('{').skip(1))
        .filter_map(|rest| Some(format!("{{{}}}", rest.split('}').next()?)))
        .filter(|name| !ANYBODYS.contains(&name.as_str()))
        .collect()
}

async fn what_is_anothers_never_was(db: &TestDb) -> Outcome {
    let site = tempfile::tempdir()?;
    let world = peopled(db, &site).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut own = things(&world).await?;
    own.extend(invitation(&mut owner).await?);
    let never: Things = own
        .iter()
        .map(|(name, thing)| {
            let never = NEVER.iter().find(|(known, _)| known == name);
            let never = never.map_or(thing.clone(), |(_, never)| (*never).to_owned());
            (*name, never)
        })
        .collect();
    let mut compared = 0;
    for login in ["stranger", "their.clerk"] {
        let client = world.signed_in(login).await?;
        for line in TABLE {
            let names = named(line);
            for name in &names {
                let known = NEVER.iter().any(|(known, _)| known == name);
                assert!(known, "{name} of {} needs one that never was in NEVER", line.1);
            }
            if names.is_empty() {
                continue;
            }
            // Each from the same browser with the same cookies.
            let theirs = ask(&mut client.clone(), line, &own).await?;
            let nobodys = ask(&mut client.clone(), line, &never).await?;
            let parting = parting(&constant(&theirs, &own), &constant(&nobodys, &never));
            assert_eq!(parting, None, "{login}: {} {}", line.0, line.1);
            compared += 1;
        }
    }
    assert!(compared > 25, "{compared}");
    Ok(())
}

/// An answer about a serial number.
async fn about(client: &mut Client, path: &str, sn: &str) -> Result<(StatusCode, String)> {
    let things = vec![("{sn}", sn.to_owned())];
    let answer = client.get(&path.replace("{sn}", sn)).await?;
    Ok((answer.status, constant(&answer, &things)))
}

async fn what_is_anothers_is_not_found(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world
        .import(&format!(
            "OWN10001,PAX,S90,,{XIAOMAN},\nOTHER001,PAX,S90,,{SHENGJING},\nFREE0001,PAX,S90,,,\n"
        ))
        .await?;
    let app = [
        ("package", "com.OTHER001"),
        ("name_zh", "x"),
        ("name_en", "x"),
        ("publisher", "x"),
    ];
    let mut admin = world.signed_in("admin").await?;
    admin.post("/actions/app-create", &app).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    for path in [
        "/devices/{sn}",
        "/devices?q={sn}",
        "/logs?sn={sn}",
        "/devices/find?sn={sn}",
        "/apps/com.{sn}",
    ] {
        for sn in ["OTHER001", "FREE0001"] {
            let there = about(&mut owner, path, sn).await?;
            assert_eq!(there, about(&mut owner, path, "NEVER001").await?, "{path} {sn}");
        }
    }
    assert_eq!(owner.get("/devices/OTHER001").await?.status, StatusCode::NOT_FOUND);
    let list = owner.get("/devices").await?;
    assert_eq!(table_rows(&list.body).len(), 1);
    Ok(())
}
