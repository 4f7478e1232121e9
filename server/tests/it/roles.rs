//! On PostgreSQL the server's role cannot change the logs, whatever becomes of the server: by the statements that
//! docs/postgres.md tells operators to run.

use crate::support::{Outcome, TestDb};
use crate::trust::{Evidence, broken};
use crate::world::{Result, World, XIAOMAN};
use sea_orm::ConnectionTrait;
use server::database::Database;
use server::services::chain_verify::verify_with;
use server::services::checkpoints::keeper::Taken;

/// What the page tells to run in the database, once its tables are there.
fn grants(role: &str) -> Result<String> {
    let page = include_str!("../../../docs/postgres.md");
    let (_, rest) = page
        .split_once("```sql\n-- As the owner")
        .ok_or("no statements for the owner")?;
    let (statements, _) = rest.split_once("```").ok_or("no end of the statements")?;
    let statements = format!("-- As the owner{statements}");
    assert!(statements.contains("tillkeeper_app"));
    // The tests' own user is the owner, who need not be named.
    Ok(statements
        .replace("tillkeeper_app", role)
        .replace("FOR ROLE tillkeeper_owner ", ""))
}

/// The URL with another user, who has the same password.
fn url_of(url: &str, role: &str) -> Result<(String, Option<String>)> {
    let (scheme, rest) = url.split_once("://").ok_or("no scheme")?;
    let (person, place) = rest.split_once('@').ok_or("no user")?;
    Ok(match person.split_once(':') {
        Some((_, password)) => (
            format!("{scheme}://{role}:{password}@{place}"),
            Some(urlencoding::decode(password)?.into_owned()),
        ),
        None => (format!("{scheme}://{role}@{place}"), None),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_server_cannot_change_the_logs() -> Outcome {
    let db = TestDb::postgres().await?;
    let world = World::new(&db).await?;
    world.import(&format!("OWN10001,PAX,S90,,{XIAOMAN},\n")).await?;
    let role = format!("tillkeeper_app_{}", std::process::id());
    let (url, password) = url_of(db.url(), &role)?;
    let password = password.map_or(String::new(), |password| format!(" PASSWORD '{password}'"));
    world.sql(&format!("CREATE ROLE {role} LOGIN{password}")).await?;
    let told = story(&world, &role, &url).await;
    world.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await?;
    told
}

async fn story(world: &World<'_>, role: &str, url: &str) -> Outcome {
    world.sql(&grants(role)?).await?;
    let database = Database::connect(url).await?;
    // The server's start, and everything that a person does.
    assert_eq!(migrations::up(database.writer()).await?, 0);
    let (mut owner, _) = world.server_over(database.clone())?;
    let fields = [("login", "xiaoman"), ("password", crate::world::PASSWORD)];
    assert_eq!(owner.post("/sign-in", &fields).await?.location(), Some("/"));
    owner
        .submit("/actions/register", &[("sn", "OWN10001")])
        .await?
        .says(&["OWN10001"]);
    owner.post("/actions/register", &[("sn", "NOBODYS1")]).await?;
    assert_eq!(world.terminals("OWN10001").await?[0].lifecycle, "registered");
    let evidence = Evidence::new()?;
    assert!(matches!(evidence.keeper(&database)?.take().await?, Taken::New { .. }));

    for table in ["device_log", "audit_log", "log_boundaries"] {
        for attempt in [
            format!("UPDATE {table} SET id = id"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("ALTER TABLE {table} DISABLE TRIGGER USER"),
            format!("DROP TABLE {table}"),
        ] {
            let attempt = match table {
                "log_boundaries" => attempt.replace("id = id", "sequence = 0"),
                _ => attempt,
            };
            refused(&database, &attempt).await;
        }
    }
    for attempt in [
        "DELETE FROM log_heads",
        "UPDATE log_heads SET chain = chain",
        "UPDATE log_heads SET merchant_id = NULL",
        "TRUNCATE log_heads CASCADE",
        "INSERT INTO log_boundaries SELECT chain, sequence, hash, 9999999999999, 0, hash, hash, hash || hash FROM device_log",
        "DROP TRIGGER tr_device_log_no_update ON device_log",
        "CREATE OR REPLACE FUNCTION device_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "CREATE TABLE mine (n int)",
    ] {
        refused(&database, attempt).await;
    }
    // It can set the head elsewhere, for it writes there; that is found.
    verify_with(database.reader(), &evidence.options(), &mut |_| {}).await?;
    database
        .writer()
        .execute_unprepared("UPDATE log_heads SET last_sequence = last_sequence - 1")
        .await?;
    broken(
        verify_with(database.reader(), &evidence.options(), &mut |_| {}).await,
        "a head set back",
    );
    database
        .writer()
        .execute_unprepared("UPDATE log_heads SET last_sequence = last_sequence + 1")
        .await?;
    // Dropping old months is the owner's.
    let until = world.later(60);
    evidence.drop_until(world, until).await?.ok_or("nothing was dropped")?;
    verify_with(database.reader(), &evidence.options(), &mut |_| {}).await?;
    database.close().await?;
    Ok(())
}

#[track_caller]
fn not_permitted(attempt: &str, said: &str) {
    assert!(
        ["permission denied", "must be owner"]
            .iter()
            .any(|words| said.contains(words)),
        "{attempt}: {said}"
    );
}

async fn refused(database: &Database, attempt: &str) {
    let said = database.writer().execute_unprepared(attempt).await;
    not_permitted(
        attempt,
        &said.map_or_else(|error| error.to_string(), |_| "it worked".to_owned()),
    );
}
