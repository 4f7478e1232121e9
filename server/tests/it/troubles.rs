//! What has no page of its own gets one: what a layer refuses, what breaks, what takes too long. A program is answered as a
//! program.

use crate::client::{Answer, Client, between, marked};
use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::World;
use app::domain::Role;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use sea_orm::EntityTrait;
use server::entities::device_log;
use server::router::surrounded;
use std::time::Duration;
use tower_http::timeout::TimeoutLayer;

on_both_engines!(
    a_refusal_has_a_page_in_both_languages,
    what_breaks_has_a_page,
    without_a_database_there_is_a_page,
    a_refused_registration_can_be_told_to_support,
);

/// Asserts that the page has what everybody in trouble needs.
#[track_caller]
fn helps(answer: &Answer, status: StatusCode, title: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(
        between(&answer.body, "<h1", "</h1>").and_then(|h1| h1.split('>').nth(1)),
        Some(title)
    );
    let id = answer.header("x-request-id").unwrap_or_default();
    let support = marked(&answer.body, "support").unwrap_or_default();
    assert!(
        !id.is_empty() && support.contains(id) && support.contains("2026-03-01"),
        "{answer:?}"
    );
    assert!(
        answer
            .header("content-security-policy")
            .is_some_and(|policy| policy.contains("'nonce-"))
    );
    answer.says(&["href=\"/\"", "<main", "</html>"]);
}

async fn a_refusal_has_a_page_in_both_languages(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    world.add_user("support", Role::PlatformSupport, None).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let mut support = world.signed_in("support").await?;
    for (language, foreign, large, missing, forbidden) in [
        (
            "zh",
            "这次提交没有被接受",
            "提交的内容太大",
            "找不到这个页面",
            "没有权限",
        ),
        (
            "en",
            "This was not accepted",
            "That is too much",
            "There is no such page",
            "Not allowed",
        ),
    ] {
        owner.post("/language", &[("language", language)]).await?;
        let mut elsewhere = owner.clone().with_header("sec-fetch-site", "cross-site");
        helps(
            &elsewhere.post("/actions/register", &[("sn", "A1")]).await?,
            StatusCode::FORBIDDEN,
            foreign,
        );
        let body = vec![b'x'; 300 * 1024];
        let mut announced = owner.clone().with_header("content-length", &body.len().to_string());
        let form = Some("application/x-www-form-urlencoded");
        let answer = announced.send("POST", "/actions/register", form, body).await?;
        helps(&answer, StatusCode::PAYLOAD_TOO_LARGE, large);
        helps(&owner.get("/nothing").await?, StatusCode::NOT_FOUND, missing);
        support.post("/language", &[("language", language)]).await?;
        helps(
            &support.get("/terminals/import").await?,
            StatusCode::FORBIDDEN,
            forbidden,
        );
    }
    Ok(())
}

async fn what_breaks_has_a_page(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "late"
    };
    let patience = Duration::from_millis(20);
    let routes = Router::new()
        .route("/slow", get(slow))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            patience,
        ))
        .route("/broken", get(broken))
        .route("/api/broken", get(broken));
    let mut visitor = Client::new(surrounded(routes, Router::new(), world.state.clone()));
    let answer = visitor.get("/broken").await?;
    helps(&answer, StatusCode::INTERNAL_SERVER_ERROR, "系统出错了");
    answer.is_silent_on(&["on purpose"]);
    let answer = visitor.get("/slow").await?;
    helps(&answer, StatusCode::SERVICE_UNAVAILABLE, "系统暂时无法使用");
    assert_eq!(answer.header("retry-after"), Some("30"));
    let answer = visitor.get("/api/broken").await?;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    answer.is_silent_on(&["<html", "on purpose"]);
    Ok(())
}

/// A handler that panics.
async fn broken() -> &'static str {
    panic!("on purpose")
}

async fn without_a_database_there_is_a_page(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    assert_eq!(owner.get("/devices").await?.status, StatusCode::OK);
    world.state.database.clone().close().await?;
    let answer = owner.get("/devices").await?;
    helps(&answer, StatusCode::SERVICE_UNAVAILABLE, "系统暂时无法使用");
    answer.says(&["重试<", "href=\"/devices\"", "class=\"btn\""]);
    // A form is not sent twice, and its address is no page.
    let answer = owner.post("/actions/register", &[("sn", "OWN10001")]).await?;
    helps(&answer, StatusCode::SERVICE_UNAVAILABLE, "系统暂时无法使用");
    answer.is_silent_on(&["重试<", "href=\"/actions/register\""]);
    // Whoever is not signed in is told on the way.
    let mut visitor = world.visitor();
    assert_eq!(visitor.get("/sign-in").await?.status, StatusCode::OK);
    let answer = visitor
        .get("/welcome/0707070707070707070707070707070707070707070707070707070707070707")
        .await?;
    helps(&answer, StatusCode::SERVICE_UNAVAILABLE, "系统暂时无法使用");
    answer.is_silent_on(&["页面 /welcome"]);
    let problem = visitor
        .post_json(
            "/api/v1/terminals/register",
            &serde_json::json!({ "sn": "OWN10001", "activation_code": "0000-0000-000000" }),
        )
        .await?;
    assert_eq!(problem.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(problem.json()?["code"], "unavailable");
    Ok(())
}

async fn a_refused_registration_can_be_told_to_support(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut owner = world.signed_in("xiaoman").await?;
    let refused = owner.post("/actions/register", &[("sn", "NEVER001")]).await?;
    let id = refused.header("x-request-id").unwrap_or_default().to_owned();
    let page = owner.follow(refused).await?;
    let support = marked(&page.body, "support").unwrap_or_default();
    for told in [id.as_str(), "sn_or_code_wrong", "序列号 NEVER001", "2026-03-01 12:00:0"] {
        assert!(
            !told.is_empty() && support.contains(told),
            "{told} is missing in {support}"
        );
    }
    // The log has the attempt under the same id; what was mistyped needs no support.
    let entries = device_log::Entity::find().all(db.reader()).await?;
    assert_eq!(
        entries
            .iter()
            .map(|entry| entry.correlation_id.as_str())
            .collect::<Vec<_>>(),
        [id]
    );
    let page = owner.submit("/actions/register", &[("sn", "A#1")]).await?;
    assert_eq!(marked(&page.body, "support"), None);
    Ok(())
}
