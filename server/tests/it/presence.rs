//! A terminal's day: its token, signing in and out.

use crate::client::{Answer, Client, code_on};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, World, XIAOMAN};
use app::domain::Timestamp;
use sea_orm::{ConnectionTrait, QueryTrait};
use serde_json::{Value, json};
use server::database::Engine;

on_both_engines!(
    a_token_opens_the_door_and_nothing_else_does,
    a_replaced_token_stops_working,
    a_stopped_terminal_is_told_its_state_and_nothing_else,
    a_business_day_is_the_merchants,
    a_terminal_reads_its_record,
    a_heartbeat_is_kept_and_told_once,
    who_falls_silent_is_offline,
    a_restart_loses_no_transition,
    the_sweep_reads_the_online_terminals_alone,
    many_that_come_at_once_all_arrive,
    a_report_is_refused_where_it_is_wrong,
);

const SN: &str = "OWN10001";
const SIGN_IN: &str = "/api/v1/terminals/me/sign-in";
const SIGN_OUT: &str = "/api/v1/terminals/me/sign-out";
const HEARTBEAT: &str = "/api/v1/terminals/me/heartbeat";

/// Registers the terminal with a fresh code and answers its token.
async fn token(world: &World<'_>) -> Result<String> {
    token_of(world, SN).await
}

async fn token_of(world: &World<'_>, sn: &str) -> Result<String> {
    let mut admin = world.signed_in("admin").await?;
    let id = world.terminals(sn).await?[0].id.to_string();
    let fields = [("terminal", id.as_str()), ("merchant_no", XIAOMAN), ("sn", sn)];
    let page = admin.submit("/actions/issue-code", &fields).await?;
    let code = code_on(&page.body).ok_or("no code")?;
    let body = json!({ "sn": sn, "activation_code": code });
    let answer = world.visitor().post_json("/api/v1/terminals/register", &body).await?;
    let token = answer.json()?["token"].as_str().map(str::to_owned);
    token.ok_or_else(|| format!("no token in {answer:?}").into())
}

/// A world with a registered terminal, and that terminal.
async fn world_with_terminal(db: &TestDb) -> Result<(World<'_>, Client)> {
    let world = World::new(db).await?;
    world.import(&format!("{SN},PAX,S90,,{XIAOMAN},\n")).await?;
    let token = token(&world).await?;
    let terminal = world.visitor().with_header("authorization", &format!("Bearer {token}"));
    Ok((world, terminal))
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status.as_u16(), status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    assert_eq!(problem["code"], code, "{answer:?}");
    assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    assert_eq!(problem["instance"].as_str(), answer.header("x-request-id"));
}

async fn a_token_opens_the_door_and_nothing_else_does(db: &TestDb) -> Outcome {
    let (world, mut terminal) = world_with_terminal(db).await?;
    let body = json!({ "operator_no": "01" });
    let good = terminal.headers[0].1.clone();
    let none = world.visitor().post_json(SIGN_IN, &body).await?;
    refused(&none, 401, "token_missing");
    assert_eq!(none.header("www-authenticate"), Some("Bearer realm=\"tillkeeper\""));
    // A person's session is nobody here.
    refused(
        &world.signed_in("admin").await?.post_json(SIGN_IN, &body).await?,
        401,
        "token_missing",
    );
    let other = "0".repeat(64);
    for (header, code) in [
        ("Basic eHg6eXk=".to_owned(), "token_missing"),
        ("Bearer".to_owned(), "token_missing"),
        ("Bearer x".to_owned(), "token_invalid"),
        (format!("Bearer {other}"), "token_invalid"),
        (format!("{good}0"), "token_invalid"),
        (good.to_uppercase().replace("BEARER", "Bearer"), "token_invalid"),
    ] {
        let answer = world
            .visitor()
            .with_header("authorization", &header)
            .post_json(SIGN_IN, &body)
            .await?;
        refused(&answer, 401, code);
        assert!(
            answer
                .header("www-authenticate")
                .is_some_and(|said| said.starts_with("Bearer"))
        );
    }
    let twice = terminal
        .clone()
        .with_header("authorization", &good)
        .post_json(SIGN_IN, &body)
        .await?;
    refused(&twice, 401, "token_missing");
    // Who asks comes before what is asked.
    refused(
        &world.visitor().send("POST", SIGN_IN, None, b"{".to_vec()).await?,
        401,
        "token_missing",
    );
    let lower = good.replace("Bearer", "bearer");
    let answer = world
        .visitor()
        .with_header("authorization", &lower)
        .post_json(SIGN_IN, &body)
        .await?;
    assert_eq!(answer.status.as_u16(), 200, "{answer:?}");
    for wrong in ["", "0 1", "12345678901234567", "收银"] {
        let answer = terminal.post_json(SIGN_IN, &json!({ "operator_no": wrong })).await?;
        refused(&answer, 422, "body_invalid");
        assert_eq!(answer.json()?["pointer"], "/operator_no");
    }
    Ok(())
}

async fn a_replaced_token_stops_working(db: &TestDb) -> Outcome {
    let (world, mut old) = world_with_terminal(db).await?;
    let body = json!({ "operator_no": "01" });
    assert_eq!(old.post_json(SIGN_IN, &body).await?.status.as_u16(), 200);
    let token = token(&world).await?;
    refused(&old.post_json(SIGN_IN, &body).await?, 401, "token_invalid");
    let mut new = world.visitor().with_header("authorization", &format!("Bearer {token}"));
    assert_eq!(new.post_json(SIGN_IN, &body).await?.status.as_u16(), 200);
    Ok(())
}

async fn a_stopped_terminal_is_told_its_state_and_nothing_else(db: &TestDb) -> Outcome {
    let (world, mut terminal) = world_with_terminal(db).await?;
    let body = json!({ "operator_no": "01" });
    // Every call that there is for a terminal with a token, whatever is sent with it.
    let document = terminal.get("/api/v1/openapi.json").await?.json()?;
    let mut calls = Vec::new();
    for (path, operations) in document["paths"].as_object().ok_or("no paths")? {
        let path = format!("/api/v1{}", path.replace("{package}", "com.example.pay"));
        let methods = operations.as_object().ok_or("no operations")?.keys();
        calls.extend(methods.map(|method| (method.to_uppercase(), path.clone())));
    }
    calls.retain(|(_, path)| path.contains("/terminals/me"));
    assert!(calls.len() >= 4, "{calls:?}");
    for (state, code) in [("suspended", "terminal_suspended"), ("retired", "terminal_retired")] {
        world
            .sql(&format!(
                "UPDATE terminals SET lifecycle = '{state}', lifecycle_reason = 'lost'"
            ))
            .await?;
        let before = (world.terminals(SN).await?, world.log().await?);
        for (method, path) in &calls {
            for sent in [body.to_string(), "{}".to_owned(), "{".to_owned()] {
                let json = Some("application/json");
                let answer = terminal.send(method, path, json, sent.into_bytes()).await?;
                refused(&answer, 403, code);
            }
        }
        assert_eq!((world.terminals(SN).await?, world.log().await?), before);
    }
    world
        .sql("UPDATE terminals SET lifecycle = 'awaiting', lifecycle_reason = NULL")
        .await?;
    refused(&terminal.post_json(SIGN_IN, &body).await?, 401, "token_invalid");
    world.sql("UPDATE terminals SET lifecycle = 'registered'").await?;
    world.sql("UPDATE merchants SET state = 'suspended'").await?;
    refused(&terminal.post_json(SIGN_IN, &body).await?, 422, "merchant_suspended");
    Ok(())
}

async fn a_business_day_is_the_merchants(db: &TestDb) -> Outcome {
    let (world, mut terminal) = world_with_terminal(db).await?;
    let sign_in = |operator: &str| json!({ "operator_no": operator });
    refused(
        &terminal.post_json(SIGN_OUT, &json!({})).await?,
        422,
        "not_in_this_state",
    );
    let logged = async |kind: &str| -> Result<usize> {
        Ok(world.log().await?.iter().filter(|(logged, ..)| logged == kind).count())
    };
    // Noon in Shanghai.
    let first = terminal.post_json(SIGN_IN, &sign_in("01")).await?.json()?;
    assert_eq!(first["business_day"], "2026-03-01");
    assert_eq!(first["operator_no"], "01");
    assert!(
        first["signed_in_at"]
            .as_str()
            .is_some_and(|at| at.starts_with("2026-03-01T04:00:0"))
    );
    assert_eq!(first["signed_out_at"], Value::Null);
    // Again: the same, and the log says it once.
    assert_eq!(terminal.post_json(SIGN_IN, &sign_in("01")).await?.json()?, first);
    assert_eq!(logged("terminal.signed_in").await?, 1);
    // Another operator.
    assert_eq!(
        terminal.post_json(SIGN_IN, &sign_in("02")).await?.json()?["operator_no"],
        "02"
    );
    assert_eq!(logged("terminal.signed_in").await?, 2);
    let closed = terminal.send("POST", SIGN_OUT, None, Vec::new()).await?.json()?;
    assert!(closed["signed_out_at"].is_string(), "{closed}");
    assert_eq!(terminal.post_json(SIGN_OUT, &json!({})).await?.json()?, closed);
    assert_eq!(logged("terminal.signed_out").await?, 1);
    // Half past eleven at night is the same day, an hour later is the next.
    world.clock.advance_ms(11 * 3_600_000 + 1_800_000);
    let night = terminal.post_json(SIGN_IN, &sign_in("02")).await?.json()?;
    assert_eq!(night["business_day"], "2026-03-01");
    world.clock.advance_ms(3_600_000);
    let next = terminal.post_json(SIGN_IN, &sign_in("02")).await?.json()?;
    assert_eq!(next["business_day"], "2026-03-02");
    assert_eq!(logged("terminal.signed_in").await?, 4);
    // The owner reads it.
    let page = world
        .signed_in("xiaoman")
        .await?
        .get("/logs?kind=terminal.signed_in")
        .await?;
    page.says(&["终端签到", SN]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_terminal_reads_its_record(db: &TestDb) -> Outcome {
    let (world, mut terminal) = world_with_terminal(db).await?;
    const ME: &str = "/api/v1/terminals/me";
    let before = terminal.get(ME).await?.json()?;
    assert_eq!(before["sn"], SN);
    assert_eq!(before["merchant"]["merchant_no"], XIAOMAN);
    assert_eq!(
        (&before["lifecycle"], &before["last_seen_at"]),
        (&json!("registered"), &Value::Null)
    );
    assert_eq!(before["business_day"], Value::Null);
    terminal.post_json(HEARTBEAT, &json!({ "firmware": "9.1" })).await?;
    let day = terminal
        .post_json(SIGN_IN, &json!({ "operator_no": "01" }))
        .await?
        .json()?;
    let after = terminal.get(ME).await?.json()?;
    assert_eq!((&after["firmware"], &after["business_day"]), (&json!("9.1"), &day));
    assert!(after["last_seen_at"].is_string());
    // No app is authorized in this world.
    let verdict = &after["verdict"];
    assert_eq!(
        (&verdict["answer"], &verdict["because"]),
        (&json!("no"), &json!("app_not_authorized"))
    );
    let checks = verdict["checks"].as_array().ok_or("no checks")?;
    let of = |name: &str| {
        checks
            .iter()
            .find(|check| check["check"] == name)
            .cloned()
            .unwrap_or_default()
    };
    assert_eq!(of("signed_in")["finding"], "pass");
    assert_eq!(of("heard")["finding"], "pass");
    assert_eq!(
        (&of("paper")["finding"], &of("paper")["reason"]),
        (&json!("unknown"), &Value::Null)
    );
    refused(&world.visitor().get(ME).await?, 401, "token_missing");
    Ok(())
}

/// How often the log says this.
async fn logged(world: &World<'_>, kind: &str) -> Result<usize> {
    Ok(world.log().await?.iter().filter(|(logged, ..)| logged == kind).count())
}

async fn a_heartbeat_is_kept_and_told_once(db: &TestDb) -> Outcome {
    let (world, mut terminal) = world_with_terminal(db).await?;
    assert!(!world.terminals(SN).await?[0].online);
    let first = terminal
        .post_json(HEARTBEAT, &json!({ "battery": 57, "paper": "low" }))
        .await?;
    assert_eq!(first.status.as_u16(), 200, "{first:?}");
    let first = first.json()?;
    assert_eq!(
        (&first["lifecycle"], &first["next_heartbeat_seconds"]),
        (&json!("registered"), &json!(60))
    );
    assert!(
        first["server_time"]
            .as_str()
            .is_some_and(|at| at.starts_with("2026-03-01T04:00:0"))
    );
    // The first one is written at once.
    let kept = &world.terminals(SN).await?[0];
    assert!(kept.online);
    assert_eq!(kept.last_report.as_deref(), Some(r#"{"battery":57,"paper":"low"}"#));
    let seen = kept.last_seen_at.ok_or("not seen")?;
    assert_eq!(
        (kept.reported_at, kept.online_until),
        (Some(seen), Some(seen + 180_000))
    );
    // The next ones gather, and the last of them stays.
    world.clock.advance_ms(60_000);
    terminal
        .post_json(HEARTBEAT, &json!({ "paper": "out", "firmware": "9.1" }))
        .await?;
    let full = json!({
        "battery": 100, "network": "weak", "printer": "fault", "paper": "ok", "card_reader": "absent",
        "apps": [{ "package": "com.example.pay", "version": "2.1" }],
    });
    assert_eq!(terminal.post_json(HEARTBEAT, &full).await?.status.as_u16(), 200);
    assert_eq!(world.terminals(SN).await?[0].last_seen_at, Some(seen));
    assert_eq!(world.services.presence.flush().await?, 1);
    assert_eq!(world.services.presence.flush().await?, 0);
    let kept = &world.terminals(SN).await?[0];
    assert!(kept.last_seen_at > Some(seen + 60_000));
    let report: Value = serde_json::from_str(kept.last_report.as_deref().unwrap_or_default())?;
    assert_eq!(report, full);
    // A report replaces the one before; the firmware stays until another is told.
    assert_eq!(kept.firmware, None);
    terminal.post_json(HEARTBEAT, &json!({ "firmware": "9.1" })).await?;
    world.services.presence.flush().await?;
    terminal.post_json(HEARTBEAT, &json!({})).await?;
    world.services.presence.flush().await?;
    let kept = &world.terminals(SN).await?[0];
    assert_eq!(
        (kept.firmware.as_deref(), kept.last_report.as_deref()),
        (Some("9.1"), Some("{}"))
    );
    assert_eq!(logged(&world, "terminal.online").await?, 1);
    Ok(())
}

async fn who_falls_silent_is_offline(db: &TestDb) -> Outcome {
    let (world, mut terminal) = world_with_terminal(db).await?;
    let presence = &world.services.presence;
    terminal.post_json(HEARTBEAT, &json!({})).await?;
    world.clock.advance_ms(170_000);
    assert_eq!(presence.sweep().await?, 0);
    // A sign of life that has not been written yet counts.
    terminal.post_json(HEARTBEAT, &json!({})).await?;
    world.clock.advance_ms(170_000);
    assert_eq!(presence.sweep().await?, 0);
    world.clock.advance_ms(11_000);
    assert_eq!(presence.sweep().await?, 1);
    assert_eq!(presence.sweep().await?, 0);
    let kept = &world.terminals(SN).await?[0];
    assert!(!kept.online);
    assert_eq!(logged(&world, "terminal.offline").await?, 1);
    // It comes back.
    terminal.post_json(HEARTBEAT, &json!({})).await?;
    assert!(world.terminals(SN).await?[0].online);
    assert_eq!(logged(&world, "terminal.online").await?, 2);
    // Its own interval counts.
    world.sql("UPDATE terminals SET heartbeat_interval_ms = 5000").await?;
    let answer = terminal.post_json(HEARTBEAT, &json!({})).await?.json()?;
    assert_eq!(answer["next_heartbeat_seconds"], 5);
    world.clock.advance_ms(16_000);
    assert_eq!(presence.sweep().await?, 1);
    // What was heard before somebody suspended it changes nothing afterwards.
    terminal.post_json(HEARTBEAT, &json!({ "paper": "out" })).await?;
    terminal.post_json(HEARTBEAT, &json!({ "paper": "ok" })).await?;
    world
        .sql("UPDATE terminals SET lifecycle = 'suspended', lifecycle_reason = 'lost'")
        .await?;
    presence.flush().await?;
    let kept = &world.terminals(SN).await?[0];
    assert_eq!(kept.last_report.as_deref(), Some(r#"{"paper":"out"}"#));
    refused(
        &terminal.post_json(HEARTBEAT, &json!({})).await?,
        403,
        "terminal_suspended",
    );
    let page = world
        .signed_in("xiaoman")
        .await?
        .get("/logs?kind=terminal.offline")
        .await?;
    page.says(&["终端离线", SN]);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_restart_loses_no_transition(db: &TestDb) -> Outcome {
    let (world, mut terminal) = world_with_terminal(db).await?;
    let token = terminal.headers.clone();
    terminal.post_json(HEARTBEAT, &json!({})).await?;
    world.clock.advance_ms(100_000);
    // This one waits in memory to be written, and the server dies with it.
    terminal.post_json(HEARTBEAT, &json!({ "paper": "low" })).await?;
    let (mut terminal, services) = world.started_again().await?;
    terminal.headers = token.clone();
    assert!(
        world.terminals(SN).await?[0].online,
        "the transition itself was on disk"
    );
    assert_eq!(logged(&world, "terminal.online").await?, 1);
    // It fell silent while no server ran: the next one notices, once.
    world.clock.advance_ms(100_000);
    assert_eq!(services.presence.sweep().await?, 1);
    assert_eq!(logged(&world, "terminal.offline").await?, 1);
    // It comes back; the server dies before anything else is written, and another one still knows.
    terminal.post_json(HEARTBEAT, &json!({})).await?;
    let (mut terminal, services) = world.started_again().await?;
    terminal.headers = token.clone();
    assert_eq!(logged(&world, "terminal.online").await?, 2);
    assert_eq!(services.presence.sweep().await?, 0);
    terminal.post_json(HEARTBEAT, &json!({ "paper": "out" })).await?;
    assert_eq!(
        logged(&world, "terminal.online").await?,
        2,
        "it was online all the time"
    );
    // A server that is asked to stop writes what has gathered.
    let presence = services.presence.clone();
    server::services::presence::watch(presence, async {}).await;
    let kept = &world.terminals(SN).await?[0];
    assert_eq!(kept.last_report.as_deref(), Some(r#"{"paper":"out"}"#));
    // Two servers that look at the same time tell it once.
    world.clock.advance_ms(200_000);
    let (_, other) = world.started_again().await?;
    let (one, two) = tokio::join!(services.presence.sweep(), other.presence.sweep());
    assert_eq!(one? + two?, 1);
    assert_eq!(logged(&world, "terminal.offline").await?, 2);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn the_sweep_reads_the_online_terminals_alone(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let rows: String = (0..3000)
        .map(|n| format!("FLEET{n:04},PAX,S90,,{XIAOMAN},\n"))
        .collect();
    world.import(&rows).await?;
    world
        .sql("UPDATE terminals SET online = TRUE, online_until = 1 WHERE sn = 'FLEET0001'")
        .await?;
    world.sql("ANALYZE").await?;
    let backend = db.reader().get_database_backend();
    let mut asked = server::services::presence::silent_at(Timestamp(2)).build(backend);
    asked.sql = match db.engine() {
        Engine::Sqlite => format!("EXPLAIN QUERY PLAN {}", asked.sql),
        Engine::Postgres => format!("EXPLAIN {}", asked.sql),
    };
    let (column, place) = match db.engine() {
        Engine::Sqlite => ("detail", "SEARCH terminals USING INDEX ix_terminals_online_until"),
        Engine::Postgres => ("QUERY PLAN", "Index Scan using ix_terminals_online_until"),
    };
    let mut plan = Vec::new();
    for row in db.writer().query_all_raw(asked).await? {
        plan.push(row.try_get::<String>("", column)?);
    }
    let plan = plan.join("\n");
    assert!(plan.contains(place), "{plan}");
    assert!(!plan.contains("SCAN") && !plan.contains("Seq Scan"), "{plan}");
    assert_eq!(world.services.presence.sweep().await?, 1);
    Ok(())
}

async fn many_that_come_at_once_all_arrive(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let rows: String = (0..12).map(|n| format!("FLEET{n:04},PAX,S90,,{XIAOMAN},\n")).collect();
    world.import(&rows).await?;
    let mut terminals = Vec::new();
    for n in 0..12 {
        let token = token_of(&world, &format!("FLEET{n:04}")).await?;
        terminals.push(world.visitor().with_header("authorization", &format!("Bearer {token}")));
    }
    let coming: Vec<_> = terminals
        .into_iter()
        .flat_map(|terminal| [terminal.clone(), terminal])
        .map(|mut terminal| {
            tokio::spawn(async move { terminal.post_json(HEARTBEAT, &json!({ "network": "ok" })).await })
        })
        .collect();
    for one in coming {
        assert_eq!(one.await??.status.as_u16(), 200);
    }
    assert_eq!(logged(&world, "terminal.online").await?, 12);
    world.clock.advance_ms(200_000);
    assert_eq!(world.services.presence.sweep().await?, 12);
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_report_is_refused_where_it_is_wrong(db: &TestDb) -> Outcome {
    let (_world, mut terminal) = world_with_terminal(db).await?;
    let app = json!({ "package": "com.example.pay", "version": "1" });
    for (body, pointer) in [
        (json!({ "battery": 101 }), "/battery"),
        (json!({ "battery": -1 }), "/battery"),
        (json!({ "battery": "full" }), "/battery"),
        (json!({ "battery": 57.5 }), "/battery"),
        (json!({ "battery": 1e300 }), "/battery"),
        (json!({ "network": "great" }), "/network"),
        (json!({ "printer": "absent", "paper": "absent" }), "/paper"),
        (json!({ "card_reader": 1 }), "/card_reader"),
        (json!({ "firmware": "x".repeat(65) }), "/firmware"),
        (json!({ "drawer": "open" }), "/drawer"),
        (json!({ "apps": [app, { "package": "x" }] }), "/apps/1"),
        (
            json!({ "apps": [app, { "package": "a\u{0}b", "version": "1" }] }),
            "/apps/1/package",
        ),
        (json!({ "apps": vec![app.clone(); 65] }), "/apps"),
        (json!([]), ""),
    ] {
        let answer = terminal.post_json(HEARTBEAT, &body).await?;
        refused(&answer, 422, "body_invalid");
        assert_eq!(answer.json()?["pointer"], pointer, "{body}: {answer:?}");
    }
    let whole = terminal.post_json(HEARTBEAT, &json!({ "battery": 57.0 })).await?;
    assert_eq!(whole.status.as_u16(), 200, "{whole:?}");
    let named = terminal.post_json(HEARTBEAT, &json!({ "network": "great" })).await?;
    named.says(&["great", "weak"]);
    Ok(())
}
