//! What terminals report of their apps.

use super::{APPS, PAY, SN, add_app, app_log, authorize, connect, kinds, put, world_with_app};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::{Result, XIAOMAN};
use axum::http::StatusCode;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use server::entities::app_installs;

on_both_engines!(
    a_report_changes_what_is_known_and_is_told_once,
    an_app_that_may_not_run_is_told_and_refused,
    heartbeats_tell_of_apps_and_the_log_of_changes,
    a_report_is_refused_where_it_is_wrong,
);

async fn a_report_changes_what_is_known_and_is_told_once(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let told = [
        (json!({ "state": "installing", "version": "3.1.0" }), None),
        (
            json!({ "state": "failed", "version": "3.1.0", "error_code": "no_space" }),
            Some("app.failed"),
        ),
        (
            json!({ "state": "failed", "version": "3.1.0", "error_code": "no_space" }),
            None,
        ),
        (
            json!({ "state": "failed", "version": "3.1.0", "error_code": "E-7" }),
            Some("app.failed"),
        ),
        (
            json!({ "state": "installed", "version": "3.1.0", "error_code": "left over" }),
            Some("app.installed"),
        ),
        (json!({ "state": "installed", "version": "3.1.0" }), None),
        (
            json!({ "state": "installed", "version": "3.2.0" }),
            Some("app.installed"),
        ),
        (json!({ "state": "removed" }), Some("app.removed")),
        (json!({ "state": "removed", "version": null }), None),
    ];
    let mut expected = vec!["app.granted".to_owned()];
    for (report, kind) in told {
        let answer = put(&mut terminal, PAY, report.clone()).await?;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.json()?["state"], report["state"]);
        expected.extend(kind.map(str::to_owned));
        assert_eq!(kinds(&world).await?, expected, "{report}");
    }
    let log = app_log(&world).await?;
    let updated = &log[4].2;
    assert_eq!(
        (&updated["version"], &updated["version_before"]),
        (&json!("3.2.0"), &json!("3.1.0"))
    );
    let install = app_installs::Entity::find()
        .one(db.reader())
        .await?
        .ok_or("no install")?;
    // What was removed is known by its last version.
    assert_eq!(
        (install.state.as_str(), install.version.as_deref()),
        ("removed", Some("3.2.0"))
    );
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn an_app_that_may_not_run_is_told_and_refused(db: &TestDb) -> Outcome {
    let (world, _admin) = world_with_app(db).await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let report = json!({ "state": "installed", "version": "3.1.0" });
    for package in [PAY, "com.example.nowhere"] {
        // Said twice, logged once.
        for _ in 0..2 {
            let answer = put(&mut terminal, package, report.clone()).await?;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
            assert_eq!(answer.json()?["code"], "not_authorized");
        }
    }
    let log = app_log(&world).await?;
    assert_eq!(log.len(), 2);
    for ((kind, outcome, detail), package) in log.iter().zip([PAY, "com.example.nowhere"]) {
        assert_eq!((kind.as_str(), outcome.as_str()), ("app.failed", "failure"));
        assert_eq!(
            (&detail["package"], &detail["reason"]),
            (&json!(package), &json!("not_authorized"))
        );
    }
    assert_eq!(app_installs::Entity::find().one(db.reader()).await?, None);
    // Another version is news; that it was removed may be said of any app, and makes the next report news again.
    put(&mut terminal, PAY, json!({ "state": "installed", "version": "3.2.0" })).await?;
    assert_eq!(app_log(&world).await?.len(), 3);
    let removed = put(&mut terminal, PAY, json!({ "state": "removed" })).await?;
    assert_eq!(removed.status, StatusCode::OK);
    assert_eq!(app_log(&world).await?.len(), 3);
    put(&mut terminal, PAY, json!({ "state": "installed", "version": "3.2.0" })).await?;
    assert_eq!(app_log(&world).await?.len(), 4);
    // However many apps a terminal makes up, the log is told of some and no more.
    for n in 0..80 {
        put(&mut terminal, &format!("com.example.n{n}"), report.clone()).await?;
    }
    assert_eq!(app_log(&world).await?.len(), 4 + 62);
    Ok(())
}

async fn heartbeats_tell_of_apps_and_the_log_of_changes(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    add_app(&mut admin, "com.example.other", "别的应用").await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let mut beat = async |apps: Option<Value>| -> Result<Vec<String>> {
        let body = apps.map_or(json!({}), |apps| json!({ "apps": apps }));
        let answer = terminal.post_json("/api/v1/terminals/me/heartbeat", &body).await?;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        world.services.presence.flush().await?;
        Ok(kinds(&world).await?.split_off(1))
    };
    let app = |package: &str, version: &str| json!({ "package": package, "version": version });
    // The first one arrives at once, with an app that nobody knows.
    let list = json!([app(PAY, "3.1.0"), app("com.vendor.launcher", "1")]);
    assert_eq!(beat(Some(list.clone())).await?, ["app.installed"]);
    assert_eq!(beat(Some(list)).await?, ["app.installed"]);
    assert_eq!(beat(None).await?, ["app.installed"]);
    assert_eq!(beat(Some(json!([app(PAY, "3.2.0")]))).await?, ["app.installed"; 2]);
    // One of the catalogue that may not run: told once.
    let both = json!([app(PAY, "3.2.0"), app("com.example.other", "1")]);
    let told = ["app.installed", "app.installed", "app.failed"];
    assert_eq!(beat(Some(both.clone())).await?, told);
    assert_eq!(beat(Some(both)).await?, told);
    let told = ["app.installed", "app.installed", "app.failed", "app.removed"];
    assert_eq!(beat(Some(json!([]))).await?, told);
    assert_eq!(beat(Some(json!([]))).await?, told);
    let installs = app_installs::Entity::find().all(db.reader()).await?;
    assert_eq!(installs.len(), 1);
    assert_eq!(installs[0].state, "removed");
    server::services::chain_verify::verify(db.reader(), &mut |_| {}).await?;
    Ok(())
}

async fn a_report_is_refused_where_it_is_wrong(db: &TestDb) -> Outcome {
    let (world, mut admin) = world_with_app(db).await?;
    authorize(&mut admin, PAY, &[("kind", "merchants"), ("list", XIAOMAN)]).await?;
    let mut terminal = connect(&world, SN, XIAOMAN).await?;
    let long = "1".repeat(65);
    for (package, body, status, code) in [
        (PAY, json!({}), 422, "body_invalid"),
        (PAY, json!({ "state": "unknown" }), 422, "body_invalid"),
        (
            PAY,
            json!({ "state": "installed", "versions": "1" }),
            422,
            "body_invalid",
        ),
        (PAY, json!({ "state": "installed", "version": 1 }), 422, "body_invalid"),
        (
            PAY,
            json!({ "state": "installed", "version": long }),
            422,
            "body_invalid",
        ),
        (
            PAY,
            json!({ "state": "failed", "error_code": "a\u{0}b" }),
            422,
            "body_invalid",
        ),
        ("pay", json!({ "state": "installed" }), 404, "not_found"),
        ("com.%E6%94%AF", json!({ "state": "installed" }), 404, "not_found"),
        ("com.a%2Fb", json!({ "state": "installed" }), 404, "not_found"),
    ] {
        let answer = put(&mut terminal, package, body).await?;
        assert_eq!(answer.status.as_u16(), status, "{answer:?}");
        assert_eq!(answer.json()?["code"], code);
    }
    let path = format!("{APPS}/{PAY}");
    let answer = terminal.send("PUT", &path, None, b"{}".to_vec()).await?;
    assert_eq!(answer.status.as_u16(), 415);
    let answer = world
        .visitor()
        .send("PUT", &path, Some("application/json"), b"{".to_vec())
        .await?;
    assert_eq!(answer.status.as_u16(), 401);
    world
        .sql("UPDATE terminals SET lifecycle = 'suspended', lifecycle_reason = 'lost' WHERE sn = 'OWN10001'")
        .await?;
    let answer = put(&mut terminal, PAY, json!({ "state": "installed" })).await?;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()?["code"]),
        (403, &json!("terminal_suspended"))
    );
    assert_eq!(terminal.get(APPS).await?.status.as_u16(), 403);
    assert_eq!(kinds(&world).await?, ["app.granted"]);
    Ok(())
}
