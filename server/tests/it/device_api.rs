//! What a terminal meets that does not keep to the contract.

use crate::on_both_engines;
use crate::support::{Outcome, TestDb};
use crate::world::World;
use axum::http::StatusCode;
use serde_json::json;

on_both_engines!(
    every_wrong_request_is_a_problem,
    the_document_says_what_there_is,
    the_document_is_a_page_too,
);

const PATH: &str = "/api/v1/terminals/register";

async fn every_wrong_request_is_a_problem(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let mut terminal = world.visitor();
    let json = Some("application/json");
    let good = json!({ "sn": "12345678", "activation_code": "x" });
    let with = |field: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[field] = value;
        body.to_string().into_bytes()
    };
    let long = "9".repeat(129);
    for (method, path, content_type, body, status, code) in [
        ("POST", PATH, json, b"{".to_vec(), 400, "json_malformed"),
        ("POST", PATH, json, b"".to_vec(), 400, "json_malformed"),
        ("POST", PATH, json, b"[]".to_vec(), 422, "body_invalid"),
        (
            "POST",
            PATH,
            json,
            b"{\"sn\":\"12345678\"}".to_vec(),
            422,
            "body_invalid",
        ),
        ("POST", PATH, json, with("sn", json!(12345678)), 422, "body_invalid"),
        ("POST", PATH, json, with("serial", json!("x")), 422, "body_invalid"),
        ("POST", PATH, json, with("sn", json!(long)), 422, "body_invalid"),
        ("POST", PATH, json, with("firmware", json!(long)), 422, "body_invalid"),
        ("POST", PATH, json, with("model", json!("a\u{0}b")), 422, "body_invalid"),
        ("POST", PATH, json, with("sn", json!("序列号")), 422, "sn_malformed"),
        ("POST", PATH, json, with("sn", json!("a\u{0}bcd")), 422, "sn_malformed"),
        (
            "POST",
            PATH,
            json,
            good.to_string().into_bytes(),
            422,
            "sn_or_code_wrong",
        ),
        (
            "POST",
            PATH,
            Some("text/plain"),
            good.to_string().into_bytes(),
            415,
            "content_type",
        ),
        ("POST", PATH, None, good.to_string().into_bytes(), 415, "content_type"),
        ("POST", PATH, json, vec![b' '; 300 * 1024], 413, "body_too_large"),
        ("GET", PATH, None, Vec::new(), 405, "method_not_allowed"),
        ("GET", "/api/v1/nothing", None, Vec::new(), 404, "not_found"),
        ("GET", "/api/v1", None, Vec::new(), 404, "not_found"),
        ("GET", "/api/v2/terminals/register", None, Vec::new(), 404, "not_found"),
        ("GET", "/api", None, Vec::new(), 404, "not_found"),
        ("DELETE", "/api/docs", None, Vec::new(), 405, "method_not_allowed"),
    ] {
        let answer = terminal.send(method, path, content_type, body).await?;
        assert_eq!(answer.status.as_u16(), status, "{code}: {answer:?}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{code}"
        );
        let problem = answer.json()?;
        assert_eq!(problem["code"], code, "{answer:?}");
        assert_eq!(problem["status"], status);
    }
    let unknown = terminal.send("POST", PATH, json, with("serial", json!("x"))).await?;
    unknown.says(&["serial"]);
    assert_eq!(unknown.json()?["instance"].as_str(), unknown.header("x-request-id"));
    let method = terminal.get(PATH).await?;
    assert_eq!(method.header("allow"), Some("POST"));
    Ok(())
}

async fn the_document_says_what_there_is(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let answer = world.visitor().get("/api/v1/openapi.json").await?;
    assert_eq!(answer.status, StatusCode::OK);
    let document = answer.json()?;
    assert_eq!(document["openapi"], "3.1.0");
    let operation = &document["paths"]["/terminals/register"]["post"];
    for status in ["201", "400", "413", "415", "422"] {
        assert!(
            operation["responses"][status].is_object(),
            "{status} is not in {operation}"
        );
    }
    // Whoever changes what terminals rely on sees it here.
    insta::assert_snapshot!("openapi", serde_json::to_string_pretty(&document)?);
    Ok(())
}

async fn the_document_is_a_page_too(db: &TestDb) -> Outcome {
    let world = World::new(db).await?;
    let page = world.visitor().get("/api/docs").await?;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
    assert!(
        page.header("content-security-policy")
            .is_some_and(|policy| policy.starts_with("default-src 'none'"))
    );
    page.says(&[
        "/terminals/register",
        "/terminals/me/heartbeat",
        "/api/v1/openapi.json",
        "activation_code",
    ])
    .is_silent_on(&["<script", "style="]);
    Ok(())
}
